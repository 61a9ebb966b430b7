/** A proxy of nothing but the codecs: serveHttp() in front, connections of one version behind. */
import { Forwarder } from '../src/exchange/testing/forward.ts';
import {
  type ClientConnectionOptions,
  type ClientConnectionOwner,
  connectTcp,
  defaultHttpLimits,
  defaultServerTimeouts,
  H1ClientConnection,
  H2ClientConnection,
  type LimitName,
  type Listener,
  listenTcp,
  type ServerConnection,
  type ServerConnectionHandler,
  serveHttp,
  type TransportBackend,
} from '../src/index.ts';

export interface ForwardingProxy {
  readonly port: number;
  readonly forwarder: Forwarder;
  close(): Promise<void>;
}

export interface ForwardingOptions {
  readonly backend: TransportBackend;
  readonly upstreamPort: number;
  readonly upstreamMajor: 1 | 2;
  onLimit?(name: LimitName): void;
}

const SWEEP_MS = 100;

export async function startForwarding(options: ForwardingOptions): Promise<ForwardingProxy> {
  const nowMs = () => performance.now();
  const observer = { onLimit: options.onLimit ?? (() => {}), onProtocolError() {} };
  const clientOptions = { limits: defaultHttpLimits, observer, nowMs };
  const serverOptions = { ...clientOptions, timeouts: defaultServerTimeouts };
  const accepted = new Set<ServerConnection>();
  const forwarder = new Forwarder((owner) => dial(options, owner, clientOptions));
  const listener: Listener = await listenTcp({
    host: '127.0.0.1',
    port: 0,
    backend: options.backend,
    onConnection: (transport) => {
      const gone = () => accepted.delete(connection);
      const connection = serveHttp(transport, watched(forwarder, gone), serverOptions);
      accepted.add(connection);
    },
    onError: (error) => {
      throw error;
    },
  });
  const sweep = () => {
    for (const connection of [...accepted, ...forwarder.connections]) connection.onSweep(nowMs());
  };
  const sweeper = setInterval(sweep, SWEEP_MS);
  return {
    port: listener.port,
    forwarder,
    async close() {
      clearInterval(sweeper);
      forwarder.abort();
      for (const connection of accepted) connection.abort();
      await listener.close();
    },
  };
}

function watched(handler: ServerConnectionHandler, onGone: () => void): ServerConnectionHandler {
  return {
    onRequest: (stream, head, isEnd) => handler.onRequest(stream, head, isEnd),
    onBadRequest: (stream, error) => handler.onBadRequest(stream, error),
    onClose: (error) => {
      onGone();
      handler.onClose(error);
    },
  };
}

function dial(
  { backend, upstreamPort, upstreamMajor }: ForwardingOptions,
  owner: ClientConnectionOwner,
  clientOptions: ClientConnectionOptions,
) {
  const Connection = upstreamMajor === 1 ? H1ClientConnection : H2ClientConnection;
  const connection = new Connection(owner, clientOptions);
  connection.transport = connectTcp({
    host: '127.0.0.1',
    port: upstreamPort,
    backend,
    connectTimeoutMs: 5000,
    handler: connection,
    onConnect: () => connection.onConnect(),
  });
  return connection;
}
