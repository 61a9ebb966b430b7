import { readFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { openTestAuthority, type TestCertificate } from '@tulle/testkit';
import { inboundPort } from './mesh.ts';
import { appPort } from './mesh-yaml.ts';

/** A leaf of the mesh's own authority with any URI SAN: what a thief of its signing key could make. */
export async function signWithMeshAuthority(
  stateDirectory: string,
  spiffeId: string,
): Promise<TestCertificate> {
  const authority = await openTestAuthority({
    rootPem: await readFile(join(stateDirectory, 'root.pem'), 'utf8'),
    intermediateWithKeyPem: await readFile(join(stateDirectory, 'ca/intermediate-with-key.pem'), 'utf8'),
  });
  return authority.issue({ spiffeId });
}

/** All that came back from a peer until it closed, or until it had answered; and how it ended. */
export interface PeerOutcome {
  readonly received: string;
  readonly ending: string;
}

const requestText = `GET / HTTP/1.1\r\nhost: server\r\nconnection: close\r\n\r\n`;

/** Dials a sidecar's mesh port as another sidecar does, with the given credentials or none. */
export function dialMeshPort(address: string, credentials: TestCertificate | null): Promise<PeerOutcome> {
  const socket = connect({
    host: address,
    port: inboundPort,
    servername: `p${appPort}.inbound.tulle.internal`,
    ALPNProtocols: ['tulle-http/1.1'],
    minVersion: 'TLSv1.3',
    // The server's identity is not what is tested here.
    rejectUnauthorized: false,
    ...(credentials === null ? {} : { cert: credentials.certificatePem, key: credentials.privateKeyPem }),
  });
  socket.on('secureConnect', () => socket.write(requestText));
  return outcomeOf(socket);
}

/** Dials a sidecar's mesh port in plain. */
export function dialInPlain(address: string): Promise<PeerOutcome> {
  const socket = connectTcp({ host: address, port: inboundPort });
  socket.on('connect', () => socket.write(requestText));
  return outcomeOf(socket);
}

function outcomeOf(socket: ReturnType<typeof connectTcp>): Promise<PeerOutcome> {
  return new Promise((resolve) => {
    let received = '';
    let ending = 'closed';
    socket.setTimeout(8_000, () => {
      ending = 'still open after 8 s';
      socket.destroy();
    });
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', (fault) => {
      ending = fault.message;
    });
    socket.on('close', () => resolve({ received, ending }));
  });
}
