import { type Listener, type ListenTcpOptions, listenTcp, type Transport, TransportError } from '@tulle/http';
import type { Logger } from '@tulle/runtime';

export interface ListenFamiliesOptions extends Omit<ListenTcpOptions, 'host' | 'onConnection'> {
  readonly hosts: { readonly 4: string; readonly 6: string };
  readonly logger: Logger;
  onConnection(transport: Transport, family: 4 | 6): void;
}

export interface FamilyListeners {
  readonly port: number;
  close(): Promise<void>;
}

/** Codes of a machine without IPv6. */
const NO_IPV6 = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** One listener a family, so that no address is mapped: see original-destination.ts. IPv6 where there is any. */
export async function listenFamilies(options: ListenFamiliesOptions): Promise<FamilyListeners> {
  const ipv4 = await listen(options, 4, options.port);
  let ipv6: Listener | null = null;
  try {
    ipv6 = await listen(options, 6, ipv4.port);
  } catch (thrown) {
    const isMissing = thrown instanceof TransportError && NO_IPV6.has(thrown.code);
    if (!isMissing) {
      await ipv4.close();
      throw thrown;
    }
    options.logger.info('no IPv6 here: IPv4 alone is captured', { port: ipv4.port });
  }
  return {
    port: ipv4.port,
    close: async () => {
      await Promise.all([ipv4.close(), ipv6?.close()]);
    },
  };
}

function listen(
  { hosts, ...options }: ListenFamiliesOptions,
  family: 4 | 6,
  port: number,
): Promise<Listener> {
  return listenTcp({
    ...options,
    host: hosts[family],
    port,
    ipv6Only: family === 6,
    onConnection: (transport) => options.onConnection(transport, family),
  });
}
