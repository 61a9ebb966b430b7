import { initContainerName, sidecarContainerName } from '@tulle/api';

/** Everything in a pod that is ours: what is called so is put there, replaced and taken out again. */
export const ownNames = {
  init: initContainerName,
  sidecar: sidecarContainerName,
  tokenVolume: 'tulle-token',
  stateVolume: 'tulle-state',
  /** No container or volume of others begins so. */
  prefix: 'tulle-',
} as const;

/** The user and group of the sidecar, whose connections are never captured. */
export const sidecarUser = 1_337;

/** The audience that the control plane asks of tokens. */
export const tokenAudience = 'tulle';

export const mountPaths = { token: '/var/run/secrets/tulle.dev', state: '/var/lib/tulle' } as const;

/** In the sidecar's image. */
export const programs = {
  node: '/usr/local/bin/node',
  init: '/app/init.mjs',
  wait: '/app/wait.mjs',
} as const;
