import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import type { MutualTls } from '../subjects/subject.ts';

export interface ConnectionTarget {
  readonly address: string;
  readonly port: number;
  readonly localAddress?: string;
}

/** Opens connections to one kind of listener: plain, or with mutual TLS 1.3. */
export class ConnectionOpener {
  readonly #tls: MutualTls | null;
  readonly #context: SecureContext | null;

  constructor(tls: MutualTls | null) {
    this.#tls = tls;
    this.#context = tls === null ? null : secureContextOf(tls);
  }

  /** Calls `onOpen` when the connection may be used. With a session, TLS tries to resume it. */
  open(
    { address, port, localAddress }: ConnectionTarget,
    session: Buffer | null,
    onOpen: () => void,
  ): Socket {
    const options = {
      host: address,
      port,
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
    };
    if (this.#tls === null) return connectTcp(options, onOpen);
    const raw = connectTcp(options);
    const socket = connectTls(
      {
        socket: raw,
        secureContext: this.#context!,
        servername: this.#tls.serverName,
        ALPNProtocols: [this.#tls.alpnProtocol],
        ...(session === null ? {} : { session }),
        // A mesh's certificates name identities, not hosts; the chain is verified all the same.
        checkServerIdentity: () => undefined,
      },
      onOpen,
    );
    return socket;
  }
}

function secureContextOf({ certificateFile, keyFile, rootFile }: MutualTls): SecureContext {
  return createSecureContext({
    cert: readFileSync(certificateFile),
    key: readFileSync(keyFile),
    ca: readFileSync(rootFile),
    minVersion: 'TLSv1.3',
  });
}
