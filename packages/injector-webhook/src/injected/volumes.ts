import type { RawNamed } from '../pod/raw-pod.ts';
import { ownNames, tokenAudience } from './names.ts';

/**
 * Kubelet gives the token's file to everybody in the pod (0644), or to the pod's fsGroup (0640), which the sidecar is
 * then in: user 1337 can read it either way. No other container has it mounted.
 */
export const ownVolumes: readonly RawNamed[] = [
  {
    name: ownNames.tokenVolume,
    projected: {
      sources: [
        { serviceAccountToken: { audience: tokenAudience, expirationSeconds: 3_600, path: 'token' } },
      ],
      defaultMode: 0o644,
    },
  },
  { name: ownNames.stateVolume, emptyDir: {} },
];
