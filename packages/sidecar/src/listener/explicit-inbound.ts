import {
  type HandshakeRefusal,
  listenTls,
  type PeerCertificateInfo,
  type TlsListener,
  type Transport,
} from '@tulle/http';
import type { IdentityMaterial } from '../config/mesh-view.ts';
import { parseMeshServerName, refusalOfClient, tlsServerSettings } from '../proxy/mesh-tls.ts';
import { acceptLimit } from './accept-limit.ts';
import type { ListenerContext } from './listener-context.ts';
import type { InboundListener } from './listeners.ts';
import type { MeshConnections } from './mesh-connections.ts';

export interface ExplicitInboundOptions {
  readonly context: ListenerContext;
  readonly mesh: MeshConnections;
}

/** Explicit mode's mesh port: mutual TLS with workloads of the own trust domain, for ports that this workload announces. */
export class ExplicitInbound implements InboundListener {
  readonly #options: ExplicitInboundOptions;
  #listener: TlsListener | null = null;
  #material: IdentityMaterial | null = null;
  /** What verifyPeer refused last; onRefused follows at once. */
  #code = '';

  constructor(options: ExplicitInboundOptions) {
    this.#options = options;
  }

  get host(): string {
    return this.#options.context.settings.host;
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  async open(material: IdentityMaterial): Promise<void> {
    const { settings, logger } = this.#options.context;
    this.#material = material;
    this.#listener = await listenTls({
      host: settings.host,
      port: settings.inboundPort,
      backend: settings.backend,
      reusePort: settings.sharesPorts,
      mayAccept: acceptLimit('inbound', this.#options.context),
      settings: tlsServerSettings(material),
      handshakeTimeoutMs: settings.timeouts.handshakeMs,
      verifyPeer: (certificate, serverName) => this.#verify(certificate, serverName),
      onConnection: (transport, serverName) => this.#accept(transport, serverName),
      onRefused: (refusal) => this.#refused(refusal),
      onError: (error) => logger.error('inbound listener failed', { reason: error.message }),
    });
  }

  /** For connections from now on; those that stand were verified by what held then. */
  update(material: IdentityMaterial): void {
    this.#material = material;
    this.#listener?.updateSettings(tlsServerSettings(material));
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }

  /** Null: a workload of the trust domain that names a port. Else why not; `#code` says what kind. */
  #verify(certificate: PeerCertificateInfo, serverName: string | null): string | null {
    const refusal = refusalOfClient(certificate, this.#material!.trustDomain);
    this.#code = 'identity';
    if (refusal !== null) return refusal;
    this.#code = 'unknown_server_name';
    return parseMeshServerName(serverName) === null
      ? `${serverName ?? 'no server name'} names no port`
      : null;
  }

  #accept(transport: Transport, serverName: string | null): void {
    const { port, owner } = parseMeshServerName(serverName)!;
    const spiffeId = transport.peerCertificate!.uris[0]!;
    const peer = { spiffeId, owner, port, host: null, target: null, cluster: null, series: null };
    this.#options.mesh.accept(transport, peer);
  }

  #refused({ code, detail, remoteAddress }: HandshakeRefusal): void {
    const reason = code === 'identity' ? this.#code : code.replaceAll('-', '_');
    this.#options.context.metrics.refused('inbound', reason);
    this.#options.context.metrics.handshakeFailed('inbound', reason);
    // Clients that go away are no event.
    const level = code === 'closed' ? 'debug' : 'warn';
    this.#options.context.logger[level]('inbound connection refused', { reason, detail, remoteAddress });
  }
}
