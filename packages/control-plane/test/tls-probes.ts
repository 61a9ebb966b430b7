/** What a TLS client learns of a server on loopback, below gRPC. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type PeerCertificate } from 'node:tls';
import { serverName } from './identity-harness.ts';

export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** What both sides saw of each other. */
export async function handshake(client: TlsMaterial, server: TlsMaterial) {
  const listener = createServer({
    ...server,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  let seenByClient: PeerCertificate | null = null;
  const socket = connect({
    ...client,
    port,
    host: '127.0.0.1',
    checkServerIdentity: (_, certificate) => {
      seenByClient = certificate;
      return undefined;
    },
  });
  const [accepted] = await once(listener, 'secureConnection');
  const outcome = {
    protocol: accepted.getProtocol(),
    client: accepted.getPeerCertificate().subjectaltname,
    server: (seenByClient as PeerCertificate | null)?.subjectaltname,
  };
  socket.destroy();
  accepted.destroy();
  listener.close();
  return outcome;
}

/** How a client that speaks TLS 1.2 at most fares. */
export async function tls12Outcome(port: number, ca: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', servername: serverName, ca, maxVersion: 'TLSv1.2' });
  const [outcome] = await Promise.race([
    once(socket, 'secureConnect').then(() => ['connected']),
    onceError(socket),
  ]);
  socket.destroy();
  return String(outcome);
}

function onceError(socket: NodeJS.EventEmitter): Promise<[string]> {
  return new Promise((resolve) => socket.once('error', (error: Error) => resolve([error.message])));
}

/** Of the certificate that a new client is shown. */
export async function serverSerial(port: number, ca: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', servername: serverName, ca, ALPNProtocols: ['h2'] });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}
