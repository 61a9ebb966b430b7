/**
 * Where a captured connection was going before netfilter redirected it: SO_ORIGINAL_DST, which Node does not
 * offer, through koffi. `benchmarks/micro/original-destination.ts` has what it costs.
 *
 * Listeners: one a family, not one dual-stack `::`. REDIRECT gives outbound connections the address 127.0.0.1
 * or ::1, so the outbound listeners stand there, out of the reach of other pods; inbound ones get an address of
 * the interface that they came in by, so the inbound listeners stand on 0.0.0.0 and `::` (IPv6 only). Then no
 * address is mapped (`::ffff:10.0.0.1`) in logs and headers, and a listener knows its family. A dual-stack
 * socket works too: ask for family 4 where its local address is mapped, for 6 where not.
 */
import { TulleError } from '@tulle/runtime';
import { ipv4Text, ipv6Text } from './ip-text.ts';

export interface OriginalAddress {
  /** Without brackets; IPv6 as RFC 5952 writes it. */
  readonly address: string;
  readonly port: number;
}

/**
 * Null: the connection was not redirected. With connection tracking on, the kernel answers such a one with
 * its own local address instead: to be a loop, compare the port with the listener's. Throws TulleError
 * `ORIGINAL_DESTINATION_FAILED` where the descriptor is no connected TCP socket.
 */
export type OriginalDestination = (fd: number, family: 4 | 6) => OriginalAddress | null;

/** getsockopt(2) without the pointers: 0, or the errno. `value` has the room of a sockaddr_in6. */
export type SocketOption = (fd: number, level: number, name: number, value: Buffer) => number;

/** linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h: the same number at both levels. */
const SO_ORIGINAL_DST = 80;
const SOL_IP = 0;
const SOL_IPV6 = 41;

const SOCKADDR_IN6_BYTES = 28;
const PORT_AT = 2;
const IPV4_AT = 4;
const IPV6_AT = 8;

/** ENOENT: not tracked, or not redirected. The others: no tracking in this kernel, or not of this family. */
const notRedirected: ReadonlySet<number> = new Set([
  2 /* ENOENT */, 92 /* ENOPROTOOPT */, 95 /* EOPNOTSUPP */,
]);

/** Loads koffi, which takes 10 to 80 ms and 2 to 10 MB of memory: only for a sidecar that captures. */
export async function loadOriginalDestination(): Promise<OriginalDestination> {
  const { default: koffi } = await import('koffi');
  const getsockopt = koffi
    .load(null)
    .func('int getsockopt(int fd, int level, int name, void *value, void *length)');
  const length = new Uint32Array(1);
  return originalDestinationBy((fd, level, name, value) => {
    length[0] = value.length;
    return getsockopt(fd, level, name, value, length) === 0 ? 0 : koffi.errno();
  });
}

/** The reader over a getsockopt. One buffer serves all: nothing else runs between the call and the reading. */
export function originalDestinationBy(socketOption: SocketOption): OriginalDestination {
  const value = Buffer.alloc(SOCKADDR_IN6_BYTES);
  return (fd, family) => {
    const errno = socketOption(fd, family === 4 ? SOL_IP : SOL_IPV6, SO_ORIGINAL_DST, value);
    if (errno !== 0) {
      if (notRedirected.has(errno)) return null;
      throw new TulleError(
        'ORIGINAL_DESTINATION_FAILED',
        `cannot ask descriptor ${fd} for its original destination: errno ${errno}`,
        { source: 'internal' },
      );
    }
    const port = (value[PORT_AT]! << 8) | value[PORT_AT + 1]!;
    const address = family === 4 ? ipv4Text(value, IPV4_AT) : ipv6Text(value, IPV6_AT);
    return { address, port };
  };
}
