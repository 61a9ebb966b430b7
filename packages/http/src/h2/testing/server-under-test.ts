import type {
  MessageError,
  ServerConnectionHandler,
  ServerStream,
  ServerStreamHandler,
} from '../../exchange/exchange.ts';
import {
  defaultHttpLimits,
  defaultServerTimeouts,
  type H2Limits,
  type HttpLimits,
  type LimitName,
  type ServerTimeouts,
} from '../../exchange/limits.ts';
import { responseOf } from '../../h1/testing/parse.ts';
import { FieldSection } from '../../message/field-section.ts';
import type { RequestHead } from '../../message/request-head.ts';
import type { TransportError } from '../../transport/transport.ts';
import { H2ServerConnection } from '../h2-server-connection.ts';
import { MemoryTransport } from './memory-transport.ts';
import { type Fields, PREFACE } from './raw-frames.ts';
import { memoryPeer, type RawPeer } from './raw-peer.ts';
import { type FieldList, fieldList, SeenEvents } from './seen-events.ts';

/** A request as the application behind the server saw it, and the means to answer. */
export class ServerExchange extends SeenEvents implements ServerStreamHandler {
  readonly stream: ServerStream;
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly fields: FieldList;
  readonly isHttps: boolean;
  readonly isConnect: boolean;
  readonly protocol: string;
  readonly contentLength: number;
  /** The application has given its whole answer. */
  isAnswered = false;

  constructor(stream: ServerStream, head: RequestHead, isEnd: boolean) {
    super();
    this.stream = stream;
    this.method = head.method();
    this.path = head.path();
    this.authority = head.authority();
    this.fields = fieldList(head);
    this.isHttps = head.isHttps;
    this.isConnect = head.isConnect;
    this.protocol = head.upgradeProtocol();
    this.contentLength = head.contentLength;
    this.isEnded = isEnd;
  }

  respond(status: number, fields: Fields = [], isEnd = true): boolean {
    this.isAnswered ||= isEnd;
    return this.during(() => this.stream.sendResponse(responseHead(status, fields), null, null, isEnd));
  }

  interim(status: number, fields: Fields = []): void {
    this.during(() => this.stream.sendInterim(responseHead(status, fields)));
  }

  send(body: string | Buffer, isEnd = false): boolean {
    this.isAnswered ||= isEnd;
    const bytes = Buffer.from(body as string);
    return this.during(() => this.stream.sendBody(bytes, 0, bytes.length, isEnd));
  }

  sendTrailers(fields: Fields): void {
    this.during(() => this.stream.sendTrailers(fieldSection(fields)));
  }

  abort(reason: Parameters<ServerStream['abort']>[0] = 'cancel'): void {
    this.during(() => this.stream.abort(reason));
  }
}

/** Answers 200 with `ok` once the request has ended. */
export function answersAtEnd(exchange: ServerExchange): void {
  if (!exchange.isEnded) return;
  exchange.respond(200, [['content-length', '2']], false);
  exchange.send('ok', true);
}

/** The application, and the connection to it over memory, with a raw peer as the client. */
export class ServerUnderTest implements ServerConnectionHandler {
  readonly transport = new MemoryTransport();
  readonly peer: RawPeer;
  readonly connection: H2ServerConnection;
  readonly exchanges: ServerExchange[] = [];
  readonly badRequests: MessageError[] = [];
  readonly limitsHit: LimitName[] = [];
  readonly protocolErrors: number[] = [];
  closes = 0;
  nowMs = 1000;
  /** When a request came, and again when it has ended. */
  onExchange: (exchange: ServerExchange) => void = answersAtEnd;

  constructor(h2: Partial<H2Limits> = {}, more: Partial<HttpLimits & ServerTimeouts> = {}) {
    this.peer = memoryPeer(this.transport, false);
    this.connection = new H2ServerConnection(this.transport, this, {
      limits: { ...defaultHttpLimits, ...more, h2: { ...defaultHttpLimits.h2, ...h2 } },
      timeouts: { ...defaultServerTimeouts, ...more },
      observer: {
        onLimit: (name) => this.limitsHit.push(name),
        onProtocolError: (code) => this.protocolErrors.push(code),
      },
      nowMs: () => this.nowMs,
    });
  }

  /** With the preface sent and SETTINGS exchanged. */
  static async ready(...args: ConstructorParameters<typeof ServerUnderTest>): Promise<ServerUnderTest> {
    const server = new ServerUnderTest(...args);
    server.peer.send(PREFACE);
    await server.peer.handshake();
    return server;
  }

  /** Time passes, with a sweep at its end. */
  sweep(passedMs: number): void {
    this.nowMs += passedMs;
    this.connection.onSweep(this.nowMs);
  }

  onRequest(stream: ServerStream, head: RequestHead, isEnd: boolean): void {
    const exchange = new ServerExchange(stream, head, isEnd);
    this.exchanges.push(exchange);
    stream.handler = exchange;
    if (!isEnd) this.#watchEnd(exchange);
    this.onExchange(exchange);
  }

  onBadRequest(stream: ServerStream | null, error: MessageError): void {
    this.badRequests.push(error);
    if (stream === null) return;
    stream.handler = new SeenEvents();
    stream.sendResponse(responseHead(error.status, [['content-length', '0']]), null, null, true);
  }

  onClose(_error: TransportError | null): void {
    this.closes++;
  }

  #watchEnd(exchange: ServerExchange): void {
    const { onBody, onTrailers } = SeenEvents.prototype;
    exchange.onBody = (buffer, start, end, isEnd) => {
      onBody.call(exchange, buffer, start, end, isEnd);
      if (isEnd) this.onExchange(exchange);
    };
    exchange.onTrailers = (trailers) => {
      onTrailers.call(exchange, trailers);
      this.onExchange(exchange);
    };
  }
}

function responseHead(status: number, fields: Fields) {
  return responseOf(`HTTP/1.1 ${status} Reason\r\n${lines(fields)}\r\n`);
}

/** Fields in a section of their own, as trailers and additions are given. */
export function fieldSection(fields: Fields): FieldSection {
  const section = new FieldSection();
  const buffer = Buffer.from(lines(fields), 'latin1');
  section.clear(buffer, 0);
  let at = 0;
  for (const [name, value] of fields) {
    const i = section.count++;
    section.nameStart[i] = at;
    section.nameEnd[i] = at + name.length;
    section.valueStart[i] = at + name.length + 2;
    section.valueEnd[i] = at + name.length + 2 + value.length;
    section.flags[i] = 0;
    at += name.length + value.length + 4;
  }
  section.linesEnd = section.end = at;
  return section;
}

function lines(fields: Fields): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}
