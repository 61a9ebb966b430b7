import { serveHttp, type Transport } from '@tulle/http';
import { assertNever } from '@tulle/model';
import type { OriginalAddress } from '../capture/original-destination.ts';
import type { OutboundLookup, OutboundView, UpstreamEndpoint } from '../config/mesh-view.ts';
import type { DetectionResult } from '../metrics.ts';
import { DownstreamConnection } from '../proxy/downstream-connection.ts';
import { type Failure, failures } from '../proxy/failure.ts';
import type { EndpointSlot } from '../proxy/upstreams.ts';
import type { RelayParts } from '../tcp/relay-parts.ts';
import { TcpDial, type TcpDialOwner } from '../tcp/tcp-dial.ts';
import type { CapturedRoute } from './captured-connection.ts';
import { firstSpeaker, isOpaquePort } from './detection-memory.ts';
import type { ListenerContext } from './listener-context.ts';
import { TcpEdge } from './tcp-edge.ts';

/** What every connection to an address outside the mesh is counted as. */
const OUTSIDE = 'outside';

/** Where an outbound connection goes: to a service's endpoints, to one pod, or past the mesh as it came. */
export class OutboundRoute implements CapturedRoute {
  readonly destination: string;
  readonly mayDialInSilence = true;
  readonly #context: ListenerContext;
  readonly #view: OutboundView;
  readonly #address: OriginalAddress;
  readonly #lookup: OutboundLookup;
  readonly #edge: TcpEdge;

  constructor(
    context: ListenerContext,
    view: OutboundView,
    address: OriginalAddress,
    lookup: OutboundLookup,
  ) {
    this.#context = context;
    this.#view = view;
    this.#address = address;
    this.#lookup = lookup;
    this.destination = `${address.address}:${address.port}`;
    const name = lookup.kind === 'found' ? lookup.port.cluster.name : OUTSIDE;
    this.#edge = new TcpEdge(context, { side: 'outbound', destination: name });
  }

  /** Past the mesh nothing is looked at. What discovery owes is answered in HTTP if that is spoken. */
  get expects(): 'opaque' | 'any' {
    switch (this.#lookup.kind) {
      case 'found':
        return isOpaquePort(this.#lookup.port.cluster.protocol, this.#address.port) ? 'opaque' : 'any';
      case 'timeout':
      case 'pending':
        return 'any';
      case 'outside':
      case 'unknown-port':
      case 'unknown-host':
        return 'opaque';
      default:
        return assertNever(this.#lookup);
    }
  }

  get speaksFirst(): 'client' | 'server' | null {
    if (this.#lookup.kind !== 'found') return null;
    return firstSpeaker(this.#lookup.port.cluster.protocol, this.#address.port);
  }

  serveHttp(transport: Transport): void {
    const { http } = this.#context;
    new DownstreamConnection(http, { peer: null, captured: this.#address }, (handler) =>
      serveHttp(transport, handler, http.context.serverOptions),
    );
  }

  takeTls(): boolean {
    return false;
  }

  dial(owner: TcpDialOwner): TcpDial | Failure {
    const slots = this.#slots();
    return Array.isArray(slots) ? new TcpDial(slots, owner, this.#context) : (slots as Failure);
  }

  relay(parts: RelayParts): void {
    this.#context.tcp.start(parts, this.#edge.to(parts), null);
  }

  detected(result: DetectionResult): void {
    this.#edge.detected(result);
  }

  failed(failure: Failure, detail: string): void {
    this.#edge.failed(failure, detail);
  }

  #slots(): readonly EndpointSlot[] | Failure {
    const { upstreams } = this.#context;
    switch (this.#lookup.kind) {
      case 'found':
        return upstreams.slotsOf(this.#lookup.port.cluster);
      case 'timeout':
      case 'pending':
        return failures.discoveryTimeout;
      case 'outside':
      case 'unknown-port':
      case 'unknown-host':
        if (this.#view.unknownDestinations === 'refuse') return failures.outsideRefused;
        return [upstreams.looseSlot(this.#plainEndpoint(), OUTSIDE)];
      default:
        return assertNever(this.#lookup);
    }
  }

  #plainEndpoint(): UpstreamEndpoint {
    const { address, port } = this.#address;
    return { key: this.destination, address, port, workload: '', owner: '', mesh: null };
  }
}
