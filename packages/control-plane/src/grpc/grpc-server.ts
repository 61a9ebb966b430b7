import { Server, type ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import { type Clock, type Component, messageOf, TulleError } from '@tulle/runtime';

export interface GrpcServerOptions {
  readonly host: string;
  readonly port: number;
  /** Asked for when the server starts, so that what they are made of may start before it. */
  readonly credentials: () => ServerCredentials;
  /** Adds the services. */
  readonly register: (server: Server) => void;
  /** Message sizes, streams, keepalive and connection age. */
  readonly options: ServerOptions;
  readonly clock: Clock;
}

/** What the services don't decide themselves. */
const baseOptions: ServerOptions = {
  'grpc.max_send_message_length': 16 * 1024 * 1024,
  // A connection with no call on it.
  'grpc.max_connection_idle_ms': 300_000,
  // HTTP/2 session memory, in MB; grpc-js has no bound of its own.
  'grpc-node.max_session_memory': 128,
  'grpc.enable_channelz': 0,
};

/** The control plane's gRPC port. */
export class GrpcServer implements Component {
  readonly name = 'grpc server';
  readonly #options: GrpcServerOptions;
  #server: Server | null = null;
  #port: number | null = null;

  constructor(options: GrpcServerOptions) {
    this.#options = options;
  }

  /** The bound port, or null while it is not bound. */
  get port(): number | null {
    return this.#port;
  }

  async start(): Promise<void> {
    const { host, port, credentials, register, options } = this.#options;
    const server = new Server({ ...baseOptions, ...options });
    register(server);
    const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    this.#port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(authority, credentials(), (error, bound) => {
        if (error === null) return resolve(bound);
        const hint = 'choose another port or address, or stop what listens there';
        const message = `cannot listen on ${authority} (${messageOf(error)}): ${hint}`;
        reject(new TulleError('GRPC_LISTEN', message, { source: 'config', cause: error }));
      });
    });
    this.#server = server;
  }

  /** Lets calls finish; at the deadline they are cut off. */
  async stop(deadlineMs: number): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    this.#port = null;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.schedule(deadlineMs, () => {
        server.forceShutdown();
        resolve();
      });
      server.tryShutdown((error) => {
        cancel();
        if (error !== undefined) server.forceShutdown();
        resolve();
      });
    });
  }
}
