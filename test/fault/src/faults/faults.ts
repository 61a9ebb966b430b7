import { certificateSwap } from './certificate-swap.ts';
import { controlPlaneRestart } from './control-plane-restart.ts';
import { endpointAdded } from './endpoint-added.ts';
import { endpointKilled } from './endpoint-killed.ts';
import type { Fault } from './fault.ts';
import { rollingReplacement } from './rolling-replacement.ts';
import { sidecarDrain } from './sidecar-drain.ts';

export const faults = {
  'endpoint-killed': endpointKilled,
  'endpoint-added': endpointAdded,
  'rolling-replacement': rollingReplacement,
  'control-plane-restart': controlPlaneRestart,
  'sidecar-drain': sidecarDrain,
  'certificate-swap': certificateSwap,
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof faults;
