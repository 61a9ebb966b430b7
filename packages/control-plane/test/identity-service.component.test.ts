import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { create } from '@bufbuild/protobuf';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { createTestAuthority, type TemporaryDirectory, temporaryDirectory } from '@tulle/testkit';
import {
  createGrpcClient,
  IdentityService,
  SignCertificateRequestSchema,
  type SignCertificateResponse,
} from '@tulle/xds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Authenticator } from '../src/identity/authenticator.ts';
import { createRequest, serverName, startIdentityServer } from './identity-harness.ts';
import { handshake, serverSerial, tls12Outcome } from './tls-probes.ts';

const token = 'web-token-0123456789';

describe('IdentityService over TLS', () => {
  let directory: TemporaryDirectory;
  let running: Awaited<ReturnType<typeof startIdentityServer>>;
  const cleanups: (() => void)[] = [];

  beforeEach(async () => {
    directory = await temporaryDirectory('identity');
    const tokens = `tokens: [{ token: ${token}, namespace: bookshop, serviceAccount: web, pod: web-1 }]`;
    await writeFile(join(directory.path, 'tokens.yaml'), tokens);
    running = await startIdentityServer(directory.path);
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) cleanup();
    await running.stop();
    await directory.remove();
  });

  const openClient = (channel = credentials.createSsl(Buffer.from(running.rootPem))) => {
    const client = createGrpcClient(IdentityService, {
      target: `127.0.0.1:${running.port}`,
      credentials: channel,
      options: { 'grpc.ssl_target_name_override': serverName },
    });
    cleanups.push(() => client.close());
    return client;
  };
  const sign = (csrDer: Uint8Array, headers: Record<string, string>, client = openClient()) => {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    return new Promise<SignCertificateResponse>((resolve, reject) => {
      const request = create(SignCertificateRequestSchema, { csrDer });
      client.signCertificate(request, metadata, { deadline: Date.now() + 5_000 }, (error, response) => {
        if (error === null) resolve(response!);
        else reject(error);
      });
    });
  };
  const bearer = { authorization: `Bearer ${token}` };

  it('signs for the owner of the token, whatever the request says, and audits it', async () => {
    const { csrDer } = await createRequest('CN=admin');
    const response = await sign(csrDer, bearer);
    const leaf = new X509Certificate(response.certificateChainDer[0]!);
    expect(response.spiffeId).toBe('spiffe://cluster.local/ns/bookshop/sa/web');
    expect(leaf.subjectAltName).toBe(`URI:${response.spiffeId}`);
    expect(new X509Certificate(response.trustRootsDer[0]!).toString()).toBe(running.rootPem);
    const line = running.log.find(({ msg }) => msg === 'certificate issued');
    expect(line).toMatchObject({ identity: response.spiffeId, pod: 'web-1', peer: expect.any(String) });
    expect((line!.serial as string).toUpperCase()).toBe(leaf.serialNumber);
    expect(JSON.stringify(running.log)).not.toContain(token);
  });

  it('gives certificates that shake hands both ways with TLS 1.3', async () => {
    const [client, server] = await Promise.all(
      [0, 1].map(async () => {
        const { csrDer, privateKeyPem } = await createRequest();
        const { certificateChainDer } = await sign(csrDer, bearer);
        return { cert: certificateChainDer.map(toPem).join('\n'), key: privateKeyPem, ca: running.rootPem };
      }),
    );
    expect(await handshake(client!, server!)).toEqual({
      protocol: 'TLSv1.3',
      client: 'URI:spiffe://cluster.local/ns/bookshop/sa/web',
      server: 'URI:spiffe://cluster.local/ns/bookshop/sa/web',
    });
  });

  it.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['a wrong token', { authorization: `Bearer ${token}x` }],
    ['another scheme', { authorization: `Basic ${token}` }],
    ['an empty token', { authorization: 'Bearer ' }],
  ])('answers UNAUTHENTICATED to %s, and audits it', async (_case, headers) => {
    const { csrDer } = await createRequest();
    await expect(sign(csrDer, headers)).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    expect(running.log.at(-1)).toMatchObject({ msg: 'certificate refused', code: 'UNAUTHENTICATED' });
    expect(JSON.stringify(running.log)).not.toContain(token);
  });

  it('answers INVALID_ARGUMENT with the reason to a request that is none', async () => {
    const error = await sign(Buffer.from('nonsense'), bearer).catch((thrown: ServiceError) => thrown);
    expect(error).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('PKCS#10'),
    });
    expect(running.metrics.render()).toContain('tulle_identity_requests_total{outcome="invalid_request"} 1');
  });

  it('bounds what one identity may ask for', async () => {
    await running.restart({ limits: { burst: 2, perSecond: 0.001 } });
    const { csrDer } = await createRequest();
    const client = openClient();
    await sign(csrDer, bearer, client);
    await sign(csrDer, bearer, client);
    await expect(sign(csrDer, bearer, client)).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });

  it('has tokens from an address looked at only so often after they were refused, each time over new connections', async () => {
    await running.restart({ limits: { refusalsBurst: 2, refusalsPerSecond: 0.001 } });
    const { csrDer } = await createRequest();
    const wrong = { authorization: `Bearer ${token}x` };
    await sign(csrDer, bearer);
    for (const _ of [1, 2])
      await expect(sign(csrDer, wrong)).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    await expect(sign(csrDer, wrong)).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringMatching(/^too many tokens from 127\.0\.0\.1 were refused/),
    });
  });

  it('bounds what is under way at once, and answers UNAVAILABLE while tokens cannot be checked', async () => {
    let fail = (_error: Error) => {};
    const authenticator: Authenticator = {
      authenticate: () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    };
    await running.restart({ limits: { maxConcurrent: 1 }, authenticator });
    const { csrDer } = await createRequest();
    const client = openClient();
    const first = sign(csrDer, bearer, client);
    await expect(sign(csrDer, bearer, client)).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    fail(new Error('API server away'));
    await expect(first).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringContaining('API server away'),
    });
  });

  it('is not spoken to by clients that trust another root, nor below TLS 1.3', async () => {
    const { rootPem } = await createTestAuthority();
    const stranger = openClient(credentials.createSsl(Buffer.from(rootPem)));
    const { csrDer } = await createRequest();
    await expect(sign(csrDer, bearer, stranger)).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(await tls12Outcome(running.port, running.rootPem)).toMatch(/protocol version|alert/i);
    running.credentials.replace(running.material());
    expect(await tls12Outcome(running.port, running.rootPem)).toMatch(/protocol version|alert/i);
  });

  it('sees the identity of verified client certificates only', async () => {
    const { csrDer, privateKeyPem } = await createRequest();
    await sign(csrDer, bearer);
    expect(running.seen.at(-1)).toBeNull();
    const issued = await sign(csrDer, bearer);
    const own = mutual(running.rootPem, issued.certificateChainDer.map(toPem).join('\n'), privateKeyPem);
    await sign(csrDer, bearer, openClient(own));
    expect(running.seen.at(-1)).toEqual({
      trustDomain: 'cluster.local',
      namespace: 'bookshop',
      serviceAccount: 'web',
    });
    const forged = await (await createTestAuthority()).issue({
      namespace: 'bookshop',
      serviceAccount: 'web',
    });
    await sign(
      csrDer,
      bearer,
      openClient(mutual(running.rootPem, forged.certificatePem, forged.privateKeyPem)),
    );
    expect(running.seen.at(-1)).toBeNull();
  });

  it('shows new clients the renewed server certificate and leaves open connections alone', async () => {
    const { csrDer } = await createRequest();
    const client = openClient();
    await sign(csrDer, bearer, client);
    const before = await serverSerial(running.port, running.rootPem);
    await running.renew();
    expect(await serverSerial(running.port, running.rootPem)).not.toBe(before);
    await sign(csrDer, bearer, client);
  });
});

function mutual(rootPem: string, cert: string, key: string) {
  return credentials.createFromSecureContext(createSecureContext({ ca: rootPem, cert, key }));
}

function toPem(der: Uint8Array): string {
  return new X509Certificate(der).toString();
}
