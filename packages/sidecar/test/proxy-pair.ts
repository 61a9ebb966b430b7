import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TransportBackend } from '@tulle/http';
import { MetricsRegistry, silentLogger, systemClock } from '@tulle/runtime';
import { seededRandom, type TestAuthority, type TestCertificate } from '@tulle/testkit';
import type { OriginalDestination } from '../src/capture/original-destination.ts';
import type {
  Cluster,
  IdentityMaterial,
  IdentitySource,
  InboundRule,
  OutboundLookup,
  OutboundPort,
  UpstreamEndpoint,
} from '../src/config/mesh-view.ts';
import { tracingMetrics } from '../src/control-metrics.ts';
import { defaultForwarding, type ForwardingSettings } from '../src/proxy/forwarded-client.ts';
import { Proxy as MeshProxy } from '../src/proxy/proxy.ts';
import {
  type AccessLogFormat,
  type ProxyLimits,
  type ProxyTimeouts,
  proxySettings,
} from '../src/proxy/settings.ts';
import { Tracing, type TracingOptions } from '../src/tracing/tracing.ts';
import type { Cleanup } from './cleanup.ts';
import { RawClient } from './raw-client.ts';

export const host = '127.0.0.1';
export const clientId = 'spiffe://cluster.local/ns/shop/sa/client';
export const serverId = 'spiffe://cluster.local/ns/shop/sa/server';

export class TestIdentity implements IdentitySource {
  current: IdentityMaterial | null = null;
  readonly #listeners: ((material: IdentityMaterial) => void)[] = [];

  onChange(listener: (material: IdentityMaterial) => void): void {
    this.#listeners.push(listener);
  }

  set(certificate: TestCertificate, rootsPem = certificate.rootsPem): void {
    const generation = (this.current?.generation ?? 0) + 1;
    this.current = { ...certificate, rootsPem, trustDomain: 'cluster.local', generation };
    for (const listener of this.#listeners) listener(this.current);
  }
}

export type TestTracing = Pick<TracingOptions, 'settings' | 'limits'>;

export interface SidecarOptions {
  readonly backend: TransportBackend;
  readonly workload: string;
  readonly identity: TestIdentity;
  /** Default: json, kept in `accessLog`. */
  readonly accessLogFormat?: AccessLogFormat;
  readonly limits?: Partial<ProxyLimits>;
  readonly timeouts?: Partial<ProxyTimeouts>;
  /** Captured, if given. */
  readonly original?: OriginalDestination;
  readonly owner?: string;
  readonly forwarding?: ForwardingSettings;
  readonly tracing?: TestTracing;
  readonly unknownDestinations?: 'allow' | 'refuse';
}

/** A real Proxy on loopback, with views that the test fills in. */
export class TestSidecar {
  readonly proxy: MeshProxy;
  readonly tracing: Tracing | null;
  readonly metrics = new MetricsRegistry();
  readonly accessLog: Record<string, unknown>[] = [];
  /** By authority. */
  readonly services = new Map<string, OutboundLookup>();
  /** By `<address>:<port>`. */
  readonly addresses = new Map<string, OutboundLookup>();
  readonly #onInboundChange: (() => void)[] = [];
  readonly inboundPorts = new Set<number>();
  readonly inboundRules = new Map<number, InboundRule>();

  constructor(options: SidecarOptions) {
    const { limits = {}, timeouts = {}, forwarding = defaultForwarding } = options;
    this.tracing = this.#tracingOf(options);
    this.proxy = new MeshProxy({
      settings: proxySettings({
        host,
        workload: options.workload,
        backend: options.backend,
        capture: options.original === undefined ? 'none' : 'redirect',
        outboundPort: 0,
        inboundPort: 0,
        accessLog: options.accessLogFormat ?? 'json',
        forwarding,
        limits,
        // What has no endpoint is answered at once, but where a test is about the wait.
        timeouts: { endpointWaitMs: 0, ...timeouts },
      }),
      outbound: {
        lookup: (authority) => this.services.get(authority) ?? { kind: 'unknown-host' },
        lookupAddress: (address, port) => this.addresses.get(`${address}:${port}`) ?? { kind: 'outside' },
        unknownDestinations: options.unknownDestinations ?? 'allow',
      },
      originalDestination: options.original ?? null,
      inbound: {
        serviceOf: () => null,
        owner: options.owner ?? '',
        target: (port) => (this.inboundPorts.has(port) ? { host, port, label: 'shop/server:80' } : null),
        rule: (port) => this.inboundRules.get(port) ?? null,
        onChange: (listener) => {
          this.#onInboundChange.push(listener);
          return () => {};
        },
      },
      identity: options.identity,
      metrics: this.metrics,
      logger: silentLogger,
      clock: systemClock,
      random: seededRandom(7),
      ...(this.tracing === null ? {} : { tracers: this.tracing }),
      writeAccessLog: (line) => void this.accessLog.push(JSON.parse(line).access),
    });
  }

  #tracingOf({ tracing, workload }: SidecarOptions): Tracing | null {
    if (tracing === undefined) return null;
    const [namespace = '', name = ''] = workload.split('/');
    return new Tracing({
      ...tracing,
      workload: () => ({ name, namespace, pod: name }),
      clock: systemClock,
      random: seededRandom(11),
      metrics: tracingMetrics(this.metrics),
      logger: silentLogger,
    });
  }

  setRule(port: number, rule: InboundRule): void {
    this.inboundRules.set(port, rule);
    for (const listener of this.#onInboundChange) listener();
  }

  /** The value of `tulle_requests_total` for these label pairs, summed. */
  requests(...pairs: string[]): number {
    return this.sum('tulle_requests_total', pairs);
  }

  sum(name: string, pairs: readonly string[]): number {
    const lines = this.metrics.render().split('\n');
    const matching = lines.filter(
      (line) =>
        (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && pairs.every((p) => line.includes(p)),
    );
    return matching.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
  }
}

export function cluster(name: string, endpoints: readonly UpstreamEndpoint[]): Cluster {
  const [namespace = '', rest = ''] = name.split('/');
  const [service = '', port = '0'] = rest.split(':');
  return { name, namespace, service, port: Number(port), protocol: 'detect', endpoints };
}

export function plainEndpoint(port: number): UpstreamEndpoint {
  return { key: `${host}:${port}`, address: host, port, workload: '', owner: '', mesh: null };
}

export function meshEndpoint(port: number, meshPort: number, spiffeId = serverId): UpstreamEndpoint {
  return { ...plainEndpoint(port), workload: 'shop/server', mesh: { spiffeId, port: meshPort } };
}

export function found(to: Cluster, rules: OutboundPort['rules'] = null): OutboundLookup {
  return { kind: 'found', port: { rules, cluster: to } };
}

export interface Pair {
  readonly client: TestSidecar;
  readonly server: TestSidecar;
  readonly clientIdentity: TestIdentity;
  readonly serverIdentity: TestIdentity;
  /** An application beside the client's sidecar. */
  readonly tcp: RawClient;
}

export interface PairOptions {
  readonly backend: TransportBackend;
  readonly authority: TestAuthority;
  readonly cleanup: Cleanup;
  readonly limits?: Partial<ProxyLimits>;
  readonly timeouts?: Partial<ProxyTimeouts>;
  readonly forwarding?: ForwardingSettings;
  readonly tracing?: TestTracing;
}

/** Two sidecars that trust one authority. `server.shop` is served over mTLS, `plain.shop` without it. */
export async function startPair(options: PairOptions, originPort: number): Promise<Pair> {
  const { authority, cleanup, backend, limits = {}, timeouts = {} } = options;
  const clientIdentity = new TestIdentity();
  const serverIdentity = new TestIdentity();
  clientIdentity.set(await authority.issue({ spiffeId: clientId }));
  serverIdentity.set(await authority.issue({ spiffeId: serverId }));
  const { forwarding = defaultForwarding, tracing } = options;
  const shared = { backend, limits, timeouts, forwarding, ...(tracing === undefined ? {} : { tracing }) };
  const client = new TestSidecar({ ...shared, workload: 'shop/client', identity: clientIdentity });
  const server = new TestSidecar({ ...shared, workload: 'shop/server', identity: serverIdentity });
  for (const { proxy, tracing: started } of [client, server]) {
    await started?.start();
    cleanup.add(() => started?.stop(100));
    await proxy.start();
    cleanup.add(() => proxy.stop(0));
  }
  server.inboundPorts.add(originPort);
  const meshed = cluster('shop/server:80', [meshEndpoint(originPort, server.proxy.inboundPort)]);
  client.services.set('server.shop', found(meshed));
  client.services.set('plain.shop', found(cluster('shop/plain:80', [plainEndpoint(originPort)])));
  const tcp = new RawClient(client.proxy.outboundPort, cleanup);
  return { client, server, clientIdentity, serverIdentity, tcp };
}

/** An application made with node:http. */
export async function startApplication(
  cleanup: Cleanup,
  listener: RequestListener,
  port = 0,
): Promise<number> {
  const server = createHttpServer({ keepAliveTimeout: 60_000 }, listener);
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  cleanup.add(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** An application that answers with what it got: the body as it is, the rest for `seenBy`. */
export function startEcho(cleanup: Cleanup): Promise<number> {
  return startApplication(cleanup, (request, response) => {
    response.setHeader('x-seen', JSON.stringify({ url: request.url, headers: request.headers }));
    response.setHeader('x-method', request.method ?? '');
    request.pipe(response);
  });
}

/** What an echo got, from its answer. */
export function seenBy(text: string) {
  return JSON.parse(/x-seen: (.*)\r\n/i.exec(text)![1]!);
}

/** An application that says exactly what the test wants. */
export async function startRawApplication(
  cleanup: Cleanup,
  onConnection: (socket: Socket, number: number) => void,
): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket, sockets.size);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  cleanup.add(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
