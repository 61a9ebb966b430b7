import type { Fault } from './fault.ts';

const outageMs = 5_000;

export const controlPlaneRestart: Fault = {
  summary: 'SIGKILL of the control plane, which comes back after 5 s; then a route changes',
  controlPlaneEnv: {},
  async run({ cluster, note, pause }) {
    const other = await cluster.startPod();
    await cluster.addOtherEndpoint(other);
    note('SIGKILL to the control plane');
    cluster.controlPlane.kill('SIGKILL');
    await pause(outageMs);
    await cluster.startControlPlane();
    note('it is back');
    await cluster.routeElsewhere();
    note(`all requests are routed to ${other.pod.name}`);
    await cluster.untilRoutedTo(other);
    note('the route holds');
    return [other.pod.name];
  },
};
