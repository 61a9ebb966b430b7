import type { DetectionResult } from '../metrics.ts';
import { type Failure, failures } from '../proxy/failure.ts';
import type { InboundPeer } from '../proxy/inbound-peer.ts';
import type { RelayParts } from '../tcp/relay-parts.ts';
import { TcpDial, type TcpDialOwner } from '../tcp/tcp-dial.ts';
import type { CapturedRoute } from './captured-connection.ts';
import type { InboundRouteParts } from './inbound-route.ts';
import { TcpEdge } from './tcp-edge.ts';

export interface MeshBytesParts extends Omit<InboundRouteParts, 'address'> {
  readonly peer: InboundPeer;
}

/** Bytes of a peer's application, which came through mutual TLS: they go to ours. */
export class MeshBytesRoute implements CapturedRoute {
  readonly expects = 'opaque';
  readonly destination = '';
  readonly mayDialInSilence = true;
  readonly speaksFirst = null;
  readonly #parts: MeshBytesParts;
  readonly #edge: TcpEdge;

  constructor(parts: MeshBytesParts) {
    this.#parts = parts;
    const { context, peer } = parts;
    this.#edge = new TcpEdge(context, {
      side: 'inbound',
      destination: `${context.settings.workload}:${peer.port}`,
      peer,
    });
  }

  /** It expects no bytes to look at: neither is ever called. */
  serveHttp(): void {}
  takeTls(): boolean {
    return false;
  }

  dial(owner: TcpDialOwner): TcpDial | Failure {
    const { context, apps, view, peer } = this.#parts;
    const host = peer.host ?? view.target(peer.port)?.host;
    if (host === undefined) return failures.unknownPort;
    const label = `${context.settings.workload}:${peer.port}`;
    return new TcpDial(context.upstreams.slotsOf(apps.of(host, peer.port, label)), owner, context);
  }

  relay(parts: RelayParts): void {
    this.#parts.context.tcp.start(parts, this.#edge.to(parts), null);
  }

  detected(result: DetectionResult): void {
    this.#edge.detected(result);
  }

  failed(failure: Failure, detail: string): void {
    this.#edge.failed(failure, detail);
  }
}
