/** The application behind a server's connection: behaves as the input's first byte says. */
import type {
  MessageError,
  ServerConnectionHandler,
  ServerStream,
  ServerStreamHandler,
  StreamFailure,
} from '../../src/exchange/exchange.ts';
import { sendLocalResponse } from '../../src/exchange/local-response.ts';
import { responseOf } from '../../src/h1/testing/parse.ts';
import type { FieldSection } from '../../src/message/field-section.ts';
import type { RequestHead } from '../../src/message/request-head.ts';
import { mustHold } from './fuzz-target.ts';
import type { Random } from './random.ts';
import { ABORTS, BODY, Received, SIZES, sectionText } from './received.ts';

const SWITCH = 'HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n';

export class FuzzServer implements ServerConnectionHandler {
  readonly exchanges: FuzzServerExchange[] = [];
  readonly badRequests: string[] = [];
  closes = 0;
  /** What a nervous exchange may do to the connection. */
  onNervous: (random: Random) => void = () => {};
  readonly #random: Random;
  readonly #isCalm: boolean;

  constructor(random: Random, isCalm: boolean) {
    this.#random = random;
    this.#isCalm = isCalm;
  }

  onRequest(stream: ServerStream, head: RequestHead, isEnd: boolean): void {
    mustHold(this.closes === 0, 'no request after onClose');
    const mode = this.#random.below(this.#isCalm ? 4 : 12);
    const exchange = new FuzzServerExchange(stream, head, isEnd, mode, this.#random);
    this.exchanges.push(exchange);
    stream.handler = exchange;
    exchange.begin();
    if (!this.#isCalm && this.#random.oneIn(8)) this.onNervous(this.#random);
  }

  onBadRequest(stream: ServerStream | null, error: MessageError): void {
    mustHold(this.closes === 0, 'no request after onClose');
    this.badRequests.push(error.code);
    if (stream === null) return;
    stream.handler = new IgnoringHandler();
    sendLocalResponse(stream, error.status, [], error.reason);
  }

  onClose(): void {
    this.closes++;
    mustHold(this.closes === 1, 'onClose comes once');
  }

  /** The connection was aborted by us: no stream hears of it. */
  gaveUp(): void {
    for (const { received } of this.exchanges) received.isOver = true;
  }

  /** What came in, request by request. */
  get text(): string {
    const requests = this.exchanges.map(({ text }) => text).join('---\n');
    return `${requests}=== ${this.badRequests.join()}`;
  }
}

class IgnoringHandler implements ServerStreamHandler {
  onBody(): void {}
  onTrailers(): void {}
  onDrain(): void {}
  onAbort(): void {}
}

export class FuzzServerExchange implements ServerStreamHandler {
  readonly received = new Received();
  readonly stream: ServerStream;
  readonly method: string;
  readonly target: string;
  readonly #head: string;
  readonly #mode: number;
  readonly #random: Random;
  readonly asksForTunnel: boolean;
  readonly #isConnect: boolean;
  trailers = '';
  #failure = '';
  #hasResponded = false;

  constructor(stream: ServerStream, head: RequestHead, isEnd: boolean, mode: number, random: Random) {
    this.stream = stream;
    this.#mode = mode;
    this.#random = random;
    this.asksForTunnel = head.asksForTunnel;
    this.received.hasEnded = isEnd;
    this.#isConnect = head.isConnect;
    this.method = head.method();
    this.target = head.path();
    this.#head = `${head.method()} ${head.path()} ${head.authority()} ${head.upgradeProtocol()}\n${sectionText(head)}`;
  }

  get text(): string {
    return `${this.#head}${this.received.outcome} ${this.trailers} ${this.#failure}`;
  }

  begin(): void {
    const mode = this.#mode;
    if (mode === 1 && this.#random.oneIn(2))
      this.#call(() => this.stream.sendInterim(responseOf('HTTP/1.1 103 Early\r\nlink: a\r\n\r\n')));
    if (mode === 4) this.#respond(this.asksForTunnel ? 403 : 200, this.#random.pick(SIZES));
    else if (mode === 5) this.#give();
    else if (mode === 6) this.#call(() => this.stream.pause());
    else if (mode === 7) this.#openResponse();
    else if (mode === 8) return;
    else if (this.asksForTunnel || this.received.hasEnded) this.#answer();
  }

  onBody(buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    this.received.note('onBody', isEnd);
    this.received.body(buffer, start, end);
    if (this.#mode === 7) this.#call(() => this.stream.sendBody(buffer, start, end, isEnd));
    if (this.#mode === 7 && isEnd) this.#over();
    else if (isEnd) this.#answer();
    else this.#fidget();
  }

  onTrailers(trailers: FieldSection): void {
    this.received.note('onTrailers', true);
    this.trailers = sectionText(trailers);
    if (this.#mode === 7) {
      this.#call(() => this.stream.sendTrailers(trailers));
      this.#over();
    } else this.#answer();
  }

  onDrain(): void {
    this.received.note('onDrain', false);
  }

  onAbort(failure: StreamFailure): void {
    this.received.note('onAbort', false);
    this.#failure = failure.kind;
    if (failure.kind === 'protocol') {
      this.#failure += failure.error.code;
      if (this.stream.canRespond) sendLocalResponse(this.stream, failure.error.status, [], '');
    }
  }

  /** From outside of any event. */
  poke(): void {
    if (this.received.isOver) return;
    if (this.#mode === 6) this.#call(() => this.stream.resume());
    else if (this.#mode >= 9) this.#fidget();
  }

  #fidget(): void {
    if (this.#mode < 9 || this.received.isOver) return;
    const choice = this.#random.below(6);
    if (choice === 0) this.#call(() => this.stream.pause());
    else if (choice === 1) this.#call(() => this.stream.resume());
    else if (choice === 2) this.#give();
    else if (choice === 3) this.#openResponse();
    else if (this.#hasResponded)
      this.#call(() => this.stream.sendBody(BODY, 0, this.#random.pick(SIZES), false));
  }

  #answer(): void {
    if (this.received.isOver) return;
    const status = this.#mode === 2 ? 204 : this.#mode === 3 ? 304 : 200;
    if (this.#hasResponded) this.#end();
    else if (this.asksForTunnel && this.#mode % 2 === 0) this.#openResponse();
    else this.#respond(this.asksForTunnel ? 403 : status, this.#mode === 0 ? 5 : 0);
  }

  /** A whole response. */
  #respond(status: number, bodyBytes: number): void {
    if (this.#hasResponded || !this.stream.canRespond) return;
    this.#hasResponded = true;
    this.received.isOver = true;
    this.received.during(() =>
      sendLocalResponse(this.stream, status, [['x-a', 'b']], BODY.subarray(0, bodyBytes)),
    );
  }

  /** The head of one whose end is not known yet. */
  #openResponse(): void {
    if (this.#hasResponded || !this.stream.canRespond) return;
    this.#hasResponded = true;
    const isSwitch = this.asksForTunnel && !this.#isConnect;
    const head = responseOf(isSwitch ? SWITCH : 'HTTP/1.1 200 OK\r\nx-a: b\r\n\r\n');
    if (!this.#call(() => this.stream.sendResponse(head, null, null, false))) this.#give();
    else if (this.#mode === 7 && this.received.hasEnded && !this.asksForTunnel) this.#end();
  }

  #end(): void {
    this.#over();
    this.received.during(() => this.stream.sendBody(BODY, 0, 1, true));
  }

  #give(): void {
    this.received.isOver = true;
    this.received.during(() => this.stream.abort(this.#random.pick(ABORTS)));
  }

  /** A tunnel goes on until both ends have closed. */
  #over(): void {
    if (!this.asksForTunnel || this.received.hasEnded) this.received.isOver = true;
  }

  #call<T>(call: () => T): T {
    return this.received.during(call);
  }
}
