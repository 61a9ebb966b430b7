import { createHash } from 'node:crypto';
import type { Transport } from '@tulle/http';

/** `off`: as it came. `append`: the peer's address is added. `set`: it is all there is. */
export const forwardedModes = ['append', 'set', 'off'] as const;
export type ForwardedMode = (typeof forwardedModes)[number];

/** `sanitize`: never passed on. `set`: the verified peer's, and nothing else. `append`: added to what peers pass on. */
export const clientCertModes = ['sanitize', 'set', 'append'] as const;
export type ClientCertMode = (typeof clientCertModes)[number];

export interface ForwardingSettings {
  readonly forwardedFor: ForwardedMode;
  readonly clientCert: ClientCertMode;
}

export const defaultForwarding: ForwardingSettings = { forwardedFor: 'append', clientCert: 'sanitize' };

/** What an application is told of the other end of an inbound connection; one lives with each connection. */
export interface ForwardedClient {
  readonly address: string;
  /** An element of x-forwarded-client-cert in Envoy's syntax; empty where the peer is not verified. */
  readonly certificate: string;
}

export function forwardedClientOf(
  transport: Transport,
  { clientCert }: ForwardingSettings,
  ownIdentity: string,
): ForwardedClient {
  const { peerCertificate } = transport;
  const address = transport.remoteAddress.replace(/^::ffff:(?=\d+\.)/i, '');
  if (peerCertificate === null || clientCert === 'sanitize') return { address, certificate: '' };
  const hash = createHash('sha256').update(peerCertificate.raw).digest('hex');
  const [uri = ''] = peerCertificate.uris;
  return { address, certificate: `By=${ownIdentity};Hash=${hash};URI=${uri}` };
}
