import {
  type HandshakeRefusal,
  listenTls,
  type PeerCertificateInfo,
  type TlsListener,
  type Transport,
  type TransportError,
} from '@tulle/http';
import type { Logger } from '@tulle/runtime';
import type { IdentityMaterial } from '../config/mesh-view.ts';
import type { RequestMetrics } from '../metrics.ts';
import type { InboundPeer } from '../proxy/inbound-peer.ts';
import { parseMeshServerName, refusalOfClient, tlsServerSettings } from '../proxy/mesh-tls.ts';
import type { ProxySettings } from '../proxy/settings.ts';

export interface InboundListenerOptions {
  readonly settings: ProxySettings;
  readonly metrics: RequestMetrics;
  readonly logger: Logger;
  onConnection(transport: Transport, peer: InboundPeer): void;
  onError(error: TransportError): void;
}

/** Explicit mode's mesh port: mutual TLS with workloads of the own trust domain, for ports that this workload announces. */
export class InboundListener {
  readonly #options: InboundListenerOptions;
  #listener: TlsListener | null = null;
  #material: IdentityMaterial | null = null;
  /** What verifyPeer refused last; onRefused follows at once. */
  #code = '';

  constructor(options: InboundListenerOptions) {
    this.#options = options;
  }

  /** 0 until it is bound. */
  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get connectionCount(): number {
    return this.#listener?.connectionCount ?? 0;
  }

  async open(material: IdentityMaterial): Promise<void> {
    const { settings } = this.#options;
    this.#material = material;
    this.#listener = await listenTls({
      host: settings.host,
      port: settings.inboundPort,
      backend: settings.backend,
      reusePort: settings.sharesPorts,
      maxConnections: settings.limits.maxConnections,
      settings: tlsServerSettings(material),
      handshakeTimeoutMs: settings.timeouts.handshakeMs,
      verifyPeer: (certificate, serverName) => this.#verify(certificate, serverName),
      onConnection: (transport, serverName) => this.#accept(transport, serverName),
      onRefused: (refusal) => this.#refused(refusal),
      onError: (error) => this.#options.onError(error),
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
    this.#options.onConnection(transport, peer);
  }

  #refused({ code, detail, remoteAddress }: HandshakeRefusal): void {
    const reason = code === 'identity' ? this.#code : code.replaceAll('-', '_');
    this.#options.metrics.refused('inbound', reason);
    // Clients that go away are no event.
    const level = code === 'closed' ? 'debug' : 'warn';
    this.#options.logger[level]('inbound connection refused', { reason, detail, remoteAddress });
  }
}
