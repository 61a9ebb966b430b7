import type { RunningPod } from '../fault-cluster.ts';
import type { Fault, FaultRun } from './fault.ts';

export const rollingReplacement: Fault = {
  summary: 'every pod is replaced, one after the other, as a Deployment does it',
  controlPlaneEnv: {},
  async run(run) {
    const came: string[] = [];
    do {
      for (const old of [...run.pods]) came.push(await replace(run, old));
    } while (run.hasTime());
    return came;
  },
};

/**
 * A new pod is ready and added before the old one is deleted. Then endpoint controller and kubelet hear of the
 * deletion at the same moment: callers still send requests to processes that have had their SIGTERM.
 */
async function replace({ cluster, pods, note }: FaultRun, old: RunningPod): Promise<string> {
  const fresh = await cluster.startPod();
  await cluster.addEndpoint(fresh);
  note(`${fresh.pod.name} is there; ${old.pod.name} is deleted`);
  const marked = cluster.markTerminating(old);
  old.sidecar.kill('SIGTERM');
  old.application.kill('SIGTERM');
  await marked;
  await Promise.all([old.sidecar.waitForExit(), old.application.waitForExit()]);
  await cluster.removeEndpoint(old);
  note(`${old.pod.name} is gone`);
  pods.splice(pods.indexOf(old), 1, fresh);
  return fresh.pod.name;
}
