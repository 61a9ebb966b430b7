import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, createSecureContext, createServer, type PeerCertificate } from 'node:tls';
import { create } from '@bufbuild/protobuf';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import * as x509 from '@peculiar/x509';
import { createLogger, MetricsRegistry, systemClock } from '@tulle/runtime';
import { createTestAuthority, type TemporaryDirectory, temporaryDirectory } from '@tulle/testkit';
import {
  addGrpcService,
  createGrpcClient,
  IdentityService,
  SignCertificateRequestSchema,
  type SignCertificateResponse,
} from '@tulle/xds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientIdentity } from '../src/grpc/client-identity.ts';
import { GrpcServer } from '../src/grpc/grpc-server.ts';
import { TlsServerCredentials } from '../src/grpc/tls-server-credentials.ts';
import type { Authenticator } from '../src/identity/authenticator.ts';
import { CertificateAuthority } from '../src/identity/certificate-authority.ts';
import { createIdentityMetrics } from '../src/identity/identity-metrics.ts';
import { createIdentityService, type IdentityLimits } from '../src/identity/identity-service.ts';
import { generateKeyPair, signingAlgorithm } from '../src/identity/key-pairs.ts';
import { ServerCertificate } from '../src/identity/server-certificate.ts';
import { TokenFileAuthenticator } from '../src/identity/token-file-authenticator.ts';

const serverName = 'tulle-control-plane.tulle-system.svc';
const token = 'web-token-0123456789';

describe('IdentityService over TLS', () => {
  let directory: TemporaryDirectory;
  let running: Awaited<ReturnType<typeof startServer>>;
  const cleanups: (() => void)[] = [];

  beforeEach(async () => {
    directory = await temporaryDirectory('identity');
    const tokens = `tokens: [{ token: ${token}, namespace: bookshop, serviceAccount: web, pod: web-1 }]`;
    await writeFile(join(directory.path, 'tokens.yaml'), tokens);
    running = await startServer(directory.path);
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
    expect(await tlsFailure(running.port, running.rootPem)).toMatch(/protocol version|alert/i);
    running.credentials.replace(running.material());
    expect(await tlsFailure(running.port, running.rootPem)).toMatch(/protocol version|alert/i);
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

async function startServer(directory: string) {
  const log: Record<string, unknown>[] = [];
  const logger = createLogger({ level: 'debug', write: (line) => log.push(JSON.parse(line)) });
  const clock = systemClock;
  const stateDir = join(directory, 'state');
  const authority = await CertificateAuthority.open({
    stateDir,
    trustDomain: 'cluster.local',
    leafTtlSeconds: 3_600,
    clock,
    logger,
  });
  const identity = {
    trustDomain: 'cluster.local',
    namespace: 'tulle-system',
    serviceAccount: 'tulle-control-plane',
  };
  const newCertificate = async () => {
    const made = new ServerCertificate({
      authority,
      identity,
      dnsNames: [serverName, 'localhost'],
      clock,
      random: Math.random,
      logger,
    });
    await made.start();
    await made.stop();
    return made.current!;
  };
  let current = await newCertificate();
  const material = () => ({
    certificatePem: current.certificate.chainPem,
    privateKeyPem: current.privateKeyPem,
    rootsPem: authority.current.rootsPem,
  });
  const seen: unknown[] = [];
  const tls = new TlsServerCredentials(material());
  const tokens = new TokenFileAuthenticator({ path: join(directory, 'tokens.yaml'), clock, logger });
  const metrics = new MetricsRegistry();
  const counters = createIdentityMetrics(metrics);
  const listen = async (limits: Partial<IdentityLimits>, authenticator: Authenticator) => {
    const service = createIdentityService({
      authority,
      authenticator,
      metrics: counters,
      logger,
      clock,
      limits,
    });
    const made = new GrpcServer({
      host: '127.0.0.1',
      port: 0,
      credentials: () => tls,
      register: (grpc) =>
        addGrpcService(grpc, IdentityService, {
          signCertificate(call, callback) {
            seen.push(clientIdentity(call, { trustDomain: 'cluster.local', nowMs: Date.now() }));
            service.signCertificate(call, callback);
          },
        }),
      options: {},
      clock,
    });
    await made.start();
    return made;
  };
  let server = await listen({}, tokens);
  return {
    log,
    seen,
    metrics,
    material,
    credentials: tls,
    rootPem: await readFile(join(stateDir, 'root.pem'), 'utf8'),
    get port() {
      return server.port!;
    },
    async renew() {
      current = await newCertificate();
      tls.replace(material());
    },
    async restart({ limits = {}, authenticator = tokens as Authenticator }: RestartOptions) {
      await server.stop(0);
      server = await listen(limits, authenticator);
    },
    stop: () => server.stop(0),
  };
}

interface RestartOptions {
  readonly limits?: Partial<IdentityLimits>;
  readonly authenticator?: Authenticator;
}

async function createRequest(name = '') {
  const { keys, privateKeyPem } = await generateKeyPair();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm, name });
  return { csrDer: new Uint8Array(request.rawData), privateKeyPem };
}

function toPem(der: Uint8Array): string {
  return new X509Certificate(der).toString();
}

interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

async function handshake(client: TlsMaterial, server: TlsMaterial) {
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

async function tlsFailure(port: number, ca: string): Promise<string> {
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

async function serverSerial(port: number, ca: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', servername: serverName, ca, ALPNProtocols: ['h2'] });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}
