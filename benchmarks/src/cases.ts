/** What the client speaks to the proxy, and with one hop the proxy to the application. */
export type Protocol = 'h1' | 'h2c' | 'grpc';

/** What a subject and the application behind it are set up for. */
export interface Setup {
  readonly protocol: Protocol;
  /** Two hops: a proxy at either end, mutual TLS between them. */
  readonly hops: 1 | 2;
  /** Of a response; with gRPC of a message, both ways. */
  readonly bodyBytes: number;
}

/** A closed loop of requests; its figure is CPU a request. */
export interface LoadCase extends Setup {
  readonly kind: 'load';
  readonly name: string;
  readonly connections: number;
  /** Concurrent requests on each connection. */
  readonly streams: number;
}

/** Connections that were used once and are kept; its figure is memory a connection. */
export interface IdleCase extends Setup {
  readonly kind: 'idle';
  readonly name: string;
}

export type BenchmarkCase = LoadCase | IdleCase;

const shapes = [
  { base: 'one-hop-h1', protocol: 'h1', hops: 1 },
  { base: 'one-hop-h2c', protocol: 'h2c', hops: 1 },
  { base: 'one-hop-grpc', protocol: 'grpc', hops: 1 },
  { base: 'two-hop-mtls', protocol: 'h1', hops: 2 },
] as const;

/** Larger bodies with fewer requests at a time. */
const sizes = [
  { suffix: '', bodyBytes: 1024, atOnce: 64 },
  { suffix: '-64k', bodyBytes: 64 * 1024, atOnce: 32 },
  { suffix: '-1m', bodyBytes: 1024 * 1024, atOnce: 32 },
] as const;

const h2Connections = 8;

/** Every case of the comparison, by name. */
export const benchmarkCases: readonly BenchmarkCase[] = [
  ...shapes.flatMap((shape) => sizes.map((size) => loadCase(shape, size))),
  { kind: 'idle', name: 'idle-h1', protocol: 'h1', hops: 1, bodyBytes: 1024 },
  { kind: 'idle', name: 'idle-h2c', protocol: 'h2c', hops: 1, bodyBytes: 1024 },
];

/** Without names: the cases with small bodies. A name that is not a case's selects those that begin with it. */
export function selectCases(
  names: readonly string[],
  isAll: boolean,
): { chosen: readonly BenchmarkCase[]; unknown: readonly string[] } {
  if (isAll) return { chosen: benchmarkCases, unknown: [] };
  if (names.length === 0) return { chosen: shapes.map(({ base }) => find(base)!), unknown: [] };
  const unknown = names.filter((name) => matching(name).length === 0);
  const wanted = new Set(names.flatMap(matching));
  return { chosen: benchmarkCases.filter((one) => wanted.has(one)), unknown };
}

function matching(name: string): readonly BenchmarkCase[] {
  const exact = find(name);
  return exact === undefined ? benchmarkCases.filter((one) => one.name.startsWith(name)) : [exact];
}

function find(name: string): BenchmarkCase | undefined {
  return benchmarkCases.find((one) => one.name === name);
}

function loadCase(
  { base, protocol, hops }: (typeof shapes)[number],
  { suffix, bodyBytes, atOnce }: (typeof sizes)[number],
): LoadCase {
  const connections = protocol === 'h1' ? atOnce : h2Connections;
  const name = base + suffix;
  return {
    kind: 'load',
    name,
    protocol,
    hops,
    bodyBytes,
    connections,
    streams: atOnce / connections,
  };
}
