/**
 * The smallest proxy on the exchange model: events of one side become calls on the other. It knows no
 * routes and no deadlines; what fails upstream is answered 502 while it still can be.
 */
import type { RequestHead } from '../../message/request-head.ts';
import type { ResponseHead } from '../../message/response-head.ts';
import type { TransportError } from '../../transport/transport.ts';
import type {
  ClientConnection,
  ClientConnectionOwner,
  ClientStream,
  ClientStreamHandler,
  MessageError,
  ServerConnectionHandler,
  ServerStream,
  ServerStreamHandler,
  StreamFailure,
} from '../exchange.ts';
import { sendLocalResponse } from '../local-response.ts';

export class Forwarder implements ServerConnectionHandler, ClientConnectionOwner {
  /** What went wrong, for a test to look at. */
  readonly failures: StreamFailure[] = [];
  readonly badRequests: MessageError[] = [];
  readonly connections = new Set<ClientConnection>();
  closedCount = 0;
  readonly #dial: (owner: ClientConnectionOwner) => ClientConnection;

  /** `dial` makes a connection to the one upstream and assigns its transport. */
  constructor(dial: (owner: ClientConnectionOwner) => ClientConnection) {
    this.#dial = dial;
  }

  onRequest(stream: ServerStream, head: RequestHead, isEnd: boolean): void {
    const exchange = new ForwardedExchange(stream, this.failures);
    stream.handler = exchange.requestSide;
    exchange.begin(this.#take(), head, isEnd);
  }

  onBadRequest(stream: ServerStream | null, error: MessageError): void {
    this.badRequests.push(error);
    if (stream !== null) answer(stream, error.status, error.reason);
  }

  onClose(): void {
    this.closedCount++;
  }

  onCapacity(): void {}

  onRetiring(): void {}

  onClosed(connection: ClientConnection, _error: TransportError | null): void {
    this.connections.delete(connection);
  }

  /** Closes what leads upstream. */
  abort(): void {
    for (const connection of this.connections) connection.abort();
  }

  #take(): ClientConnection {
    for (const connection of this.connections) {
      if (connection.capacity > 0) return connection;
    }
    const connection = this.#dial(this);
    this.connections.add(connection);
    return connection;
  }
}

class ForwardedExchange {
  server: ServerStream | null;
  client: ClientStream | null = null;
  readonly requestSide: RequestSide = new RequestSide(this);
  readonly failures: StreamFailure[];
  #asksForTunnel = false;
  #isTunnel = false;
  #hasRequestEnded = false;
  #hasResponseEnded = false;

  constructor(server: ServerStream, failures: StreamFailure[]) {
    this.server = server;
    this.failures = failures;
  }

  begin(connection: ClientConnection, head: RequestHead, isEnd: boolean): void {
    this.#asksForTunnel = head.asksForTunnel;
    this.#hasRequestEnded = isEnd;
    this.client = connection.open(new ResponseSide(this));
    if (this.client.sendRequest(head, null, null, isEnd)) return;
    this.client.abort('internal');
    this.client = null;
    this.fail(431, 'the head does not fit');
  }

  opened(head: ResponseHead): void {
    const isSuccess = head.status === 101 || (head.status >= 200 && head.status < 300);
    this.#isTunnel = this.#asksForTunnel && isSuccess;
  }

  requestEnded(): void {
    this.#hasRequestEnded = true;
    this.#letGo();
  }

  responseEnded(): void {
    this.#hasResponseEnded = true;
    this.#letGo();
  }

  /** Answers, while nothing of another answer has gone out; else breaks off. */
  fail(status: number, reason: string): void {
    const { server } = this;
    this.server = null;
    if (server === null) return;
    if (server.canRespond) answer(server, status, reason);
    else server.abort('internal');
  }

  /** Both streams may serve others from now on. */
  #letGo(): void {
    if (!this.#hasResponseEnded || (this.#isTunnel && !this.#hasRequestEnded)) return;
    this.server = null;
    this.client = null;
  }
}

/** Events of the request, calls on the client stream. */
class RequestSide implements ServerStreamHandler {
  readonly #exchange: ForwardedExchange;

  constructor(exchange: ForwardedExchange) {
    this.#exchange = exchange;
  }

  onBody(buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    const { client, server } = this.#exchange;
    if (isEnd) this.#exchange.requestEnded();
    if (client === null) return;
    if (!client.sendBody(buffer, start, end, isEnd) && !isEnd) server?.pause();
  }

  onTrailers(trailers: Parameters<ServerStreamHandler['onTrailers']>[0]): void {
    const { client } = this.#exchange;
    this.#exchange.requestEnded();
    client?.sendTrailers(trailers);
  }

  /** The client takes more: the upstream may go on. */
  onDrain(): void {
    this.#exchange.client?.resume();
  }

  onAbort(failure: StreamFailure): void {
    const { client } = this.#exchange;
    this.#exchange.failures.push(failure);
    this.#exchange.client = null;
    client?.abort('cancel');
    const status = failure.kind === 'protocol' ? failure.error.status : 0;
    if (status > 0 && this.#exchange.server?.canRespond === true) {
      this.#exchange.fail(status, failure.kind === 'protocol' ? failure.error.reason : '');
    }
    this.#exchange.server = null;
  }
}

/** Events of the response, calls on the server stream. */
class ResponseSide implements ClientStreamHandler {
  readonly #exchange: ForwardedExchange;

  constructor(exchange: ForwardedExchange) {
    this.#exchange = exchange;
  }

  onInterim(head: ResponseHead): void {
    this.#exchange.server?.sendInterim(head);
  }

  onResponse(head: ResponseHead, isEnd: boolean): void {
    const { server, client } = this.#exchange;
    this.#exchange.opened(head);
    if (isEnd) this.#exchange.responseEnded();
    if (server === null || server.sendResponse(head, null, null, isEnd)) return;
    if (!isEnd) client?.abort('internal');
    this.#exchange.server = server;
    this.#exchange.fail(502, 'the head of the response does not fit');
  }

  onBody(buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    const { server, client } = this.#exchange;
    if (isEnd) this.#exchange.responseEnded();
    if (server === null) return;
    if (!server.sendBody(buffer, start, end, isEnd) && !isEnd) client?.pause();
  }

  onTrailers(trailers: Parameters<ClientStreamHandler['onTrailers']>[0]): void {
    const { server } = this.#exchange;
    this.#exchange.responseEnded();
    server?.sendTrailers(trailers);
  }

  /** The upstream takes more: the client may go on. */
  onDrain(): void {
    this.#exchange.server?.resume();
  }

  onAbort(failure: StreamFailure): void {
    this.#exchange.failures.push(failure);
    this.#exchange.client = null;
    this.#exchange.fail(502, describe(failure));
  }
}

function describe(failure: StreamFailure): string {
  return failure.kind === 'protocol' ? `protocol: ${failure.error.code}` : failure.kind;
}

function answer(stream: ServerStream, status: number, reason: string): void {
  sendLocalResponse(stream, status, [['content-type', 'text/plain']], `${reason}\n`);
}
