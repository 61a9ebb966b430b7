/** An application that speaks gRPC by grpc-js as it is, and clients to it: bytes in, bytes out. */
import {
  type Client,
  credentials,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';

const asIs = (bytes: Buffer) => bytes;
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/tulle.test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
});

export const echoService = {
  unary: method('unary', false, false),
  collect: method('collect', true, false),
  expand: method('expand', false, true),
  chat: method('chat', true, true),
  hang: method('hang', false, false),
  fail: method('fail', false, false),
} satisfies ServiceDefinition;

const callDeadlineMs = 20_000;
const maxMessageBytes = 16 * 1024 * 1024;
const options = {
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
};

export class GrpcEcho {
  port = 0;
  /** Calls of `hang` that are under way, and those that were cancelled or ran out of time. */
  hanging = 0;
  cancelled = 0;
  readonly #server = new Server({ ...options, 'grpc.max_concurrent_streams': 2_000 });

  constructor() {
    const unary: handleUnaryCall<Buffer, Buffer> = (call, done) => {
      const trailers = new Metadata();
      trailers.set('x-bytes', String(call.request.length));
      done(null, call.request, trailers);
    };
    const collect: handleClientStreamingCall<Buffer, Buffer> = (call, done) => {
      let bytes = 0;
      call.on('data', (message: Buffer) => {
        bytes += message.length;
      });
      call.on('end', () => done(null, Buffer.from(String(bytes))));
    };
    const expand: handleServerStreamingCall<Buffer, Buffer> = (call) => {
      const count = Number(call.request);
      for (let i = 0; i < count; i++) call.write(Buffer.from(String(i)));
      call.end();
    };
    const chat: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
      call.on('data', (message: Buffer) => call.write(message));
      call.on('end', () => call.end());
    };
    const hang: handleUnaryCall<Buffer, Buffer> = (call) => {
      this.hanging++;
      call.on('cancelled', () => {
        this.hanging--;
        this.cancelled++;
      });
    };
    const fail: handleUnaryCall<Buffer, Buffer> = (_call, done) => {
      const metadata = new Metadata();
      metadata.set('x-hint', 'look elsewhere');
      done({ code: status.FAILED_PRECONDITION, details: 'not now, später', metadata } as ServiceError);
    };
    this.#server.addService(echoService, { unary, collect, expand, chat, hang, fail });
  }

  async start(host: string, port = 0): Promise<this> {
    this.port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    return this;
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

/** A client that dials a sidecar, and names the service by its authority. */
export function grpcEchoClient(target: string, authority: string): Client {
  const Echo = makeGenericClientConstructor(echoService, 'Echo');
  return new Echo(target, credentials.createInsecure(), {
    ...options,
    'grpc.default_authority': authority,
    // Each its own connection: grpc-js shares them between clients.
    'grpc.use_local_subchannel_pool': 1,
  });
}

export interface UnaryOutcome {
  readonly error: ServiceError | null;
  readonly message: Buffer;
  readonly trailers: Metadata | null;
}

/** A unary call, and what becomes of it, well or not. */
export function callUnary(
  client: Client,
  name: 'unary' | 'hang' | 'fail',
  message: Buffer,
  deadlineMs = callDeadlineMs,
): { readonly result: Promise<UnaryOutcome>; cancel(): void } {
  let trailers: Metadata | null = null;
  const { promise, resolve } = Promise.withResolvers<UnaryOutcome>();
  const call = client.makeUnaryRequest(
    echoService[name].path,
    asIs,
    asIs,
    message,
    new Metadata(),
    { deadline: Date.now() + deadlineMs },
    // The status comes after the message: wait for both.
    (error, value) => setImmediate(() => resolve({ error, message: value ?? Buffer.alloc(0), trailers })),
  );
  call.on('status', ({ metadata }) => {
    trailers = metadata;
  });
  return { result: promise, cancel: () => call.cancel() };
}

/** Streams `count` messages; gives the bytes that the application has counted. */
export function callCollect(client: Client, count: number, bytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = client.makeClientStreamRequest(
      echoService.collect.path,
      asIs,
      asIs,
      new Metadata(),
      { deadline: Date.now() + callDeadlineMs },
      (error, answer) => (error === null ? resolve(answer!.toString()) : reject(error)),
    );
    for (let i = 0; i < count; i++) call.write(Buffer.alloc(bytes));
    call.end();
  });
}

/** Asks for `count` messages. */
export function callExpand(client: Client, count: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const seen: string[] = [];
    const { path } = echoService.expand;
    const request = Buffer.from(String(count));
    const call = client.makeServerStreamRequest(path, asIs, asIs, request, new Metadata(), {
      deadline: Date.now() + callDeadlineMs,
    });
    call.on('data', (message: Buffer) => seen.push(message.toString()));
    call.on('end', () => resolve(seen));
    call.on('error', reject);
  });
}

/** Says the next word only when the last one has come back. */
export function callChat(client: Client, words: readonly string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const heard: string[] = [];
    const call = client.makeBidiStreamRequest(echoService.chat.path, asIs, asIs, new Metadata(), {
      deadline: Date.now() + callDeadlineMs,
    });
    call.on('data', (message: Buffer) => {
      heard.push(message.toString());
      const next = words[heard.length];
      if (next === undefined) call.end();
      else call.write(Buffer.from(next));
    });
    call.on('end', () => resolve(heard));
    call.on('error', reject);
    call.write(Buffer.from(words[0]!));
  });
}
