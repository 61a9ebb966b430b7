import type { Fault } from './fault.ts';

const mostEndpoints = 8;

export const endpointAdded: Fault = {
  summary: 'new pods join the service',
  controlPlaneEnv: {},
  async run({ cluster, pods, note, hasTime }) {
    const came: string[] = [];
    do {
      const added = await cluster.startPod();
      note(`${added.pod.name} joins`);
      await cluster.addEndpoint(added);
      pods.push(added);
      came.push(added.pod.name);
    } while (hasTime() && pods.length < mostEndpoints);
    return came;
  },
};
