/** Plain connections of the `handle` backend: listen and connect on raw TCP handles. */
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { ConnectDeadline } from './connect-deadline.ts';
import { HandleTransport, systemError } from './handle-transport.ts';
import { type RawAddress, type RawHandle, type RawTcpHandle, rawBinding } from './raw-binding.ts';
import {
  type ConnectTcpOptions,
  connectTimeout,
  DEFAULT_BACKLOG,
  type Listener,
  type ListenTcpOptions,
  mayAccept,
  noReusePort,
  type Transport,
  TransportError,
} from './transport.ts';

/** Beyond IPv4 and IPv6 literals, names are looked up. */
function resolveHost(host: string, done: (error: Error | null, address: string) => void): void {
  if (isIP(host) !== 0) done(null, host);
  else lookup(host, (error, address) => done(error, address));
}

export function listenTcpHandle(options: ListenTcpOptions): Promise<Listener> {
  return new Promise((resolve, reject) => {
    resolveHost(options.host, (error, address) => {
      if (error !== null) reject(TransportError.from(error, 'connect'));
      else {
        try {
          resolve(new HandleListener(options, address));
        } catch (cause) {
          reject(TransportError.from(cause, 'connect'));
        }
      }
    });
  });
}

class HandleListener implements Listener {
  readonly address: string;
  readonly port: number;
  connectionCount = 0;
  readonly #options: ListenTcpOptions;
  #server: RawTcpHandle | null;

  constructor(options: ListenTcpOptions, address: string) {
    this.#options = options;
    const flags = bindFlags(options);
    const binding = rawBinding();
    const server = new binding.Tcp(binding.serverType);
    this.#server = server;
    server.onconnection = (status, client) => this.#accept(status, client);
    let status =
      isIP(address) === 6
        ? server.bind6(address, options.port, flags)
        : server.bind(address, options.port, flags);
    if (status === 0) status = server.listen(options.backlog ?? DEFAULT_BACKLOG);
    if (status !== 0) {
      server.close();
      const cause = systemError(status, 'connect');
      throw new TransportError(
        cause.code,
        'connect',
        `cannot listen on ${address}:${options.port}: ${cause.code}`,
      );
    }
    const name: RawAddress = {};
    server.getsockname(name);
    this.address = name.address ?? address;
    this.port = name.port ?? options.port;
  }

  close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    return new Promise((resolve) => {
      if (server === null) resolve();
      else server.close(resolve);
    });
  }

  #accept(status: number, client: RawTcpHandle): void {
    if (status !== 0) {
      this.#options.onError(systemError(status, 'connect'));
      return;
    }
    if (!mayAccept(this.#options, this.connectionCount)) {
      client.close();
      return;
    }
    this.connectionCount++;
    const gone = () => this.connectionCount--;
    const transport = new HandleTransport(
      false,
      (handle, isAbort, done) => {
        gone();
        closeTcp(handle, isAbort, done);
      },
      (socket) => socket.once('close', gone),
    );
    openTcp(transport, client);
    this.#options.onConnection(transport);
    transport.start();
  }
}

function bindFlags({ reusePort = false, ipv6Only = false }: ListenTcpOptions): number {
  const { reusePortFlag, ipv6OnlyFlag } = rawBinding();
  if (reusePort && reusePortFlag === undefined) throw noReusePort();
  return (reusePort ? reusePortFlag! : 0) | (ipv6Only ? ipv6OnlyFlag : 0);
}

function openTcp(transport: HandleTransport, handle: RawTcpHandle): void {
  handle.setNoDelay(true);
  const name: RawAddress = {};
  handle.getpeername(name);
  transport.remoteAddress = name.address ?? '';
  transport.remotePort = name.port ?? 0;
  handle.getsockname(name);
  transport.localAddress = name.address ?? '';
  transport.localPort = name.port ?? 0;
  transport.opened(handle);
}

/** A reset tells the peer that what it got is not whole. Impossible once the FIN is under way. */
function closeTcp(handle: RawHandle | null, isAbort: boolean, done: () => void): void {
  if (handle === null) setImmediate(done);
  else if (!isAbort || (handle as RawTcpHandle).reset(done) !== 0) handle.close(done);
}

export function connectTcpHandle(options: ConnectTcpOptions): Transport {
  const binding = rawBinding();
  const handle = new binding.Tcp(binding.socketType);
  const transport = new HandleTransport(false, (_, isAbort, done) => {
    deadline.clear();
    closeTcp(handle, isAbort, done);
  });
  transport.handler = options.handler;
  const fail = () => transport.fail(connectTimeout(options));
  const deadline = new ConnectDeadline(options.connectTimeoutMs, fail);
  resolveHost(options.host, (error, address) => {
    if (transport.isClosed) return;
    if (error === null) startConnect(transport, handle, address, deadline, options);
    else transport.fail(TransportError.from(error, 'connect'));
  });
  return transport;
}

function startConnect(
  transport: HandleTransport,
  handle: RawTcpHandle,
  address: string,
  deadline: ConnectDeadline,
  options: ConnectTcpOptions,
): void {
  const request = new (rawBinding().ConnectRequest)();
  request.oncomplete = (status) => {
    deadline.clear();
    if (transport.isClosed) return;
    if (status !== 0) {
      transport.fail(connectError(status, address, options.port));
      return;
    }
    openTcp(transport, handle);
    options.onConnect(transport);
    transport.start();
  };
  const isV6 = isIP(address) === 6;
  const status = isV6
    ? handle.connect6(request, address, options.port)
    : handle.connect(request, address, options.port);
  if (status !== 0) transport.fail(connectError(status, address, options.port));
}

function connectError(status: number, address: string, port: number): TransportError {
  const { code } = systemError(status, 'connect');
  return new TransportError(code, 'connect', `cannot connect to ${address}:${port}: ${code}`);
}
