import { connect } from 'node:net';
import { ConnectDeadline } from './connect-deadline.ts';
import { SocketTransport } from './socket-transport.ts';
import { connectTcpHandle } from './tcp-handle.ts';
import { type ConnectTcpOptions, connectTimeout, type Transport } from './transport.ts';

/**
 * Opens a plain connection. Writes before it stands are queued. A failure to connect arrives as
 * onClose with phase `connect` (`TRANSPORT_CONNECT_TIMEOUT`, or the system's code).
 */
export function connectTcp(options: ConnectTcpOptions): Transport {
  if (options.backend === 'handle') return connectTcpHandle(options);
  const transport = new SocketTransport(false);
  transport.handler = options.handler;
  const socket = connect({
    host: options.host,
    port: options.port,
    noDelay: true,
    allowHalfOpen: true,
    onread: transport.onread,
  });
  transport.attach(socket);
  const fail = () => transport.fail(connectTimeout(options));
  const deadline = new ConnectDeadline(options.connectTimeoutMs, fail);
  socket.once('close', () => deadline.clear());
  socket.once('connect', () => {
    deadline.clear();
    transport.opened();
    options.onConnect(transport);
    transport.start();
  });
  return transport;
}
