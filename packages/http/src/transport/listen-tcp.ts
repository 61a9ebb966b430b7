import { type AddressInfo, createServer, type Server, Socket } from 'node:net';
import { SocketTransport } from './socket-transport.ts';
import { listenTcpHandle } from './tcp-handle.ts';
import {
  DEFAULT_BACKLOG,
  type Listener,
  type ListenTcpOptions,
  mayAccept,
  noReusePort,
  TransportError,
} from './transport.ts';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
/** An older node ignores the option: the second process would find the port taken. */
const hasReusePort = major >= 24 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);

/** Listens for plain connections. Rejects with a TransportError when the address cannot be had. */
export function listenTcp(options: ListenTcpOptions): Promise<Listener> {
  if (options.backend === 'handle') return listenTcpHandle(options);
  const open = { count: 0 };
  const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, (accepted) => {
    if (!mayAccept(options, open.count)) {
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

interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly backlog?: number;
  readonly reusePort?: boolean;
  readonly ipv6Only?: boolean;
  onError(error: TransportError): void;
}

export function listenOn(
  server: Server,
  options: ListenOptions,
  connectionCount: () => number,
): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => reject(TransportError.from(error, 'connect'));
    const { host, port, reusePort = false, ipv6Only = false, backlog = DEFAULT_BACKLOG } = options;
    if (reusePort && !hasReusePort) {
      reject(noReusePort());
      return;
    }
    server.once('error', refuse);
    server.listen({ host, port, backlog, reusePort, ipv6Only }, () => {
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
    });
  });
}

/** Does not wait for open connections, as server.close() would. */
function closeServer(server: Server): Promise<void> {
  server.close();
  return Promise.resolve();
}
