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
  type Transport,
  type TransportHandler,
} from '@tulle/http';
import type { IdentitySource, UpstreamEndpoint } from '../config/mesh-view.ts';
import type { RequestMetrics } from '../metrics.ts';
import { meshHttpProtocol, meshServerName, meshTcpProtocol } from './mesh-tls.ts';
import { type ProxySettings, upstreamLimits } from './settings.ts';

/** How connections to endpoints come about: plain, or mutual TLS through the peer's sidecar. */
export interface UpstreamDialer {
  /** Of the identity in use; connections of an older one are not used for new requests. 0: there is none. */
  readonly generation: number;
  /** Null: mutual TLS is needed, and this workload has no identity yet. */
  dial(endpoint: UpstreamEndpoint, httpMajor: 1 | 2, owner: ClientConnectionOwner): ClientConnection | null;
}

/** For bytes that are not looked at: a connection of their own. */
export interface BytesDialer {
  /** Null: as dial(). */
  dialTcp(endpoint: UpstreamEndpoint, bytes: BytesOptions): Transport | null;
}

/** Who hears of a connection that carries bytes. */
export interface BytesOptions {
  readonly handler: TransportHandler;
  /** Before anything is read. */
  onConnect(transport: Transport): void;
}

export interface MeshDialerOptions {
  /** What the own workload is called by whoever made it. */
  readonly owner: () => string;
  readonly metrics: RequestMetrics;
  readonly codecs: Omit<ClientConnectionOptions, 'limits'>;
}

export class MeshDialer implements UpstreamDialer, BytesDialer {
  readonly #settings: ProxySettings;
  readonly #identity: IdentitySource;
  readonly #owner: () => string;
  readonly #plainOptions: ClientConnectionOptions;
  readonly #meshOptions: ClientConnectionOptions;
  readonly #metrics: RequestMetrics;
  readonly #sessions = new TlsSessionCache();
  #context: { readonly generation: number; readonly secure: SecureContext } | null = null;

  constructor(
    settings: ProxySettings,
    identity: IdentitySource,
    { owner, metrics, codecs }: MeshDialerOptions,
  ) {
    this.#metrics = metrics;
    this.#settings = settings;
    this.#identity = identity;
    this.#owner = owner;
    this.#plainOptions = { ...codecs, limits: upstreamLimits(settings.limits, false) };
    this.#meshOptions = { ...codecs, limits: upstreamLimits(settings.limits, true) };
  }

  get generation(): number {
    return this.#identity.current?.generation ?? 0;
  }

  dial(endpoint: UpstreamEndpoint, httpMajor: 1 | 2, owner: ClientConnectionOwner): ClientConnection | null {
    const options = endpoint.mesh === null ? this.#plainOptions : this.#meshOptions;
    const connection =
      httpMajor === 2 ? new H2ClientConnection(owner, options) : new H1ClientConnection(owner, options);
    const bytes = { handler: connection, onConnect: () => connection.onConnect() };
    const transport = this.#connect(endpoint, meshHttpProtocol, bytes);
    if (transport === null) return null;
    connection.transport = transport;
    return connection;
  }

  dialTcp(endpoint: UpstreamEndpoint, bytes: BytesOptions): Transport | null {
    return this.#connect(endpoint, meshTcpProtocol, bytes);
  }

  #connect(endpoint: UpstreamEndpoint, alpnProtocol: string, bytes: BytesOptions): Transport | null {
    const secureContext = endpoint.mesh === null ? null : this.#secureContext();
    if (endpoint.mesh !== null && secureContext === null) return null;
    const common = {
      ...bytes,
      host: endpoint.address,
      backend: this.#settings.backend,
      connectTimeoutMs: this.#settings.timeouts.connectMs,
    };
    if (endpoint.mesh === null || secureContext === null) {
      return connectTcp({ ...common, port: endpoint.port });
    }
    const { spiffeId, port } = endpoint.mesh;
    return connectTls({
      ...common,
      onConnect: (transport) => {
        this.#metrics.handshake('upstream', transport.isSessionReused);
        bytes.onConnect(transport);
      },
      port,
      secureContext,
      handshakeTimeoutMs: this.#settings.timeouts.handshakeMs,
      serverName: meshServerName(endpoint.port, this.#owner()),
      alpnProtocols: [alpnProtocol],
      sessionCache: this.#sessions,
      sessionKey: `${spiffeId}|${endpoint.address}:${port}|${endpoint.port}|${this.generation}`,
      verifyPeer: (certificate) => refusalOfServer(certificate, spiffeId),
    });
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
