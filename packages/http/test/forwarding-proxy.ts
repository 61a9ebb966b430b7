/** A proxy of nothing but the codecs: serveHttp() in front, connections of one version behind. */
import { Forwarder } from '../src/exchange/testing/forward.ts';
import {
  type ClientConnectionOwner,
  connectTcp,
  defaultHttpLimits,
  defaultServerTimeouts,
  H1ClientConnection,
  H2ClientConnection,
  type Listener,
  listenTcp,
  type ServerConnection,
  serveHttp,
  type TransportBackend,
} from '../src/index.ts';

export interface ForwardingProxy {
  readonly port: number;
  readonly forwarder: Forwarder;
  /** Connections to clients, open and closed. */
  readonly accepted: readonly ServerConnection[];
  close(): Promise<void>;
}

export interface ForwardingOptions {
  readonly backend: TransportBackend;
  readonly upstreamPort: number;
  readonly upstreamMajor: 1 | 2;
}

const observer = { onLimit() {}, onProtocolError() {} };
const nowMs = () => performance.now();
const clientOptions = { limits: defaultHttpLimits, observer, nowMs };
const serverOptions = { ...clientOptions, timeouts: defaultServerTimeouts };

export async function startForwarding(options: ForwardingOptions): Promise<ForwardingProxy> {
  const forwarder = new Forwarder((owner) => dial(options, owner));
  const accepted: ServerConnection[] = [];
  const listener: Listener = await listenTcp({
    host: '127.0.0.1',
    port: 0,
    backend: options.backend,
    onConnection: (transport) => {
      serveHttp(transport, forwarder, serverOptions);
    },
    onError: (error) => {
      throw error;
    },
  });
  return {
    port: listener.port,
    forwarder,
    accepted,
    async close() {
      forwarder.abort();
      await listener.close();
    },
  };
}

function dial({ backend, upstreamPort, upstreamMajor }: ForwardingOptions, owner: ClientConnectionOwner) {
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
