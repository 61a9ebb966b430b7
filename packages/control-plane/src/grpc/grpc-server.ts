import { Server, type ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import { type Clock, type Component, type Logger, messageOf, TulleError } from '@tulle/runtime';

export interface GrpcServerOptions {
  readonly host: string;
  readonly port: number;
  /** Asked for when the server starts, so that what they are made of may start before it. */
  readonly credentials: () => ServerCredentials;
  /** Adds the services. */
  readonly register: (server: Server) => void;
  readonly limits?: Partial<GrpcLimits>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface GrpcLimits {
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  /** On one connection. A sidecar needs two: its discovery stream and a signing request. */
  readonly maxConcurrentStreams: number;
  /** A client that does not answer a ping within the timeout is gone. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  /** Connections end now and then, so that load spreads over replicas and identities are proved again. */
  readonly maxConnectionAgeMs: number;
  readonly maxConnectionAgeGraceMs: number;
  /** A connection with no call on it. */
  readonly maxConnectionIdleMs: number;
}

const defaultLimits: GrpcLimits = {
  maxReceiveBytes: 4 * 1024 * 1024,
  maxSendBytes: 16 * 1024 * 1024,
  maxConcurrentStreams: 16,
  keepaliveMs: 20_000,
  keepaliveTimeoutMs: 10_000,
  maxConnectionAgeMs: 3_600_000,
  maxConnectionAgeGraceMs: 30_000,
  maxConnectionIdleMs: 300_000,
};
/** HTTP/2 session memory, in MB; grpc-js has no bound of its own. */
const maxSessionMemoryMb = 128;

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
    const { host, port, credentials, register, limits, logger } = this.#options;
    const server = new Server(serverOptions({ ...defaultLimits, ...limits }));
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
    logger.info('listening', { listener: 'grpc', host, port: this.#port });
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

function serverOptions(limits: GrpcLimits): ServerOptions {
  return {
    'grpc.max_receive_message_length': limits.maxReceiveBytes,
    'grpc.max_send_message_length': limits.maxSendBytes,
    'grpc.max_concurrent_streams': limits.maxConcurrentStreams,
    'grpc.keepalive_time_ms': limits.keepaliveMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
    'grpc.max_connection_age_ms': limits.maxConnectionAgeMs,
    'grpc.max_connection_age_grace_ms': limits.maxConnectionAgeGraceMs,
    'grpc.max_connection_idle_ms': limits.maxConnectionIdleMs,
    'grpc-node.max_session_memory': maxSessionMemoryMb,
    'grpc.enable_channelz': 0,
  };
}
