import { connect } from 'node:net';
import { SocketTransport } from './socket-transport.ts';
import { type ConnectTcpOptions, type Transport, TransportError } from './transport.ts';

/**
 * Opens a plain connection. Writes before it stands are queued. A failure to connect arrives as
 * onClose with phase `connect` (`TRANSPORT_CONNECT_TIMEOUT`, or the system's code).
 */
export function connectTcp(options: ConnectTcpOptions): Transport {
  const transport = new SocketTransport(false, 'connect');
  transport.handler = options.handler;
  const socket = connect({
    host: options.host,
    port: options.port,
    noDelay: true,
    allowHalfOpen: true,
    onread: transport.onread,
  });
  transport.attach(socket);
  const timer = setTimeout(() => transport.fail(connectTimeout(options)), options.connectTimeoutMs);
  socket.once('close', () => clearTimeout(timer));
  socket.once('connect', () => {
    clearTimeout(timer);
    transport.opened(false);
    options.onConnect(transport);
    transport.start();
  });
  return transport;
}

export function connectTimeout(options: {
  host: string;
  port: number;
  connectTimeoutMs: number;
}): TransportError {
  const target = `${options.host}:${options.port}`;
  return new TransportError(
    'TRANSPORT_CONNECT_TIMEOUT',
    'connect',
    `no connection to ${target} within ${options.connectTimeoutMs} ms`,
  );
}
