import type { Authenticator } from './authenticator.ts';

/** Knows no token: the control plane was given no way to check one. */
export const noAuthenticator: Authenticator = {
  authenticate: async () => ({
    kind: 'refused',
    reason: 'the control plane checks no tokens: TULLE_TOKENS_FILE is not set',
  }),
};
