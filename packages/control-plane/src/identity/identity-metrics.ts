import type { Counter, MetricsRegistry, SeriesFamily } from '@tulle/runtime';
import type { CertificateAuthority } from './certificate-authority.ts';
import type { ServerCertificate } from './server-certificate.ts';
import type { TokenFileAuthenticator } from './token-file-authenticator.ts';

/** What the identity service counts. */
export interface IdentityMetrics {
  /** By outcome: `issued`, or why not. */
  readonly requests: SeriesFamily<Counter>;
}

export function createIdentityMetrics(registry: MetricsRegistry): IdentityMetrics {
  return {
    requests: registry.counter('tulle_identity_requests_total', 'Requests for certificates.', ['outcome']),
  };
}

export interface IdentityStateMetricsOptions {
  readonly authority: CertificateAuthority;
  readonly serverCertificate: ServerCertificate;
}

/** Gauges that are read from where their values live, at each exposition. */
export function exposeIdentityState(registry: MetricsRegistry, options: IdentityStateMetricsOptions): void {
  const { authority, serverCertificate } = options;
  const expiry = registry.gauge(
    'tulle_certificate_expiry_timestamp_seconds',
    'When a certificate of the control plane ends.',
    ['certificate'],
  );
  const storeFaults = registry
    .gauge(
      'tulle_authority_store_faults',
      'Whether the stored authority cannot be used, so that the loaded one is.',
    )
    .with();
  registry.onCollect(() => {
    for (const role of ['root', 'intermediate'] as const) expiry.with(role).set(endOf(authority, role));
    storeFaults.set(authority.storeFault === null ? 0 : 1);
    const server = serverCertificate.current;
    if (server !== null) expiry.with('server').set(server.certificate.notAfterMs / 1_000);
  });
}

export function exposeTokenFile(registry: MetricsRegistry, tokens: TokenFileAuthenticator | null): void {
  const known = registry.gauge('tulle_identity_tokens', 'Tokens that are known.').with();
  const violations = registry
    .gauge('tulle_identity_token_file_violations', 'What is wrong with the token file.')
    .with();
  registry.onCollect(() => {
    known.set(tokens?.size ?? 0);
    violations.set(tokens?.violations.length ?? 0);
  });
}

/** Seconds since the epoch; of several roots the first to end. */
function endOf(authority: CertificateAuthority, wanted: 'root' | 'intermediate'): number {
  const ends = authority
    .certificates()
    .map(({ role, notAfterMs }) => (role === wanted ? notAfterMs : Infinity));
  return Math.min(...ends) / 1_000;
}
