import type { Fault } from './fault.ts';

const mostPods = 8;

export const endpointAdded: Fault = {
  summary: 'new pods join the service',
  controlPlaneEnv: {},
  async run({ cluster, pods, note, ...run }) {
    const came: string[] = [];
    do {
      const added = await cluster.startPod();
      note(`${added.pod.name} joins`);
      await cluster.addEndpoint(added);
      pods.push(added);
      came.push(added.pod.name);
    } while (run.hasTime && pods.length < mostPods);
    return came;
  },
};
