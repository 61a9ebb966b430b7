/**
 * What an HTTP/2 exchange costs in our code, sockets left out: a client connection and a server connection
 * back to back, from a request's head to its response's last byte, and DATA frames alone. Prints ns and heap
 * bytes: `node --expose-gc benchmarks/micro/h2-frames.ts [seconds]`.
 */
import {
  type ClientStreamHandler,
  defaultH1Limits,
  defaultHttpLimits,
  defaultServerTimeouts,
  H2ClientConnection,
  H2ServerConnection,
  parseRequestHead,
  parseResponseHead,
  RequestHead,
  ResponseHead,
  type ServerStream,
  type ServerStreamHandler,
  type Transport,
  type TransportHandler,
} from '@tulle/http';
import { returnWriteBlock } from '../../packages/http/src/transport/write-blocks.ts';
import { measureExchanges } from './measure-exchanges.ts';

const secondsEach = Number(process.argv[2] ?? 1);

/** Keeps what is written, and delivers it to the other end when it is told to. */
class Pipe {
  handler: TransportHandler | null = null;
  other: Pipe | null = null;
  queuedBytes = 0;
  #buffer = Buffer.allocUnsafeSlow(4 * 1024 * 1024);
  #spare = Buffer.allocUnsafeSlow(4 * 1024 * 1024);
  #length = 0;

  writeBlock(block: Buffer, start: number, end: number): boolean {
    this.#length += block.copy(this.#buffer, this.#length, start, end);
    returnWriteBlock(block);
    return true;
  }

  /** False: there was nothing. */
  deliver(): boolean {
    if (this.#length === 0) return false;
    const full = this.#buffer;
    const length = this.#length;
    this.#buffer = this.#spare;
    this.#spare = full;
    this.#length = 0;
    for (let at = 0; at < length; at += 65536) {
      this.other!.handler!.onData(full, at, Math.min(length, at + 65536));
    }
    return true;
  }
}

const requestHead = new RequestHead();
const requestText = Buffer.from(
  'GET /catalog/items/42 HTTP/1.1\r\nHost: catalog.shop\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n',
);
parseRequestHead(requestHead, requestText, 0, requestText.length, defaultH1Limits);
const responseHead = new ResponseHead();
const responseText = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1024\r\n\r\n',
);
parseResponseHead(responseHead, responseText, 0, responseText.length, defaultH1Limits, false);
const body = Buffer.alloc(16 * 1024, 'x');

let ended = 0;
let bodyBytes = 0;
const options = {
  limits: defaultHttpLimits,
  timeouts: defaultServerTimeouts,
  observer: {
    onLimit(name: string) {
      throw new Error(name);
    },
    onProtocolError(_code: number, reason: string) {
      throw new Error(reason);
    },
  },
  nowMs: () => 0,
};

const serverSide: ServerStreamHandler = {
  onBody(_buffer, start, end) {
    bodyBytes += end - start;
  },
  onTrailers() {},
  onDrain() {},
  onAbort() {},
};
const clientSide: ClientStreamHandler = {
  onInterim() {},
  onResponse() {},
  onBody(_buffer, _start, _end, isEnd) {
    if (isEnd) ended++;
  },
  onTrailers() {},
  onDrain() {},
  onAbort() {},
};

function answer(stream: ServerStream): void {
  stream.handler ??= serverSide;
  stream.sendResponse(responseHead, null, null, false);
  stream.sendBody(body, 0, 1024, true);
}

function connect(onRequest: (stream: ServerStream) => void) {
  const [near, far] = [new Pipe(), new Pipe()];
  near.other = far;
  far.other = near;
  const handler = { onRequest, onBadRequest() {}, onClose() {} };
  const server = new H2ServerConnection(far as unknown as Transport, handler, options);
  const client = new H2ClientConnection({ onCapacity() {}, onRetiring() {}, onClosed() {} }, options);
  client.transport = near as unknown as Transport;
  near.handler = client;
  client.onConnect();
  const settle = () => {
    for (let isBusy = true; isBusy; ) {
      client.writer.flush();
      isBusy = near.deliver();
      server.writer.flush();
      isBusy = far.deliver() || isBusy;
    }
  };
  settle();
  return { client, settle };
}

/** So many requests share a flush, as they do when they come in one turn of the loop. */
function exchanges(count: number): () => void {
  const { client, settle } = connect(answer);
  return () => {
    for (let i = 0; i < count; i++) client.open(clientSide).sendRequest(requestHead, null, null, true);
    settle();
  };
}

function dataFrames(count: number, bytes: number): () => void {
  const { client, settle } = connect((stream) => {
    stream.handler = serverSide;
  });
  const stream = client.open(clientSide);
  stream.sendRequest(requestHead, null, null, false);
  settle();
  return () => {
    for (let i = 0; i < count; i++) stream.sendBody(body, 0, bytes, false);
    settle();
  };
}

measureExchanges('an exchange, alone', exchanges(1), { seconds: secondsEach, operationsEach: 1 });
measureExchanges('an exchange, 64 at once', exchanges(64), { seconds: secondsEach, operationsEach: 64 });
measureExchanges('a DATA frame of 64 bytes, written and read', dataFrames(64, 64), {
  seconds: secondsEach,
  operationsEach: 64,
});
measureExchanges('a DATA frame of 1 KiB, written and read', dataFrames(64, 1024), {
  seconds: secondsEach,
  operationsEach: 64,
});
measureExchanges('a DATA frame of 16 KiB, written and read', dataFrames(8, 16 * 1024), {
  seconds: secondsEach,
  operationsEach: 8,
});
if (ended === 0 || bodyBytes === 0) throw new Error('nothing was exchanged');
