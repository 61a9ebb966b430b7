import type { Fault, FaultRun } from './fault.ts';

export const sidecarDrain: Fault = {
  summary: "SIGTERM to a server's sidecar, whose replacement starts when it has ended",
  controlPlaneEnv: {},
  async run(run) {
    do await drainOne(run);
    while (run.hasTime());
    return [];
  },
};

async function drainOne({ cluster, pods, note }: FaultRun): Promise<void> {
  const drained = pods.shift()!;
  note(`SIGTERM to the sidecar of ${drained.pod.name}`);
  drained.sidecar.kill('SIGTERM');
  // It has become unready at this moment, which an endpoint controller says as soon as it hears of it.
  await cluster.removeEndpoint(drained);
  const exit = await drained.sidecar.waitForExit();
  if (exit.code !== 0) throw new Error(`a drained sidecar ended with ${exit.signal ?? exit.code}`);
  await cluster.restartSidecar(drained);
  note(`${drained.pod.name} is back`);
  await cluster.addEndpoint(drained);
  pods.push(drained);
}
