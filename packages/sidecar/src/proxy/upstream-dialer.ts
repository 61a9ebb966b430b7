import { createSecureContext, type SecureContext } from 'node:tls';
import {
  type ClientConnection,
  type ClientConnectionOptions,
  type ClientConnectionOwner,
  connectTcp,
  connectTls,
  H1ClientConnection,
  H2ClientConnection,
  type PeerCertificateInfo,
  TlsSessionCache,
} from '@tulle/http';
import type { IdentitySource, UpstreamEndpoint } from '../config/mesh-view.ts';
import { meshAlpnProtocol, meshServerName } from './mesh-tls.ts';
import { type ProxySettings, upstreamLimits } from './settings.ts';

/** How connections to endpoints come about: plain, or mutual TLS through the peer's sidecar. */
export interface UpstreamDialer {
  /** Of the identity in use; connections of an older one are not used for new requests. 0: there is none. */
  readonly generation: number;
  /** Null: mutual TLS is needed, and this workload has no identity yet. */
  dial(endpoint: UpstreamEndpoint, httpMajor: 1 | 2, owner: ClientConnectionOwner): ClientConnection | null;
}

export class MeshDialer implements UpstreamDialer {
  readonly #settings: ProxySettings;
  readonly #identity: IdentitySource;
  readonly #plainOptions: ClientConnectionOptions;
  readonly #meshOptions: ClientConnectionOptions;
  readonly #sessions = new TlsSessionCache();
  #context: { readonly generation: number; readonly secure: SecureContext } | null = null;

  constructor(
    settings: ProxySettings,
    identity: IdentitySource,
    options: Omit<ClientConnectionOptions, 'limits'>,
  ) {
    this.#settings = settings;
    this.#identity = identity;
    this.#plainOptions = { ...options, limits: upstreamLimits(settings.limits, false) };
    this.#meshOptions = { ...options, limits: upstreamLimits(settings.limits, true) };
  }

  get generation(): number {
    return this.#identity.current?.generation ?? 0;
  }

  dial(endpoint: UpstreamEndpoint, httpMajor: 1 | 2, owner: ClientConnectionOwner): ClientConnection | null {
    const secureContext = endpoint.mesh === null ? null : this.#secureContext();
    if (endpoint.mesh !== null && secureContext === null) return null;
    const options = endpoint.mesh === null ? this.#plainOptions : this.#meshOptions;
    const connection =
      httpMajor === 2 ? new H2ClientConnection(owner, options) : new H1ClientConnection(owner, options);
    const common = {
      host: endpoint.address,
      backend: this.#settings.backend,
      connectTimeoutMs: this.#settings.timeouts.connectMs,
      handler: connection,
      onConnect: () => connection.onConnect(),
    };
    if (endpoint.mesh === null || secureContext === null) {
      connection.transport = connectTcp({ ...common, port: endpoint.port });
      return connection;
    }
    const { spiffeId, port } = endpoint.mesh;
    connection.transport = connectTls({
      ...common,
      port,
      secureContext,
      serverName: meshServerName(endpoint.port),
      alpnProtocols: [meshAlpnProtocol],
      sessionCache: this.#sessions,
      sessionKey: `${spiffeId}|${endpoint.address}:${port}|${endpoint.port}|${this.generation}`,
      verifyPeer: (certificate) => refusalOfServer(certificate, spiffeId),
    });
    return connection;
  }

  #secureContext(): SecureContext | null {
    const material = this.#identity.current;
    if (material === null) return null;
    if (this.#context?.generation !== material.generation) {
      const secure = createSecureContext({
        cert: material.certificatePem,
        key: material.privateKeyPem,
        ca: material.rootsPem,
        minVersion: 'TLSv1.3',
      });
      this.#context = { generation: material.generation, secure };
    }
    return this.#context.secure;
  }
}

/** A SPIFFE certificate has exactly one URI (X.509-SVID, section 2); it must be the announced identity. */
function refusalOfServer({ uris }: PeerCertificateInfo, expected: string): string | null {
  if (uris.length === 1 && uris[0] === expected) return null;
  return `its identity is ${uris.join(', ') || 'missing'}, not ${expected}`;
}
