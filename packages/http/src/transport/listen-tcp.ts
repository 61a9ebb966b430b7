import { type AddressInfo, createServer, type Server, Socket } from 'node:net';
import { SocketTransport } from './socket-transport.ts';
import { listenTcpHandle } from './tcp-handle.ts';
import { DEFAULT_BACKLOG, type Listener, type ListenTcpOptions, TransportError } from './transport.ts';

/** Listens for plain connections. Rejects with a TransportError when the address cannot be had. */
export function listenTcp(options: ListenTcpOptions): Promise<Listener> {
  if (options.backend === 'handle') return listenTcpHandle(options);
  const open = { count: 0 };
  const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, (accepted) => {
    if (options.maxConnections !== undefined && open.count >= options.maxConnections) {
      accepted.destroy();
      return;
    }
    open.count++;
    acceptSocket(accepted, options, () => open.count--);
  });
  return listenOn(server, options, () => open.count);
}

/** Moves the handle into a socket that has `onread`: the server's own has no such option. */
function acceptSocket(accepted: Socket, options: ListenTcpOptions, onGone: () => void): void {
  const inner = accepted as Socket & { _handle: unknown };
  const handle = inner._handle;
  inner._handle = null;
  const transport = new SocketTransport(false);
  // The constructor option `handle` is not in the types; node documents it for child processes.
  const socket = new Socket({ handle, allowHalfOpen: true, onread: transport.onread } as object);
  transport.attach(socket);
  socket.once('close', onGone);
  transport.opened();
  options.onConnection(transport);
  transport.start();
}

export function listenOn(
  server: Server,
  options: { host: string; port: number; backlog?: number; onError(error: TransportError): void },
  connectionCount: () => number,
): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => reject(TransportError.from(error, 'connect'));
    server.once('error', refuse);
    server.listen(
      { host: options.host, port: options.port, backlog: options.backlog ?? DEFAULT_BACKLOG },
      () => {
        server.off('error', refuse);
        server.on('error', (error) => options.onError(TransportError.from(error, 'connect')));
        const { address, port } = server.address() as AddressInfo;
        resolve({
          address,
          port,
          get connectionCount() {
            return connectionCount();
          },
          close: () => closeServer(server),
        });
      },
    );
  });
}

/** Does not wait for open connections, as server.close() would. */
function closeServer(server: Server): Promise<void> {
  server.close();
  return Promise.resolve();
}
