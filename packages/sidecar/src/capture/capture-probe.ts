/** Connections that the check makes, to documentation addresses: where they are captured, none leaves the pod. */
import { createSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { probeAddresses } from './capture-rules.ts';
import type { CaptureSettings, PortRange } from './capture-settings.ts';
import type { CheckLine } from './check-line.ts';
import { type AddressFamily, isWithin } from './cidr.ts';
import type { OriginalAddress, OriginalDestination } from './original-destination.ts';

const timeoutMs = 3_000;
const loopback = { 4: '127.0.0.1', 6: '::1' } as const;
const candidatePorts = [80, 443, 8_080, 9_090, 7_777, 6_666, 5_555];

export interface ProbeOptions {
  readonly side: 'outbound' | 'inbound';
  readonly settings: CaptureSettings;
  readonly family: AddressFamily;
  readonly original: OriginalDestination;
}

/** Dials what has to be captured, and listens on the capture port for it unless the sidecar does already. */
export async function probeCapture({ side, settings, family, original }: ProbeOptions): Promise<CheckLine> {
  const target = targetOf(side, settings, family);
  const what = `IPv${family} ${side}`;
  if (target === null)
    return { result: 'skipped', what: `${what}: the settings exclude all that could be dialled to see it` };
  const port = side === 'outbound' ? settings.outboundPort : settings.inboundPort;
  const captured = Promise.withResolvers<Socket>();
  const listener = await listen(loopback[family], port, captured.resolve);
  if (listener instanceof Error && listener.code !== 'EADDRINUSE')
    return {
      result: 'fault',
      what: `${what}: cannot listen on ${loopback[family]}:${port}: ${listener.code}`,
      remedy: 'see that no other program of the pod stands there, and that the loopback interface is up',
    };
  const outcome = await dial(target);
  try {
    if (outcome !== null)
      return failedDial(what, target, { code: outcome, hasRoute: await hasRoute(target) });
    const shown = addressText(target);
    if (listener instanceof Error)
      return { result: 'ok', what: `${what}: ${shown} was answered by who listens on port ${port} already` };
    const socket = await within(captured.promise);
    if (socket === null) return notHere(what, shown, port);
    return judge(`${what}: ${shown}`, port, originalOf(socket, family, original), target);
  } finally {
    if (!(listener instanceof Error)) listener.close();
    captured.promise.then((socket) => socket.destroy());
  }
}

/** What stays within the pod must not pass the sidecar. */
export async function probeLoopback(family: AddressFamily): Promise<CheckLine> {
  const host = loopback[family];
  const what = `IPv${family} loopback`;
  const arrived = Promise.withResolvers<Socket>();
  const listener = await listen(host, 0, arrived.resolve);
  if (listener instanceof Error)
    return { result: 'skipped', what: `${what}: cannot listen on ${host}: ${listener.code}` };
  const { port } = listener.address() as { port: number };
  const outcome = await dial({ address: host, port });
  const socket = outcome === null ? await within(arrived.promise) : null;
  socket?.destroy();
  listener.close();
  if (socket !== null) return { result: 'ok', what: `${what}: goes where it is sent` };
  return {
    result: 'fault',
    what: `${what}: a connection to ${host} did not arrive (${outcome ?? 'it was redirected'})`,
    remedy: 'run the init program again; rules of other programs for the interface lo come before',
  };
}

function judge(what: string, port: number, came: OriginalAddress | null, target: OriginalAddress): CheckLine {
  if (came === null)
    return {
      result: 'fault',
      what: `${what} came to port ${port}, but the kernel does not tell where it was going`,
      remedy: 'the node lacks connection tracking of this family (nf_conntrack): load its modules',
    };
  if (came.address === target.address && came.port === target.port)
    return { result: 'ok', what: `${what} came to port ${port} with its original destination` };
  return {
    result: 'fault',
    what: `${what} came to port ${port} as ${addressText(came)}`,
    remedy:
      'rules of another program translate it first: list them with `iptables-save -t nat` or `nft list ruleset`',
  };
}

function failedDial(
  what: string,
  target: OriginalAddress,
  { code, hasRoute }: { code: string; hasRoute: boolean },
): CheckLine {
  const shown = addressText(target);
  if (!hasRoute) return { result: 'skipped', what: `${what}: ${shown} has no route from here (${code})` };
  if (code === 'ECONNREFUSED')
    return {
      result: 'fault',
      what: `${what}: ${shown} was refused: it is redirected to a port on which nobody listens`,
      remedy: 'give the check the ports that the rules were made with; look for rules of other programs',
    };
  return {
    result: 'fault',
    what: `${what}: ${shown} was not captured (${code})`,
    remedy:
      'run the init program in this namespace; where its rules stand, look for others that come before them',
  };
}

function notHere(what: string, shown: string, port: number): CheckLine {
  return {
    result: 'fault',
    what: `${what}: ${shown} was answered by somebody, but not on port ${port}`,
    remedy:
      'rules of another program redirect it first: list them with `iptables-save -t nat` or `nft list ruleset`',
  };
}

/** An address that has to be captured by these settings; null where there is none to choose. */
function targetOf(
  side: ProbeOptions['side'],
  settings: CaptureSettings,
  family: AddressFamily,
): OriginalAddress | null {
  const excluded = side === 'outbound' ? settings.excludedOutboundPorts : settings.excludedInboundPorts;
  const port = candidatePorts.find((candidate) => !excluded.some((range) => isInRange(range, candidate)));
  const address = probeAddresses[family][side];
  if (port === undefined) return null;
  if (side === 'inbound') return { address, port };
  const { excludedOutboundCidrs, includedOutboundCidrs } = settings;
  const isIncluded =
    includedOutboundCidrs.length === 0 || includedOutboundCidrs.some((cidr) => isWithin(cidr, address));
  return isIncluded && !excludedOutboundCidrs.some((cidr) => isWithin(cidr, address))
    ? { address, port }
    : null;
}

function isInRange({ first, last }: PortRange, port: number): boolean {
  return first <= port && port <= last;
}

function listen(
  host: string,
  port: number,
  onConnection: (socket: Socket) => void,
): Promise<Server | SystemError> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      onConnection(socket);
    });
    server.once('error', (error: SystemError) => resolve(error));
    server.listen(port, host, () => resolve(server));
  });
}

type SystemError = Error & { readonly code?: string };

/** Null when it stood, else the system's code. */
function dial({ address, port }: OriginalAddress): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: timeoutMs });
    const end = (outcome: string | null) => {
      resolve(outcome);
      socket.destroy();
    };
    socket.once('connect', () => end(null));
    socket.once('timeout', () => end(`no answer within ${timeoutMs} ms`));
    socket.once('error', (error: SystemError) => end(error.code ?? error.message));
  });
}

/** To connect a datagram socket is to look for a route: nothing is sent. */
function hasRoute({ address, port }: OriginalAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const end = (isRouted: boolean) => {
      resolve(isRouted);
      socket.close();
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.connect(port, address);
  });
}

function within(socket: Promise<Socket>): Promise<Socket | null> {
  const timeout = Promise.withResolvers<null>();
  const timer = setTimeout(timeout.resolve, timeoutMs, null);
  return Promise.race([socket, timeout.promise]).finally(() => clearTimeout(timer));
}

function originalOf(
  socket: Socket,
  family: AddressFamily,
  original: OriginalDestination,
): OriginalAddress | null {
  // The handle's descriptor is in no type; -1 once it is closed.
  const { fd } = (socket as unknown as { _handle: { fd: number } | null })._handle ?? { fd: -1 };
  return fd < 0 ? null : original(fd, family);
}

function addressText({ address, port }: OriginalAddress): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
