/**
 * The raw stream handles of node's own net, as far as the `handle` backend uses them. They are not
 * a public API: loadRawBinding() looks for each piece and answers null where one is missing.
 */

/** A TCP handle, or a TLSWrap around one. */
export interface RawHandle {
  /** Ours: whom the callbacks belong to. */
  tulleOwner?: unknown;
  onread: (this: RawHandle) => Buffer | undefined;
  readonly fd: number;
  readStart(): number;
  readStop(): number;
  useUserBuffer(buffer: Buffer): void;
  writeBuffer(request: RawWriteRequest, bytes: Buffer): number;
  shutdown(request: RawRequest): number;
  close(callback?: () => void): void;
  hasRef(): boolean;
}

export interface RawTcpHandle extends RawHandle {
  onconnection: (this: RawTcpHandle, status: number, client: RawTcpHandle) => void;
  setNoDelay(enabled: boolean): number;
  bind(address: string, port: number, flags: number): number;
  bind6(address: string, port: number, flags: number): number;
  listen(backlog: number): number;
  connect(request: RawRequest, address: string, port: number): number;
  connect6(request: RawRequest, address: string, port: number): number;
  getsockname(out: RawAddress): number;
  getpeername(out: RawAddress): number;
  reset(callback?: () => void): number;
}

export interface RawAddress {
  address?: string;
  port?: number;
}

export interface RawRequest {
  oncomplete: (this: RawRequest, status: number) => void;
  /** Ours. */
  tulleOwner?: unknown;
}

export interface RawWriteRequest {
  oncomplete: (this: RawWriteRequest, status: number) => void;
  handle: RawHandle | null;
  buffer: Buffer | null;
  /** Ours. */
  tulleOwner: unknown;
}

export interface RawBinding {
  readonly Tcp: new (type: number) => RawTcpHandle;
  readonly ConnectRequest: new () => RawRequest;
  readonly WriteRequest: new () => RawWriteRequest;
  readonly ShutdownRequest: new () => RawRequest;
  readonly socketType: number;
  readonly serverType: number;
  /** A flag of bind() and bind6(); undefined where this node has no such flag. */
  readonly reusePortFlag: number | undefined;
  /** A flag of bind6(). */
  readonly ipv6OnlyFlag: number;
  /** Results of the last call, at the two indexes. */
  readonly state: Int32Array;
  readonly readResultIndex: number;
  readonly lastWriteWasAsyncIndex: number;
}

/** libuv's UV_EOF. */
export const RAW_EOF = -4095;

const HANDLE_METHODS = ['readStart', 'readStop', 'useUserBuffer', 'writeBuffer', 'shutdown', 'close'];
const TCP_METHODS = ['bind', 'bind6', 'listen', 'connect', 'connect6', 'getsockname', 'getpeername', 'reset'];

let loaded: RawBinding | null | undefined;

/** The binding, or null where this node does not have all of it. */
export function loadRawBinding(): RawBinding | null {
  if (loaded === undefined) {
    try {
      loaded = probe();
    } catch {
      loaded = null;
    }
  }
  return loaded;
}

/** The binding for code that runs only after chooseBackend() found it. */
export function rawBinding(): RawBinding {
  const binding = loadRawBinding();
  if (binding === null) {
    throw new Error('this node has no raw stream handles: choose the transport backend "socket"');
  }
  return binding;
}

function probe(): RawBinding | null {
  const { binding } = process as unknown as { binding(name: string): Record<string, unknown> };
  const tcp = binding.call(process, 'tcp_wrap');
  const stream = binding.call(process, 'stream_wrap');
  const constants = tcp.constants as
    | { SOCKET?: number; SERVER?: number; UV_TCP_REUSEPORT?: number; UV_TCP_IPV6ONLY?: number }
    | undefined;
  const found = {
    Tcp: tcp.TCP,
    ConnectRequest: tcp.TCPConnectWrap,
    WriteRequest: stream.WriteWrap,
    ShutdownRequest: stream.ShutdownWrap,
    socketType: constants?.SOCKET,
    serverType: constants?.SERVER,
    reusePortFlag: constants?.UV_TCP_REUSEPORT,
    ipv6OnlyFlag: constants?.UV_TCP_IPV6ONLY,
    state: stream.streamBaseState,
    readResultIndex: stream.kReadBytesOrError,
    lastWriteWasAsyncIndex: stream.kLastWriteWasAsync,
  } as RawBinding;
  const isWhole =
    [found.Tcp, found.ConnectRequest, found.WriteRequest, found.ShutdownRequest].every(isFunction) &&
    [
      found.socketType,
      found.serverType,
      found.ipv6OnlyFlag,
      found.readResultIndex,
      found.lastWriteWasAsyncIndex,
    ].every(isIndex) &&
    found.state instanceof Int32Array;
  if (!isWhole) return null;
  // A handle that is never opened: no address, no port, no loopback needed.
  const handle = new found.Tcp(found.socketType) as unknown as Record<string, unknown> & RawTcpHandle;
  const isCapable = [...HANDLE_METHODS, ...TCP_METHODS].every((name) => isFunction(handle[name]));
  if (isCapable) handle.close();
  return isCapable ? found : null;
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

function isIndex(value: unknown): boolean {
  return typeof value === 'number' && value >= 0;
}
