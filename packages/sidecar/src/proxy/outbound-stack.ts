import type { RequestHead, StreamFailure } from '@tulle/http';
import { assertNever } from '@tulle/model';
import type { Random } from '@tulle/runtime';
import type { CompiledRule, OutboundLookup, OutboundPort, OutboundView } from '../config/mesh-view.ts';
import { type EdgeSeries, type RequestMetrics, unknownEnd } from '../metrics.ts';
import type { AccessLog } from './access-log.ts';
import { appMajorOf, isGrpc } from './app-major.ts';
import type { Balancer } from './balancer.ts';
import type { EndpointWaits } from './endpoint-waits.ts';
import type { Exchange } from './exchange.ts';
import { type Failure, failures, type Outcome } from './failure.ts';
import { endOf } from './peer-end.ts';
import { pickBackend } from './pick-backend.ts';
import type { RequestStack, ServedRequest } from './request-stack.ts';
import { RequestView } from './request-view.ts';
import { rescue, rescueUpstream } from './rescue.ts';
import type { ProxySettings } from './settings.ts';
import { refuseUnserved } from './unserved.ts';
import type { EndpointSlot, Upstreams } from './upstreams.ts';

export interface OutboundStackOptions {
  readonly settings: ProxySettings;
  readonly view: OutboundView;
  readonly upstreams: Upstreams;
  readonly balancer: Balancer;
  readonly waits: EndpointWaits;
  readonly metrics: RequestMetrics;
  readonly accessLog: AccessLog;
  readonly random: Random;
  readonly monotonicMs: () => number;
}

const noEndpoint: Outcome = { failure: failures.noEndpoint, detail: '' };

const MAX_CACHED_AUTHORITY = 256;
const MAX_CACHED_SERIES = 1_024;

/**
 * A request on its way out of the application, outermost first:
 *
 *   finish()  counts and logs, whatever became of it
 *   rescue()  answers what failed
 *   route()   refuse what is not served -> find the service -> match a rule -> pick a backend
 *             -> balance over its endpoints
 *
 * and from there its relay takes it to the endpoint's pool and its transport.
 */
export class OutboundStack implements RequestStack {
  readonly #options: OutboundStackOptions;
  readonly #request = new RequestView();
  /** Of exchanges that met no endpoint. */
  readonly #unrouted = new Map<string, EdgeSeries>();
  #heldCount = 0;

  constructor(options: OutboundStackOptions) {
    this.#options = options;
  }

  get heldCount(): number {
    return this.#heldCount;
  }

  finish(request: ServedRequest): void {
    const { exchange } = request;
    const durationMs = this.#options.monotonicMs() - exchange.startedMs;
    this.#seriesOf(request).count(exchange, durationMs / 1_000);
    exchange.span?.end(exchange, null);
    const { accessLog } = this.#options;
    if (!accessLog.wants(exchange)) return;
    const endpoint = exchange.slot?.endpoint ?? null;
    const peer = endpoint === null ? unknownEnd : endOf(endpoint);
    const security = endpoint === null || endpoint.mesh === null ? 'plain' : 'mtls';
    accessLog.line({ direction: 'outbound', peer, security }, exchange, durationMs);
  }

  rescue(request: ServedRequest, failure: Failure, detail: string): void {
    rescue(request, failure, detail);
  }

  rescueUpstream(request: ServedRequest, failure: StreamFailure): void {
    rescueUpstream(request, failure);
  }

  route(request: ServedRequest, head: RequestHead): EndpointSlot | Failure | null {
    const refusal = refuseUnserved(head);
    if (refusal !== null) return refusal;
    request.exchange.isGrpc = isGrpc(head);
    const lookup = request.resolved ?? this.#lookup(request, head);
    request.resolved = null;
    switch (lookup.kind) {
      case 'found':
        return this.#toEndpoint(request, head, lookup.port);
      case 'unknown-host':
      case 'outside':
        return failures.unknownHost;
      case 'unknown-port':
        request.exchange.detail = `it has ${lookup.known.join(', ') || 'none'}`;
        return failures.unknownPort;
      case 'timeout':
        return failures.discoveryTimeout;
      case 'pending':
        return this.#hold(request, lookup);
      default:
        return assertNever(lookup);
    }
  }

  /** Captured, the address counts: Host is the application's business. */
  #lookup(request: ServedRequest, head: RequestHead): OutboundLookup {
    const { view } = this.#options;
    const { captured } = request.client;
    if (captured === null) return view.lookup(authorityOf(request, head));
    return view.lookupAddress(captured.address, captured.port);
  }

  routeAgain({ cluster, slot, previousSlot }: Exchange): EndpointSlot | null {
    if (cluster === null || slot === null) return null;
    const { balancer, upstreams } = this.#options;
    return balancer.pickOther(upstreams.slotsOf(cluster), slot, previousSlot);
  }

  holdForEndpoint(request: ServedRequest, outcome: Outcome): boolean {
    const { cluster } = request.exchange;
    return cluster !== null && this.#options.waits.hold(cluster, request, outcome);
  }

  #toEndpoint(request: ServedRequest, head: RequestHead, port: OutboundPort): EndpointSlot | Failure | null {
    const { upstreams, balancer, random } = this.#options;
    const { exchange } = request;
    let cluster = port.cluster;
    exchange.destination = cluster.name;
    exchange.wantsTunnel = head.asksForTunnel;
    exchange.backend = cluster.name;
    if (port.rules !== null) {
      exchange.backend = '';
      const rule = this.#match(head, port.rules);
      if (rule === null) return failures.routeNotFound;
      const backend = pickBackend(rule, random());
      if (backend === null || backend.cluster === null) {
        exchange.detail = backend?.invalidReason ?? 'no backend of the rule has weight';
        return failures.invalidBackend;
      }
      cluster = backend.cluster;
      exchange.backend = cluster.name;
    }
    exchange.appMajor = appMajorOf(head, cluster.protocol);
    exchange.cluster = cluster;
    const slot = balancer.pick(upstreams.slotsOf(cluster));
    if (slot !== null) return slot;
    return this.holdForEndpoint(request, noEndpoint) ? null : failures.noEndpoint;
  }

  #match(head: RequestHead, rules: readonly CompiledRule[]): CompiledRule | null {
    const request = this.#request.of(head);
    for (let i = 0; i < rules.length; i++) {
      if (rules[i]!.matches(request)) return rules[i]!;
    }
    return null;
  }

  #hold(request: ServedRequest, lookup: Extract<OutboundLookup, { kind: 'pending' }>): Failure | null {
    if (this.#heldCount >= this.#options.settings.limits.maxHeldRequests) return failures.discoveryOverflow;
    this.#heldCount++;
    const holdNumber = ++request.holdNumber;
    // Answered in a later turn even where the view answers at once: the connection is not held yet.
    lookup.wait((answer) => {
      this.#heldCount--;
      queueMicrotask(() => {
        const isStillPending = answer.kind === 'pending';
        request.resumeRouting(holdNumber, isStillPending ? { kind: 'timeout' } : answer);
      });
    });
    return null;
  }

  #seriesOf({ exchange }: ServedRequest): EdgeSeries {
    const { slot, destination } = exchange;
    if (slot === null) return this.#unroutedSeries(destination, exchange.backend);
    if (slot.series !== null && slot.seriesDestination === destination) return slot.series;
    const { mesh } = slot.endpoint;
    slot.series = this.#options.metrics.edge({
      direction: 'outbound',
      peer: endOf(slot.endpoint),
      service: destination,
      backend: slot.cluster,
      security: mesh === null ? 'plain' : 'mtls',
    });
    slot.seriesDestination = destination;
    return slot.series;
  }

  #unroutedSeries(destination: string, backend: string): EdgeSeries {
    const key = `${destination} ${backend}`;
    const known = this.#unrouted.get(key);
    if (known !== undefined) return known;
    const made = this.#options.metrics.edge({
      direction: 'outbound',
      peer: unknownEnd,
      service: destination,
      backend,
      security: 'plain',
    });
    if (this.#unrouted.size >= MAX_CACHED_SERIES) this.#unrouted.clear();
    this.#unrouted.set(key, made);
    return made;
  }
}

/** The string of the last request where the bytes are the same: nearly always, and it is hashed already. */
function authorityOf(request: ServedRequest, head: RequestHead): string {
  const { buffer, authorityStart, authorityEnd } = head;
  const { client } = request;
  const known = client.authority;
  const length = authorityEnd - authorityStart;
  let isSame = length === known.length;
  for (let i = 0; isSame && i < length; i++) isSame = buffer[authorityStart + i] === known.charCodeAt(i);
  if (isSame) return known;
  const authority = head.authority();
  client.authority = length <= MAX_CACHED_AUTHORITY ? authority : '';
  return authority;
}
