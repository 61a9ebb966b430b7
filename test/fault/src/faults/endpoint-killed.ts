import type { Fault, FaultRun } from './fault.ts';

/** As long as an endpoint controller takes to see that a pod is gone. */
const removalMs = 1_000;

/** An application is killed, and later a whole pod; the endpoint is removed a second after. */
export const endpointKilled: Fault = {
  summary: 'SIGKILL of an application, then of a whole pod; its endpoint goes a second later',
  controlPlaneEnv: {},
  async run(run) {
    const came: string[] = [];
    do {
      await killApplication(run);
      came.push(await killPod(run));
    } while (run.hasTime());
    return came;
  },
};

async function killApplication({ cluster, pods, note, pause }: FaultRun): Promise<void> {
  const victim = pods.shift()!;
  note(`SIGKILL to the application of ${victim.pod.name}`);
  victim.application.kill('SIGKILL');
  await pause(removalMs);
  await cluster.removeEndpoint(victim);
  await cluster.restartApplication(victim);
  note(`${victim.pod.name} is back`);
  await cluster.addEndpoint(victim);
  pods.push(victim);
}

async function killPod({ cluster, pods, note, pause }: FaultRun): Promise<string> {
  const victim = pods.shift()!;
  note(`SIGKILL to all of ${victim.pod.name}`);
  victim.sidecar.kill('SIGKILL');
  victim.application.kill('SIGKILL');
  await pause(removalMs);
  await cluster.removeEndpoint(victim);
  const next = await cluster.startPod();
  note(`${next.pod.name} takes its place`);
  await cluster.addEndpoint(next);
  pods.push(next);
  return next.pod.name;
}
