/**
 * What the HTTP/1.1 codec costs a proxied exchange, sockets and policy left out: from the bytes of the
 * request through a server and a client connection to those of the response. Prints ns and heap bytes:
 * `node --expose-gc benchmarks/micro/h1-exchange.ts [seconds]`.
 */
import {
  type ClientStream,
  type ClientStreamHandler,
  defaultHttpLimits,
  defaultServerTimeouts,
  type FieldSection,
  H1ClientConnection,
  H1ServerConnection,
  type RequestHead,
  type ResponseHead,
  type ServerConnectionHandler,
  type ServerStream,
  type ServerStreamHandler,
  type Transport,
} from '@tulle/http';
import { measureExchanges } from './measure-exchanges.ts';

const secondsEach = Number(process.argv[2] ?? 1);

let written = 0;
let writes = 0;
function fakeTransport(): Transport {
  const transport = {
    queuedBytes: 0,
    write(_buffer: Buffer, start: number, end: number): boolean {
      writes++;
      written += end - start;
      return true;
    },
    pause() {},
    resume() {},
    end() {},
    abort() {},
  };
  return transport as unknown as Transport;
}

const options = {
  limits: defaultHttpLimits,
  timeouts: defaultServerTimeouts,
  observer: { onLimit() {}, onProtocolError() {} },
  nowMs: () => 0,
};
const upstream = new H1ClientConnection({ onCapacity() {}, onRetiring() {}, onClosed() {} }, options);
upstream.transport = fakeTransport();
upstream.onConnect();

/** Both sides of one exchange after another, as a proxy has them: nothing is made for an exchange. */
class ResponseSide implements ClientStreamHandler {
  server!: ServerStream;
  onInterim(head: ResponseHead): void {
    this.server.sendInterim(head);
  }
  onResponse(head: ResponseHead, isEnd: boolean): void {
    this.server.sendResponse(head, null, null, isEnd);
  }
  onBody(buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    this.server.sendBody(buffer, start, end, isEnd);
  }
  onTrailers(trailers: FieldSection): void {
    this.server.sendTrailers(trailers);
  }
  onDrain(): void {}
  onAbort(): void {
    throw new Error('an exchange broke off');
  }
}

class RequestSide implements ServerConnectionHandler, ServerStreamHandler {
  readonly #response = new ResponseSide();
  #client!: ClientStream;
  onRequest(stream: ServerStream, head: RequestHead, isEnd: boolean): void {
    if (stream.handler === null) stream.handler = this;
    this.#response.server = stream;
    this.#client = upstream.open(this.#response);
    this.#client.sendRequest(head, null, null, isEnd);
  }
  onBody(buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    this.#client.sendBody(buffer, start, end, isEnd);
  }
  onTrailers(trailers: FieldSection): void {
    this.#client.sendTrailers(trailers);
  }
  onDrain(): void {}
  onAbort(): void {
    throw new Error('an exchange broke off');
  }
  onBadRequest(): void {
    throw new Error('a request was refused');
  }
  onClose(): void {}
}

const client = new H1ServerConnection(fakeTransport(), new RequestSide(), options);

const head = 'Host: catalog.shop\r\nUser-Agent: bench\r\nAccept: */*\r\n';
const get = Buffer.from(`GET /catalog/items/42 HTTP/1.1\r\n${head}\r\n`);
const post = Buffer.from(
  `POST /catalog/items HTTP/1.1\r\n${head}Content-Length: 1024\r\n\r\n${'x'.repeat(1024)}`,
);
const ok = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const byLength = Buffer.from(`${ok}Content-Length: 1024\r\n\r\n${'x'.repeat(1024)}`);
const chunk = `400\r\n${'x'.repeat(1024)}\r\n`;
const byChunk = Buffer.from(`${ok}Transfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`);
const inChunks = Buffer.from(`${ok}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(16)}0\r\n\r\n`);
const large = Buffer.alloc(64 * 1024, 120);
const largeHead = Buffer.from(`${ok}Content-Length: ${large.length}\r\n\r\n`);

function exchange(request: Buffer, ...response: readonly Buffer[]): () => void {
  return () => {
    client.onData(request, 0, request.length);
    for (const bytes of response) upstream.onData(bytes, 0, bytes.length);
  };
}

measure('GET, 1 KB by length', 2, exchange(get, byLength));
measure('POST of 1 KB, 1 KB by length', 2, exchange(post, byLength));
measure('GET, 1 KB in a chunk', 2, exchange(get, byChunk));
measure('GET, 16 KB in 16 chunks', 2, exchange(get, inChunks));
measure('GET, 64 KB by length', 3, exchange(get, largeHead, large));
if (written === 0) throw new Error('nothing was forwarded');

function measure(name: string, writesEach: number, operate: () => void): void {
  const before = writes;
  for (let i = 0; i < 1_000; i++) operate();
  if (writes - before !== writesEach * 1_000) throw new Error(`${name}: ${writes - before} writes`);
  measureExchanges(name, operate, { seconds: secondsEach });
}
