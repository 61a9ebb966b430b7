/**
 * What the client speaks to the proxy, and with one hop the proxy to the application. `tcp`: the application's
 * HTTP/1.1, of which the proxies see bytes.
 */
export type Protocol = 'h1' | 'h2c' | 'grpc' | 'tcp';

/** What a subject and the application behind it are set up for. */
export interface Setup {
  readonly protocol: Protocol;
  /** Two hops: a proxy at either end, mutual TLS between them. */
  readonly hops: 1 | 2;
  /** Of a response; with gRPC of a message, both ways. */
  readonly bodyBytes: number;
}

/** Where connections are opened to: as an application does, or with mutual TLS as the sidecar of a peer. */
export type Door = 'application' | 'peer';

/** A closed loop of requests; its figure is CPU a request. */
export interface LoadCase extends Setup {
  readonly kind: 'load';
  readonly name: string;
  readonly connections: number;
  /** Concurrent requests on each connection. */
  readonly streams: number;
}

/** Requests at a steady rate, sent when they are due; its figures are latency and CPU a request. */
export interface RateCase extends Setup {
  readonly kind: 'rate';
  readonly name: string;
  readonly connections: number;
  readonly requestsPerSecond: number;
}

/** Connections that are opened, used once and closed; its figure is CPU a connection. */
export interface ChurnCase extends Setup {
  readonly kind: 'churn';
  readonly name: string;
  readonly door: Door;
  /** Whether TLS sessions are resumed. */
  readonly resumes: boolean;
  /** Open at a time. */
  readonly connections: number;
}

/** Connections that were used once and are kept; its figure is memory a connection. */
export interface IdleCase extends Setup {
  readonly kind: 'idle';
  readonly name: string;
  readonly door: Door;
  readonly mostConnections: number;
}

/** One proxy that has started and has nothing to do; its figure is memory. */
export interface MemoryCase extends Setup {
  readonly kind: 'memory';
  readonly name: string;
}

export type BenchmarkCase = LoadCase | RateCase | ChurnCase | IdleCase | MemoryCase;

/** Larger bodies with fewer requests at a time. */
const sizes = [
  { suffix: '', bodyBytes: 1024, atOnce: 64 },
  { suffix: '-64k', bodyBytes: 64 * 1024, atOnce: 32 },
  { suffix: '-1m', bodyBytes: 1024 * 1024, atOnce: 32 },
] as const;

const h2Connections = 8;
const small = { bodyBytes: 1024 } as const;
const oneHopH1 = { protocol: 'h1', hops: 1, ...small } as const;
const twoHops = { protocol: 'h1', hops: 2, ...small } as const;

/** Every case of the comparison, by name. */
export const benchmarkCases: readonly BenchmarkCase[] = [
  ...sizes.map((size) => loadCase(`one-hop-h1${size.suffix}`, 'h1', 1, size)),
  ...sizes.map((size) => loadCase(`one-hop-h2c${size.suffix}`, 'h2c', 1, size)),
  ...sizes.map((size) => loadCase(`one-hop-grpc${size.suffix}`, 'grpc', 1, size)),
  ...sizes.map((size) => loadCase(`two-hop-mtls${size.suffix}`, 'h1', 2, size)),
  loadCase('two-hop-tcp-round-trips', 'tcp', 2, sizes[0]),
  loadCase('two-hop-tcp-bulk', 'tcp', 2, { bodyBytes: 256 * 1024, atOnce: 64 }),
  { kind: 'rate', name: 'latency-3200rps', ...twoHops, connections: 64, requestsPerSecond: 3_200 },
  churnCase('connection-churn-plain', oneHopH1, 'application', false),
  churnCase('connection-churn-mtls-full', twoHops, 'peer', false),
  churnCase('connection-churn-mtls-resumed', twoHops, 'peer', true),
  { kind: 'memory', name: 'idle-memory', ...oneHopH1 },
  idleCase('idle-connections-h1', oneHopH1, 'application', 10_000),
  idleCase('idle-connections-h2c', { ...oneHopH1, protocol: 'h2c' }, 'application', 10_000),
  idleCase('idle-connections-mtls', twoHops, 'peer', 1_000),
];

/** When none is named. */
const usualCases = ['one-hop-h1', 'one-hop-h2c', 'one-hop-grpc', 'two-hop-mtls'];

/** Without names: the usual cases. A name that is not a case's selects those that begin with it. */
export function selectCases(
  names: readonly string[],
  isAll: boolean,
): { chosen: readonly BenchmarkCase[]; unknown: readonly string[] } {
  if (isAll) return { chosen: benchmarkCases, unknown: [] };
  const given = names.length === 0 ? usualCases : names;
  const unknown = given.filter((name) => matching(name).length === 0);
  const wanted = new Set(given.flatMap(matching));
  return { chosen: benchmarkCases.filter((one) => wanted.has(one)), unknown };
}

function matching(name: string): readonly BenchmarkCase[] {
  const exact = benchmarkCases.find((one) => one.name === name);
  return exact === undefined ? benchmarkCases.filter((one) => one.name.startsWith(name)) : [exact];
}

/** What client and application speak, whatever the proxies see of it. */
export function speaksH1(protocol: Protocol): boolean {
  return protocol === 'h1' || protocol === 'tcp';
}

function loadCase(
  name: string,
  protocol: Protocol,
  hops: 1 | 2,
  { bodyBytes, atOnce }: { readonly bodyBytes: number; readonly atOnce: number },
): LoadCase {
  const connections = speaksH1(protocol) ? atOnce : h2Connections;
  return { kind: 'load', name, protocol, hops, bodyBytes, connections, streams: atOnce / connections };
}

function churnCase(name: string, setup: Setup, door: Door, resumes: boolean): ChurnCase {
  return { kind: 'churn', name, ...setup, door, resumes, connections: 16 };
}

function idleCase(name: string, setup: Setup, door: Door, mostConnections: number): IdleCase {
  return { kind: 'idle', name, ...setup, door, mostConnections };
}
