import { type Clock, TokenBucket } from '@tulle/runtime';
import type { EdgeEnd, TcpEdgeLabels } from '../metrics.ts';
import type { Exchange } from './exchange.ts';
import type { ResponseFlag } from './failure.ts';
import type { AccessLogFormat } from './settings.ts';

export interface AccessLogOptions {
  readonly format: AccessLogFormat;
  readonly clock: Clock;
  /** This workload. */
  readonly own: () => EdgeEnd;
  /** Gets whole lines. */
  write(line: string): void;
  /** A line that `errors` is not to write any more. */
  onOmitted(): void;
}

/** Of `errors`, which sidecars on Kubernetes have by default: some 14 kB a second, however much fails. */
const errorLimits = { burst: 100, perSecond: 10 } as const;

/** The far side of an exchange or connection, for its line. */
export interface LoggedPeer {
  readonly direction: 'inbound' | 'outbound';
  readonly peer: EdgeEnd;
  readonly security: 'mtls' | 'plain';
}

/** A relayed connection that has ended, or could not be relayed. */
export interface EndedConnection extends TcpEdgeLabels {
  /** `<address>:<port>` that it was relayed to, or empty. */
  readonly endpoint: string;
  /** Of its ClientHello, or empty. */
  readonly serverName: string;
  readonly flag: ResponseFlag;
  /** As of a Failure, or empty. */
  readonly reason: string;
  readonly detail: string;
  /** What allowed or refused it, where a policy did. */
  readonly policy: string;
  readonly durationMs: number;
  /** By whoever opened it. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

type Entry = Readonly<Record<string, string | number>>;

/**
 * One line an exchange or connection; with `errors` only where a response flag says that it went wrong, as JSON, without
 * what stands in queries, and within a budget.
 */
export class AccessLog {
  readonly #options: AccessLogOptions;
  readonly #errorLines: TokenBucket;
  /** Since the last line. */
  #omitted = 0;

  constructor(options: AccessLogOptions) {
    this.#options = options;
    this.#errorLines = new TokenBucket({ ...errorLimits, clock: options.clock });
  }

  /** Asked once before each line, which then is to be written. */
  wants({ flag }: { readonly flag: ResponseFlag }): boolean {
    const { format, onOmitted } = this.#options;
    if (format !== 'errors') return format !== 'off';
    if (flag === '') return false;
    if (this.#errorLines.take()) return true;
    this.#omitted++;
    onOmitted();
    return false;
  }

  /** Of a request; ask wants() first. */
  line(peer: LoggedPeer, exchange: Exchange, durationMs: number): void {
    const { text } = exchange;
    const path = this.#options.format === 'errors' ? withoutQuery(text.path) : text.path;
    this.#write(peer.direction, `${text.method} ${path}`, {
      method: text.method,
      path,
      authority: text.authority,
      protocol: exchange.isGrpc ? 'grpc' : `http${exchange.appMajor}`,
      ...this.#endsOf(peer),
      destination: exchange.destination,
      backend: exchange.backend,
      endpoint: exchange.slot?.endpoint.key ?? '',
      security: peer.security,
      code: exchange.code,
      grpcStatus: exchange.grpcStatus < 0 ? '' : exchange.grpcStatus,
      flag: exchange.flag,
      reason: exchange.reason,
      detail: exchange.detail,
      policy: exchange.policy,
      durationMs: rounded(durationMs),
      requestBytes: exchange.requestBytes,
      responseBytes: exchange.responseBytes,
      requestId: text.requestId,
      traceId: text.traceId,
    });
  }

  /** Of a relayed connection; ask wants() first. */
  connectionLine(connection: EndedConnection): void {
    const { protocol, service, endpoint, serverName, security } = connection;
    const { flag, reason, detail, policy, durationMs, sentBytes, receivedBytes } = connection;
    this.#write(connection.direction, protocol, {
      protocol,
      serverName,
      ...this.#endsOf(connection),
      destination: service,
      endpoint,
      security,
      flag,
      reason,
      detail,
      policy,
      durationMs: rounded(durationMs),
      sentBytes,
      receivedBytes,
    });
  }

  #endsOf({ direction, peer }: LoggedPeer): Entry {
    const own = this.#options.own();
    const [source, destination] = direction === 'inbound' ? [peer, own] : [own, peer];
    return {
      sourceWorkload: nameOf(source),
      sourceIdentity: source.identity,
      destinationWorkload: nameOf(destination),
      destinationIdentity: destination.identity,
    };
  }

  #write(direction: string, what: string, fields: Entry): void {
    const { format, clock, write } = this.#options;
    const time = new Date(clock.nowMs()).toISOString();
    if (format === 'text') write(`${time} ${direction} ${quoted(what)} ${textOf(fields)}\n`);
    else write(`${JSON.stringify({ access: { time, direction, ...fields, ...this.#takeOmitted() } })}\n`);
  }

  #takeOmitted(): Entry {
    const omitted = this.#omitted;
    this.#omitted = 0;
    return omitted === 0 ? {} : { omitted };
  }
}

/** Queries hold what is whose: what nobody asked to be logged keeps them out. */
function withoutQuery(path: string): string {
  const question = path.indexOf('?');
  return question < 0 ? path : path.slice(0, question + 1);
}

function nameOf({ namespace, workload }: EdgeEnd): string {
  return `${namespace}/${workload}`;
}

function rounded(durationMs: number): number {
  return Math.round(durationMs * 1_000) / 1_000;
}

/** Values come from clients: what could end a line or leave its quotes is escaped. */
function textOf({ method: _method, path: _path, ...rest }: Entry): string {
  return Object.entries(rest)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${typeof value === 'string' ? quoted(value) : value}`)
    .join(' ');
}

function quoted(value: string): string {
  return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
}
