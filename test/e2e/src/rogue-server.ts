import { createServer, type TLSSocket } from 'node:tls';
import { inboundPort, type TestCertificate } from '@tulle/testkit';

export interface RogueServer extends AsyncDisposable {
  /** All that any client said once the handshake was over. */
  readonly received: string;
}

/** Listens where a sidecar should, with credentials that it should not have, and keeps what it hears. */
export async function startRogueServer(address: string, credentials: TestCertificate): Promise<RogueServer> {
  const sockets = new Set<TLSSocket>();
  let received = '';
  const server = createServer(
    {
      cert: credentials.certificatePem,
      key: credentials.privateKeyPem,
      ALPNProtocols: ['tulle-http/2'],
      minVersion: 'TLSv1.3',
      requestCert: true,
      rejectUnauthorized: false,
    },
    (socket) => {
      sockets.add(socket);
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
      });
      socket.on('error', () => socket.destroy());
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(inboundPort, address, resolve);
  });
  return {
    get received() {
      return received;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
