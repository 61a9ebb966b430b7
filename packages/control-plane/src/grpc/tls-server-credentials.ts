import type { SecureContextOptions } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';

export interface TlsServerMaterial {
  /** PEM: the leaf, then the intermediates. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** PEM: the roots that client certificates are verified against. */
  readonly rootsPem: readonly string[];
}

/**
 * TLS 1.3 that asks for a client certificate without insisting: a sidecar without one may ask for its first on the
 * same port. Who must have one checks `clientIdentity`. `replace` swaps the material under live connections;
 * new handshakes use the new one.
 */
export class TlsServerCredentials extends ServerCredentials {
  constructor(material: TlsServerMaterial) {
    super(
      { requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3', handshakeTimeout: 10_000 },
      contextOptions(material),
    );
  }

  replace(material: TlsServerMaterial): void {
    this.updateSecureContextOptions(contextOptions(material));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function contextOptions({
  certificatePem,
  privateKeyPem,
  rootsPem,
}: TlsServerMaterial): SecureContextOptions {
  // The version is said here too: a new context would else begin with the process's default.
  return { cert: certificatePem, key: privateKeyPem, ca: [...rootsPem], minVersion: 'TLSv1.3' };
}
