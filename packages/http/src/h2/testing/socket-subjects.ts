import { defaultHttpLimits, defaultServerTimeouts } from '../../exchange/limits.ts';
import { connectTcp } from '../../transport/connect-tcp.ts';
import { listenTcp } from '../../transport/listen-tcp.ts';
import type { Listener, Transport, TransportBackend } from '../../transport/transport.ts';
import { H2ClientConnection } from '../h2-client-connection.ts';
import { H2ServerConnection } from '../h2-server-connection.ts';
import { ServerExchange } from './server-under-test.ts';

const options = {
  limits: defaultHttpLimits,
  timeouts: defaultServerTimeouts,
  observer: {
    onLimit(name: string) {
      throw new Error(`limit ${name}`);
    },
    onProtocolError(_code: number, reason: string) {
      throw new Error(`protocol error: ${reason}`);
    },
  },
  nowMs: () => 0,
};

/** Our server on loopback; `onRequest` sees each exchange as it begins. */
export function listenH2(
  backend: TransportBackend,
  onRequest: (exchange: ServerExchange) => void,
  onConnection: (connection: H2ServerConnection) => void = () => {},
): Promise<Listener> {
  return listenTcp({
    host: '127.0.0.1',
    port: 0,
    backend,
    onConnection(transport: Transport) {
      const handler = {
        onRequest(stream: ServerExchange['stream'], head: never, isEnd: boolean) {
          const exchange = new ServerExchange(stream, head, isEnd);
          stream.handler = exchange;
          onRequest(exchange);
        },
        onBadRequest(_stream: unknown, error: { reason: string }) {
          throw new Error(`bad request: ${error.reason}`);
        },
        onClose() {},
      };
      onConnection(new H2ServerConnection(transport, handler, options));
    },
    onError(error) {
      throw error;
    },
  });
}

/** Our client, dialled to loopback; requests may be sent at once. */
export function dialH2(backend: TransportBackend, port: number): H2ClientConnection {
  const owner = { onCapacity() {}, onRetiring() {}, onClosed() {} };
  const connection = new H2ClientConnection(owner, options);
  connection.transport = connectTcp({
    host: '127.0.0.1',
    port,
    backend,
    connectTimeoutMs: 5000,
    handler: connection,
    onConnect: () => connection.onConnect(),
  });
  return connection;
}
