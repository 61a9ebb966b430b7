/**
 * What reaches the pod, captured: mesh TLS is ended here, whatever else is let through or refused as the
 * port's mode says. A connection that dialled the mesh port itself must speak mesh TLS, and names its port.
 */
import { detachSocket, type HandshakeRefusal, TlsAcceptor, type Transport } from '@tulle/http';
import type { OriginalAddress, OriginalDestination } from '../capture/original-destination.ts';
import type { IdentityMaterial, InboundView } from '../config/mesh-view.ts';
import type { AppClusters } from '../proxy/app-clusters.ts';
import { type Failure, failures } from '../proxy/failure.ts';
import { newPeer } from '../proxy/inbound-peer.ts';
import { parseMeshServerName, refusalOfClient, tlsServerSettings } from '../proxy/mesh-tls.ts';
import { acceptLimit } from './accept-limit.ts';
import { CapturedConnection } from './captured-connection.ts';
import { capturedDestination } from './captured-destination.ts';
import { type InboundDoor, InboundRoute } from './inbound-route.ts';
import { type FamilyListeners, listenFamilies } from './listen-families.ts';
import type { ListenerContext } from './listener-context.ts';
import type { InboundListener } from './listeners.ts';
import type { MeshConnections } from './mesh-connections.ts';

const hosts = { 4: '0.0.0.0', 6: '::' } as const;

export interface InboundCaptureOptions {
  readonly context: ListenerContext;
  readonly view: InboundView;
  readonly apps: AppClusters;
  readonly mesh: MeshConnections;
  readonly original: OriginalDestination;
}

export class InboundCapture implements InboundListener, InboundDoor {
  readonly host = hosts[4];
  readonly #context: ListenerContext;
  readonly #view: InboundView;
  readonly #apps: AppClusters;
  readonly #mesh: MeshConnections;
  readonly #original: OriginalDestination;
  #acceptor: TlsAcceptor | null = null;
  #material: IdentityMaterial | null = null;
  #listeners: FamilyListeners | null = null;
  #stopListening: () => void = () => {};

  constructor(options: InboundCaptureOptions) {
    const { context, view, apps, mesh, original } = options;
    this.#context = context;
    this.#view = view;
    this.#apps = apps;
    this.#mesh = mesh;
    this.#original = original;
  }

  /** 0 until it is bound. */
  get port(): number {
    return this.#listeners?.port ?? 0;
  }

  async open(material: IdentityMaterial): Promise<void> {
    const { settings, logger } = this.#context;
    this.#material = material;
    this.#acceptor = new TlsAcceptor({
      backend: settings.backend,
      settings: tlsServerSettings(material),
      handshakeTimeoutMs: settings.timeouts.handshakeMs,
      verifyPeer: (certificate) => refusalOfClient(certificate, this.#material!.trustDomain),
      onConnection: (transport, serverName) => this.#acceptMesh(transport, serverName),
      onRefused: (refusal) => this.#refusedHandshake(refusal),
    });
    this.#listeners = await listenFamilies({
      hosts,
      logger,
      port: settings.inboundPort,
      backend: settings.backend,
      reusePort: settings.sharesPorts,
      mayAccept: acceptLimit('inbound', this.#context),
      onConnection: (transport, family) => this.#accept(transport, family),
      onError: (error) => logger.error('inbound listener failed', { reason: error.message }),
    });
    this.#stopListening = this.#view.onChange(() => this.#dropIllegal());
  }

  /** For connections from now on; those that stand were verified by what held then. */
  update(material: IdentityMaterial): void {
    this.#material = material;
    this.#acceptor?.update(tlsServerSettings(material));
  }

  async close(): Promise<void> {
    this.#stopListening();
    await this.#listeners?.close();
  }

  /** From a later turn: see detachSocket(). */
  startTls(transport: Transport, unread: Buffer): void {
    transport.pause();
    setImmediate(() => {
      const socket = detachSocket(transport, unread);
      if (socket !== null) this.#acceptor?.accept(socket);
    });
  }

  refuse(transport: Transport, { reason, message }: Failure, detail: string): void {
    this.#context.metrics.refused('inbound', reason);
    const { remoteAddress } = transport;
    this.#context.logger.warn('inbound connection refused', { reason, message, detail, remoteAddress });
    transport.abort();
  }

  #accept(transport: Transport, family: 4 | 6): void {
    const destination = capturedDestination(transport, family, this.#original);
    const address = destination.kind === 'captured' ? destination.address : null;
    if (address !== null && this.#view.rule(address.port) === null) {
      this.refuse(transport, failures.notReady, '');
      return;
    }
    const parts = { context: this.#context, view: this.#view, apps: this.#apps, address };
    new CapturedConnection(transport, new InboundRoute(this, parts), this.#context).begin();
  }

  #acceptMesh(transport: Transport, serverName: string | null): void {
    const named = parseMeshServerName(serverName);
    const family = transport.localAddress.includes(':') ? 6 : 4;
    const destination = capturedDestination(transport, family, this.#original);
    const address: OriginalAddress | null =
      destination.kind === 'captured'
        ? destination.address
        : named && { address: transport.localAddress, port: named.port };
    if (address === null) {
      this.refuse(transport, failures.unknownPort, `${serverName ?? 'no server name'} names no port`);
      return;
    }
    const spiffeId = transport.peerCertificate!.uris[0]!;
    this.#mesh.accept(transport, newPeer(spiffeId, named?.owner ?? '', address));
  }

  /** A port became strict: what came in plain ends, requests under way first. */
  #dropIllegal(): void {
    for (const connection of [...this.#context.http.context.connections]) {
      const { plainPort } = connection;
      const rule = plainPort === null ? null : this.#view.rule(plainPort);
      if (rule?.mtls.mode !== 'strict') continue;
      this.#context.metrics.refused('inbound', failures.mtlsRequired.reason);
      connection.endForPolicy();
    }
  }

  #refusedHandshake({ code, detail, remoteAddress }: HandshakeRefusal): void {
    const reason = code.replaceAll('-', '_');
    this.#context.metrics.refused('inbound', reason);
    this.#context.metrics.handshakeFailed('inbound', reason);
    // Clients that go away are no event.
    const level = code === 'closed' ? 'debug' : 'warn';
    this.#context.logger[level]('inbound connection refused', { reason, detail, remoteAddress });
  }
}
