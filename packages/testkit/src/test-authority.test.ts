import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createTestAuthority, type TestCertificate } from './test-authority.ts';

describe('createTestAuthority', () => {
  it('issues leaves that carry the SPIFFE identity and chain to the root', async () => {
    const authority = await createTestAuthority();
    const { certificatePem, rootsPem } = await authority.issue({
      namespace: 'bookshop',
      serviceAccount: 'web',
    });
    const leaf = new X509Certificate(certificatePem);
    const intermediate = new X509Certificate(authority.intermediatePem);
    expect(leaf.subjectAltName).toBe('URI:spiffe://cluster.local/ns/bookshop/sa/web');
    expect(leaf.verify(intermediate.publicKey)).toBe(true);
    expect(intermediate.verify(new X509Certificate(rootsPem).publicKey)).toBe(true);
  });

  it('completes a mutual TLS 1.3 handshake between two of its leaves', async () => {
    const authority = await createTestAuthority();
    const [client, server] = await Promise.all([authority.issue(), authority.issue()]);
    expect(await handshake(client, server)).toBe('accepted');
  });

  it('refuses a leaf of another root and one that has expired', async () => {
    const [ours, theirs] = await Promise.all([createTestAuthority(), createTestAuthority()]);
    const server = await ours.issue();
    expect(await handshake(await theirs.issue(), server)).toBe('refused');
    expect(await handshake(await ours.issue({ notAfterMs: Date.now() - 5_000 }), server)).toBe('refused');
  });
});

async function handshake(client: TestCertificate, server: TestCertificate): Promise<string> {
  const listener = createServer({
    cert: server.certificatePem,
    key: server.privateKeyPem,
    ca: server.rootsPem,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const outcome = Promise.race([
    once(listener, 'secureConnection').then(([socket]) => (socket as TLSSocket).end() && 'accepted'),
    once(listener, 'tlsClientError').then(() => 'refused'),
  ]);
  const socket = connect({
    port: (listener.address() as AddressInfo).port,
    host: '127.0.0.1',
    cert: client.certificatePem,
    key: client.privateKeyPem,
    ca: server.rootsPem,
    checkServerIdentity: () => undefined,
  });
  socket.on('error', () => {});
  const result = await outcome;
  socket.destroy();
  listener.close();
  return result;
}
