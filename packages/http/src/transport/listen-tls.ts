import { createServer } from 'node:net';
import { listenOn } from './listen-tcp.ts';
import { TlsAcceptor, type TlsAcceptorOptions, type TlsServerSettings } from './tls-acceptor.ts';
import { type Listener, mayAccept, type TransportError } from './transport.ts';

export interface ListenTlsOptions extends TlsAcceptorOptions {
  readonly host: string;
  readonly port: number;
  readonly backlog?: number;
  /** As of listenTcp(). */
  readonly reusePort?: boolean;
  /** Handshakes under way count. */
  readonly maxConnections?: number;
  /** As of listenTcp(). */
  readonly mayAccept?: (openCount: number) => boolean;
  onError(error: TransportError): void;
}

export interface TlsListener extends Listener {
  /** For connections from now on; those that stand are left alone. Throws on unusable settings. */
  updateSettings(settings: TlsServerSettings): void;
}

/** Listens for mutual TLS. Rejects with a TransportError when the address cannot be had. */
export async function listenTls(options: ListenTlsOptions): Promise<TlsListener> {
  const acceptor = new TlsAcceptor(options);
  const open = { count: 0 };
  const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, (raw) => {
    if (!mayAccept(options, open.count)) {
      raw.destroy();
      return;
    }
    open.count++;
    raw.once('close', () => open.count--);
    acceptor.accept(raw);
  });
  const listener = await listenOn(server, options, () => open.count);
  return Object.assign(listener, {
    updateSettings: (settings: TlsServerSettings) => acceptor.update(settings),
  });
}
