/** An application that speaks gRPC by grpc-js as it is, and the client to it: bytes in, bytes out. */
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
import type { Cleanup } from './cleanup.ts';

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

const maxMessageBytes = 16 * 1024 * 1024;
const options = {
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
};

export class GrpcApplication {
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

  async start(cleanup: Cleanup): Promise<this> {
    this.port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
    cleanup.add(() => this.#server.forceShutdown());
    return this;
  }
}

/** A client that dials the sidecar and names the service by its authority. */
export function grpcClient(port: number, authority: string, cleanup: Cleanup): Client {
  const Echo = makeGenericClientConstructor(echoService, 'Echo');
  const client = new Echo(`127.0.0.1:${port}`, credentials.createInsecure(), {
    ...options,
    'grpc.default_authority': authority,
    // Each test its own connection: grpc-js shares them between clients.
    'grpc.use_local_subchannel_pool': 1,
  });
  cleanup.add(() => client.close());
  return client;
}

export interface UnaryResult {
  readonly error: ServiceError | null;
  readonly message: Buffer;
  readonly trailers: Metadata | null;
}

/** One unary call to its end, well or not. */
export function callUnary(
  client: Client,
  name: 'unary' | 'hang' | 'fail',
  message: Buffer,
  deadlineMs = 20_000,
): { readonly result: Promise<UnaryResult>; cancel(): void } {
  let trailers: Metadata | null = null;
  const { promise, resolve } = Promise.withResolvers<UnaryResult>();
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
