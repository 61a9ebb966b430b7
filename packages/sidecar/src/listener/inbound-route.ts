import { serveHttp, type Transport } from '@tulle/http';
import type { OriginalAddress } from '../capture/original-destination.ts';
import type { InboundRule, InboundView } from '../config/mesh-view.ts';
import type { DetectionResult } from '../metrics.ts';
import type { AppClusters } from '../proxy/app-clusters.ts';
import { DownstreamConnection } from '../proxy/downstream-connection.ts';
import { type Failure, failures } from '../proxy/failure.ts';
import { newPeer } from '../proxy/inbound-peer.ts';
import { meshAlpnProtocols } from '../proxy/mesh-tls.ts';
import type { RelayParts } from '../tcp/relay-parts.ts';
import { TcpDial, type TcpDialOwner } from '../tcp/tcp-dial.ts';
import type { CapturedRoute } from './captured-connection.ts';
import { firstSpeaker } from './detection-memory.ts';
import type { ListenerContext } from './listener-context.ts';
import { TcpEdge } from './tcp-edge.ts';

/** Where connections come in. */
export interface InboundDoor {
  /** The connection goes on with a handshake, begun by what was read of it. */
  startTls(transport: Transport, unread: Buffer): void;
  refuse(transport: Transport, failure: Failure, detail: string): void;
}

export interface InboundRouteParts {
  readonly context: ListenerContext;
  readonly view: InboundView;
  readonly apps: AppClusters;
  /** Null: it dialled the mesh port itself, and may speak nothing but mesh TLS. */
  readonly address: OriginalAddress | null;
}

/** An inbound connection of which nothing is known yet: mesh TLS, or plain as far as the mesh goes. */
export class InboundRoute implements CapturedRoute {
  readonly expects = 'any';
  readonly destination: string;
  readonly #door: InboundDoor;
  readonly #parts: InboundRouteParts;
  readonly #edge: TcpEdge;

  constructor(door: InboundDoor, parts: InboundRouteParts) {
    this.#door = door;
    this.#parts = parts;
    this.destination = `inbound:${parts.address?.port ?? 0}`;
    const { context, address } = parts;
    this.#edge = new TcpEdge(context, {
      side: 'inbound',
      destination: `${context.settings.workload}:${address?.port ?? 0}`,
    });
  }

  get speaksFirst(): 'client' | 'server' | null {
    const { address } = this.#parts;
    const rule = this.#rule();
    return address === null || rule === null ? null : firstSpeaker(rule.protocol, address.port);
  }

  get mayDialInSilence(): boolean {
    return this.#refusal() === null;
  }

  serveHttp(transport: Transport): void {
    const { address, context } = this.#parts;
    const refusal = this.#refusal();
    if (refusal !== null || address === null) {
      this.#door.refuse(transport, refusal ?? failures.notCaptured, this.#policy());
      return;
    }
    const { http } = context;
    const origin = { peer: newPeer('', '', address), captured: null };
    new DownstreamConnection(http, origin, (handler) =>
      serveHttp(transport, handler, http.context.serverOptions),
    );
  }

  takeTls(transport: Transport, protocols: readonly string[], unread: Buffer): boolean {
    const isMesh = protocols.some((protocol) => meshAlpnProtocols.includes(protocol));
    if (!isMesh || this.#rule()?.mtls.mode === 'disable') return false;
    this.#door.startTls(transport, unread);
    return true;
  }

  dial(owner: TcpDialOwner): TcpDial | Failure {
    const { address, context, apps } = this.#parts;
    const refusal = this.#refusal();
    if (refusal !== null || address === null) return refusal ?? failures.notCaptured;
    const { label } = this.#rule()!;
    return new TcpDial(
      context.upstreams.slotsOf(apps.of(address.address, address.port, label)),
      owner,
      context,
    );
  }

  relay(parts: RelayParts): void {
    this.#parts.context.tcp.start(parts, this.#edge.to(parts), this.#parts.address!.port);
  }

  detected(result: DetectionResult): void {
    this.#edge.detected(result);
  }

  failed(failure: Failure, detail: string): void {
    if (failure === failures.mtlsRequired) this.#parts.context.metrics.refused('inbound', failure.reason);
    this.#edge.failed(failure, detail, this.#policy());
  }

  #rule(): InboundRule | null {
    const { address, view } = this.#parts;
    return address === null ? null : view.rule(address.port);
  }

  /** Why what is no mesh TLS is not let through. */
  #refusal(): Failure | null {
    if (this.#parts.address === null) return failures.notCaptured;
    const rule = this.#rule();
    if (rule === null) return failures.notReady;
    return rule.mtls.mode === 'strict' ? failures.mtlsRequired : null;
  }

  #policy(): string {
    const rule = this.#rule();
    return rule === null ? '' : `${rule.label} is ${rule.mtls.mode} by ${rule.mtls.policy}`;
  }
}
