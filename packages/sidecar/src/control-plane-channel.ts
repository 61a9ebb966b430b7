import { readFile } from 'node:fs/promises';
import { type ChannelOptions, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { messageOf, TulleError } from '@tulle/runtime';

/** How the control plane is reached and recognised. */
export interface ControlPlaneAddress {
  /** `host:port`. */
  readonly target: string;
  /** The roots that a sidecar begins with. */
  readonly ca: CaSource;
}

export type CaSource =
  /** PEM; read anew for each connection, so that a replaced file needs no restart. */
  { readonly kind: 'file'; readonly path: string } | { readonly kind: 'text'; readonly pem: string };

/** What a sidecar shows of itself. */
export interface ChannelIdentity {
  readonly privateKeyPem: string;
  readonly certificatePem: string;
}

/** The name in the control plane's certificate, whatever address it is dialed at. */
const controlPlaneServerName = 'tulle-control-plane.tulle-system.svc';

/** gRPC's own retries and sharing are off: each call dials anew, when our back-off says so. */
export const controlPlaneChannelOptions: ChannelOptions = {
  'grpc.ssl_target_name_override': controlPlaneServerName,
  'grpc.default_authority': controlPlaneServerName,
  'grpc.enable_retries': 0,
  'grpc.use_local_subchannel_pool': 1,
  // A control plane whose host died sends no FIN: found within 40 s.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
  // The environment's HTTP proxy may be this very sidecar.
  'grpc.enable_http_proxy': 0,
};

export interface ChannelTrust {
  /** Null: nothing is shown to the control plane but a token. */
  readonly own: ChannelIdentity | null;
  /**
   * The roots that discovery announced (PEM), null before: trusted beside those of the start, which a pod that lives
   * for long may have from before a rotation.
   */
  readonly bundlePem: string | null;
}

/** TLS to the control plane; with a certificate where there is one. */
export async function controlPlaneCredentials({ ca }: ControlPlaneAddress, { own, bundlePem }: ChannelTrust) {
  const roots = Buffer.from(await trustedPem(ca, bundlePem));
  if (own === null) return credentials.createSsl(roots);
  return credentials.createSsl(roots, Buffer.from(own.privateKeyPem), Buffer.from(own.certificatePem));
}

async function trustedPem(ca: CaSource, bundlePem: string | null): Promise<string> {
  if (ca.kind === 'text') return `${ca.pem}\n${bundlePem ?? ''}`;
  try {
    return `${await readFile(ca.path, 'utf8')}\n${bundlePem ?? ''}`;
  } catch (cause) {
    if (bundlePem !== null) return bundlePem;
    const hint = 'is TULLE_CA_FILE the root.pem of the control plane?';
    throw new TulleError('CA_FILE', `cannot read ${ca.path} (${messageOf(cause)}): ${hint}`, {
      source: 'config',
      isRetryable: true,
      cause,
    });
  }
}

/** A gRPC failure in one line: `UNAVAILABLE: …`. */
export function describeServiceError(error: ServiceError): string {
  const name = status[error.code] ?? `code ${error.code}`;
  return error.details === '' ? name : `${name}: ${error.details}`;
}
