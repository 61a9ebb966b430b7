import type { FaultCluster, RunningPod } from '../fault-cluster.ts';

/** A fault that is under way, from the end of the first third of the load on. */
export interface FaultRun {
  readonly cluster: FaultCluster;
  /** The server pods, of which there are three at the start; a fault keeps the list true. */
  readonly pods: RunningPod[];
  /** The middle third is not over: there is time for another round. */
  hasTime(): boolean;
  /** Writes down what is done, with its time. */
  note(what: string): void;
  pause(ms: number): Promise<void>;
}

export interface Fault {
  readonly summary: string;
  readonly controlPlaneEnv: Readonly<Record<string, string>>;
  /** Gives the names of applications that must have answered requests, or the fault was none. */
  run(run: FaultRun): Promise<readonly string[]>;
}
