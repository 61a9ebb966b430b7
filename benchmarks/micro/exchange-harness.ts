/**
 * A whole exchange on the outbound side without sockets, from the bytes of the request to those of the response:
 * what proxy-exchange.ts and tracing.ts measure.
 */
import {
  type ClientConnectionOwner,
  H1ClientConnection,
  H1ServerConnection,
  type Transport,
  type TransportHandler,
} from '@tulle/http';
import { MetricsRegistry, systemClock } from '@tulle/runtime';
import type { Cluster, OutboundLookup } from '../../packages/sidecar/src/config/mesh-view.ts';
import { RequestMetrics } from '../../packages/sidecar/src/metrics.ts';
import { AccessLog } from '../../packages/sidecar/src/proxy/access-log.ts';
import { TwoChoices } from '../../packages/sidecar/src/proxy/balancer.ts';
import { DownstreamConnection } from '../../packages/sidecar/src/proxy/downstream-connection.ts';
import type { OpenConnection } from '../../packages/sidecar/src/proxy/downstream-context.ts';
import { EndpointWaits } from '../../packages/sidecar/src/proxy/endpoint-waits.ts';
import { OutboundStack } from '../../packages/sidecar/src/proxy/outbound-stack.ts';
import { OverloadGuard } from '../../packages/sidecar/src/proxy/overload/overload-guard.ts';
import { OverloadMetrics } from '../../packages/sidecar/src/proxy/overload/overload-metrics.ts';
import { OwnFields } from '../../packages/sidecar/src/proxy/own-fields.ts';
import { RelayPool } from '../../packages/sidecar/src/proxy/relay-pool.ts';
import { RequestCopies } from '../../packages/sidecar/src/proxy/request-copy.ts';
import { Retries } from '../../packages/sidecar/src/proxy/retries.ts';
import { RetryBudget } from '../../packages/sidecar/src/proxy/retry-budget.ts';
import { proxySettings, serverTimeouts } from '../../packages/sidecar/src/proxy/settings.ts';
import { Sweep } from '../../packages/sidecar/src/proxy/sweep.ts';
import { Upstreams } from '../../packages/sidecar/src/proxy/upstreams.ts';
import type { RequestTracer } from '../../packages/sidecar/src/tracing/request-tracer.ts';

const requestLines =
  'GET /catalog/items/42 HTTP/1.1\r\nHost: catalog.shop\r\nUser-Agent: bench\r\nAccept: */*\r\n';
const response = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1024\r\n\r\n${'x'.repeat(1024)}`,
);

let written = 0;
const sink = {
  handler: null as TransportHandler | null,
  queuedBytes: 0,
  write(_buffer: Buffer, start: number, end: number): boolean {
    written += end - start;
    return true;
  },
  pause() {},
  resume() {},
  end() {},
  abort() {},
};

let upstream: TransportHandler | null = null;
const settings = proxySettings({ host: '', workload: 'shop/web', backend: 'socket', accessLog: 'off' });
const { limits, timeouts } = settings;
const sweep = new Sweep(systemClock);
const codecOptions = {
  limits,
  observer: { onLimit() {}, onProtocolError() {} },
  nowMs: () => sweep.nowMs,
};
const dialer = {
  generation: 1,
  dial(_endpoint: unknown, _httpMajor: 1 | 2, owner: ClientConnectionOwner): H1ClientConnection {
    const connection = new H1ClientConnection(owner, codecOptions);
    connection.transport = { ...sink } as unknown as Transport;
    upstream = connection;
    connection.onConnect();
    return connection;
  },
};
const none = () => 0;
const metrics = new RequestMetrics(new MetricsRegistry(), {
  inbound: none,
  outbound: none,
  upstream: none,
  bulk: none,
  pending: none,
  avoided: none,
});
const upstreams = new Upstreams({ dialer, limits, timeouts, sweep, metrics, random: Math.random });

function lookupOneEndpoint(): OutboundLookup {
  const endpoints = [
    { key: '10.0.0.1:80', address: '10.0.0.1', port: 80, workload: '', owner: '', mesh: null },
  ];
  const cluster: Cluster = {
    name: 'shop/catalog:80',
    namespace: 'shop',
    service: 'catalog',
    port: 80,
    protocol: 'http',
    endpoints,
  };
  return { kind: 'found', port: { rules: null, cluster } };
}

export interface ExchangeOptions {
  readonly tracer: RequestTracer;
  /** Of the request, beside those of a browser; each with its CRLF. */
  readonly lines?: string;
}

/** One call is one exchange with the one endpoint of a service. */
export function exchangeWith({ tracer, lines = '' }: ExchangeOptions): () => void {
  const request = Buffer.from(`${requestLines}${lines}\r\n`);
  const services = new Map([['catalog.shop', lookupOneEndpoint()]]);
  const stack = new OutboundStack({
    settings,
    view: {
      lookup: (authority) => services.get(authority) ?? { kind: 'unknown-host' },
      lookupAddress: () => ({ kind: 'outside' }),
      unknownDestinations: 'allow',
    },
    upstreams,
    balancer: new TwoChoices(Math.random),
    waits: new EndpointWaits({ upstreams, clock: systemClock, maxWaiting: 0, waitMs: 0, count() {} }),
    metrics,
    accessLog: new AccessLog({
      format: 'off',
      clock: systemClock,
      own: () => metrics.own,
      write() {},
      onOmitted() {},
    }),
    random: Math.random,
    monotonicMs: () => systemClock.monotonicMs(),
  });
  const transport = { ...sink } as unknown as Transport;
  const serverOptions = { ...codecOptions, timeouts: serverTimeouts(timeouts) };
  const context = {
    settings,
    stack,
    clock: systemClock,
    sweep,
    metrics,
    mayUpstreamEnd: () => false,
    overload: new OverloadGuard({ limits, metrics: new OverloadMetrics(new MetricsRegistry()) }),
    tracer,
    ownFields: new OwnFields(),
    copies: new RequestCopies(limits.maxReplayBytes),
    retries: new Retries({ stack, budget: new RetryBudget(0), count() {} }),
    connections: new Set<OpenConnection>(),
    capturesText: false,
    serverOptions,
  };
  new DownstreamConnection(
    new RelayPool(context),
    { peer: null, captured: null },
    (handler) => new H1ServerConnection(transport, handler, serverOptions),
  );
  return () => {
    transport.handler.onData(request, 0, request.length);
    upstream!.onData(response, 0, response.length);
  };
}

/** Of requests and responses, by all exchanges so far. */
export function writtenBytes(): number {
  return written;
}
