// Must come before @peculiar/x509, whose dependency injection reads decorator metadata.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { inboundPort } from './mesh.ts';
import { appPort } from './mesh-yaml.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface PeerCredentials {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** A leaf of the mesh's own authority with any URI SAN: what a thief of its signing key could make. */
export async function signWithMeshAuthority(stateDirectory: string, uri: string): Promise<PeerCredentials> {
  const authority = await readFile(join(stateDirectory, 'ca/intermediate-with-key.pem'), 'utf8');
  const blocks = x509.PemConverter.decodeWithHeaders(authority);
  const issuer = new x509.X509Certificate(blocks.find(({ type }) => type === 'CERTIFICATE')!.rawData);
  const keyData = blocks.find(({ type }) => type === 'PRIVATE KEY')!.rawData;
  const signingKey = await webcrypto.subtle.importKey('pkcs8', keyData, algorithm, false, ['sign']);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const leaf = await x509.X509CertificateGenerator.create({
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 600_000),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: uri }], true),
    ],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificatePem: `${leaf.toString('pem')}\n${issuer.toString('pem')}\n`,
    privateKeyPem: x509.PemConverter.encode(key, 'PRIVATE KEY'),
  };
}

/** All that came back from a peer until it closed, or until it had answered; and how it ended. */
export interface PeerOutcome {
  readonly received: string;
  readonly ending: string;
}

const requestText = `GET / HTTP/1.1\r\nhost: server\r\nconnection: close\r\n\r\n`;

/** Dials a sidecar's mesh port as another sidecar does, with the given credentials or none. */
export function dialMeshPort(address: string, credentials: PeerCredentials | null): Promise<PeerOutcome> {
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
