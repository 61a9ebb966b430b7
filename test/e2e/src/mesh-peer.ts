import { readFile } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { appPort, inboundPort, openTestAuthority, type TestCertificate } from '@tulle/testkit';

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

/** What came back from a peer until it closed, or until it had answered; and how it ended. */
export interface PeerOutcome {
  /** Of the answer over HTTP/2; null without one. */
  readonly status: number | null;
  readonly ending: string;
}

const requestText = 'GET / HTTP/1.1\r\nhost: server\r\nconnection: close\r\n\r\n';
const request = { ':authority': 'server', 'x-tulle-app-protocol': 'http/1.1' };
const timeoutMs = 8_000;

/** Dials a sidecar's mesh port as another sidecar does, with the given credentials or none. */
export function dialMeshPort(address: string, credentials: TestCertificate | null): Promise<PeerOutcome> {
  const socket = connect({
    host: address,
    port: inboundPort,
    servername: `p${appPort}.inbound.tulle.internal`,
    ALPNProtocols: ['tulle-http/2'],
    minVersion: 'TLSv1.3',
    // The server's identity is not what is tested here.
    rejectUnauthorized: false,
    ...(credentials === null ? {} : { cert: credentials.certificatePem, key: credentials.privateKeyPem }),
  });
  return new Promise((resolve) => {
    let status: number | null = null;
    let ending = 'closed';
    const session = connectHttp2(`https://${address}`, { createConnection: () => socket });
    session.setTimeout(timeoutMs, () => {
      ending = 'still open';
      session.destroy();
    });
    const onFault = (fault: Error) => {
      ending = fault.message;
      session.destroy();
    };
    const stream = session.request(request, { endStream: true });
    stream.on('response', (headers) => {
      status = headers[':status'] ?? null;
      session.close();
    });
    stream.on('error', onFault);
    session.on('error', onFault);
    stream.resume();
    session.on('close', () => resolve({ status, ending }));
  });
}

/** Dials a sidecar's mesh port in plain. */
export function dialInPlain(address: string): Promise<PeerOutcome> {
  const socket = connectTcp({ host: address, port: inboundPort });
  socket.on('connect', () => socket.write(requestText));
  return new Promise((resolve) => {
    let received = '';
    let ending = 'closed';
    socket.setTimeout(timeoutMs, () => {
      ending = 'still open';
      socket.destroy();
    });
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', (fault) => {
      ending = fault.message;
    });
    socket.on('close', () => resolve({ status: received.includes('200 OK') ? 200 : null, ending }));
  });
}
