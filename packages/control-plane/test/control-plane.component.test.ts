import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { create } from '@bufbuild/protobuf';
import { type ChannelCredentials, credentials, Metadata, status } from '@grpc/grpc-js';
import * as x509 from '@peculiar/x509';
import { generateKeyPair, signingAlgorithm } from '@tulle/certificates';
import { formatViolations, type MeshResources, type ResourceKind } from '@tulle/model';
import { MetricsRegistry, silentLogger, systemClock } from '@tulle/runtime';
import {
  createTestAuthority,
  DiscoveryClient,
  eventually,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@tulle/testkit';
import {
  createGrpcClient,
  type DeltaDiscoveryResponse,
  decodeResource,
  IdentityService,
  SignCertificateRequestSchema,
  type SignCertificateResponse,
  typeUrls,
} from '@tulle/xds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningControlPlane, startControlPlane } from '../src/index.ts';

const token = 'web-token-0123456789';
const node = 'bookshop/web-1';

describe('the control plane', () => {
  let directory: TemporaryDirectory;
  let running: RunningControlPlane | null = null;
  const clients: { close(): void }[] = [];

  beforeEach(async () => {
    directory = await temporaryDirectory('control-plane');
    await mkdir(join(directory.path, 'config'));
    await write('config/mesh.yaml', meshYaml('127.0.0.9'));
    const entry = { token, namespace: 'bookshop', serviceAccount: 'web', pod: 'web-1' };
    await write('tokens.yaml', JSON.stringify({ tokens: [entry] }));
    running = await start();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await running?.stop(1_000);
    await directory.remove();
  });

  const write = async (path: string, content: string) => {
    await writeFile(join(directory.path, 'draft'), content);
    await rename(join(directory.path, 'draft'), join(directory.path, path));
  };
  const start = () =>
    startControlPlane(
      {
        platform: {
          kind: 'files',
          configDir: join(directory.path, 'config'),
          stateDir: join(directory.path, 'state'),
          tokensFile: join(directory.path, 'tokens.yaml'),
        },
        trustDomain: 'cluster.local',
        meshNamespace: 'tulle-system',
        discoveryHost: '127.0.0.1',
        discoveryPort: 0,
        adminHost: '127.0.0.1',
        adminPort: 0,
        logLevel: 'silent',
        leafTtlSeconds: 3_600,
        graceSeconds: 1,
      },
      { clock: systemClock, random: Math.random, logger: silentLogger, metrics: new MetricsRegistry() },
    );
  // The control plane's certificate names localhost too.
  const target = () => `localhost:${running!.discoveryPort}`;
  const rootPem = () => readFile(join(directory.path, 'state/root.pem'), 'utf8');
  const page = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${running!.adminPort}${path}`);
    return { status: response.status, text: await response.text() };
  };
  const discover = (channel: ChannelCredentials) => {
    const client = new DiscoveryClient({ target: target(), credentials: channel, node });
    clients.push(client);
    return client;
  };
  const askForCertificate = async (bearer: string) => {
    const client = createGrpcClient(IdentityService, {
      target: target(),
      credentials: credentials.createSsl(Buffer.from(await rootPem())),
    });
    clients.push(client);
    const { keys, privateKeyPem } = await generateKeyPair();
    const csr = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm });
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${bearer}`);
    const request = create(SignCertificateRequestSchema, { csrDer: new Uint8Array(csr.rawData) });
    const response = await new Promise<SignCertificateResponse>((resolve, reject) => {
      client.signCertificate(request, metadata, { deadline: Date.now() + 5_000 }, (error, answer) => {
        if (error === null) resolve(answer!);
        else reject(error);
      });
    });
    const cert = response.certificateChainDer.map((der) => new X509Certificate(der).toString()).join('\n');
    return createChannel(await rootPem(), cert, privateKeyPem);
  };

  it('leads from token to certificate to resources, and on to what changes', async () => {
    const client = discover(await askForCertificate(token));
    client.subscribe(typeUrls.service, 'catalog.bookshop');
    expect(decode('service', await client.nextAcked())).toMatchObject([
      { namespace: 'bookshop', name: 'catalog', ports: [{ port: 8080 }] },
    ]);
    client.subscribe(typeUrls.endpoints, 'bookshop/catalog:8080');
    expect(addresses(await client.nextAcked())).toEqual(['127.0.0.9']);
    client.subscribe(typeUrls.trustBundle, 'cluster.local');
    expect(decode('trustBundle', await client.nextAcked())).toMatchObject([{ rootsPem: [await rootPem()] }]);
    await write('config/mesh.yaml', meshYaml('127.0.0.10'));
    expect(addresses(await client.nextAcked())).toEqual(['127.0.0.10']);
  });

  it('answers UNAUTHENTICATED to streams without a certificate of the mesh', async () => {
    const root = await rootPem();
    const foreign = await (await createTestAuthority()).issue({
      namespace: 'bookshop',
      serviceAccount: 'web',
    });
    for (const channel of [
      credentials.createSsl(Buffer.from(root)),
      createChannel(root, foreign.certificatePem, foreign.privateKeyPem),
    ]) {
      const client = discover(channel);
      client.subscribe(typeUrls.service, 'catalog.bookshop');
      expect(await client.ended).toMatchObject({ code: status.UNAUTHENTICATED });
    }
  });

  it('gives no certificate for a wrong token', async () => {
    await expect(askForCertificate(`${token}x`)).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  });

  it('keeps its authority over a restart: certificates from before are taken', async () => {
    const channel = await askForCertificate(token);
    const before = await rootPem();
    await running!.stop(1_000);
    running = await start();
    expect(await rootPem()).toBe(before);
    const client = discover(channel);
    client.subscribe(typeUrls.service, 'catalog.bookshop');
    expect(decode('service', await client.next())).toHaveLength(1);
  });

  it('tells operators how it stands', async () => {
    expect((await page('/livez')).status).toBe(200);
    await eventually(async () => expect(await page('/readyz')).toEqual({ status: 200, text: 'ok\n' }));
    const client = discover(await askForCertificate(token));
    client.subscribe(typeUrls.service, 'catalog.bookshop');
    await client.nextAcked();
    await eventually(async () => {
      expect(JSON.parse((await page('/proxies')).text)).toMatchObject([
        { node, identity: 'spiffe://cluster.local/ns/bookshop/sa/web', state: 'synced', subscriptions: 1 },
      ]);
    });
    const { text } = await page('/config_dump');
    const dump = JSON.parse(text);
    expect(dump.settings.trustDomain).toBe('cluster.local');
    expect(dump.config.snapshot.counts).toMatchObject({ service: 1, endpoints: 1, trustBundle: 1 });
    expect(dump.authority.certificates[0]).toMatchObject({
      role: 'root',
      sha256: new X509Certificate(await rootPem()).fingerprint256,
    });
    expect(dump.proxies).toHaveLength(1);
    expect(text).not.toContain(token);
    expect(text).not.toContain('PRIVATE');
    const metrics = (await page('/metrics')).text;
    expect(metrics).toContain('tulle_identity_requests_total{outcome="issued"} 1');
    expect(metrics).toContain('tulle_discovery_proxies 1');
    expect(metrics).toMatch(/tulle_certificate_expiry_timestamp_seconds\{certificate="server"\} \d{10}/);
  });

  it('shows faults of the configuration and keeps serving what stood', async () => {
    const client = discover(await askForCertificate(token));
    await write('config/mesh.yaml', 'kind: [');
    await eventually(async () => {
      const dump = JSON.parse((await page('/config_dump')).text);
      expect(dump.config.faults).toMatchObject([{ place: expect.stringContaining('mesh.yaml') }]);
    });
    client.subscribe(typeUrls.service, 'catalog.bookshop');
    expect(decode('service', await client.next())).toHaveLength(1);
    expect((await page('/readyz')).status).toBe(200);
  });

  it('ends streams politely when it stops', async () => {
    const client = discover(await askForCertificate(token));
    client.subscribe(typeUrls.service, 'catalog.bookshop');
    await client.nextAcked();
    const beganMs = performance.now();
    await running!.stop(5_000);
    running = null;
    expect((await client.ended).code).toBe(status.UNAVAILABLE);
    expect(performance.now() - beganMs).toBeLessThan(2_000);
  });
});

function createChannel(ca: string, cert: string, key: string): ChannelCredentials {
  return credentials.createFromSecureContext(createSecureContext({ ca, cert, key }));
}

function decode<K extends ResourceKind>(kind: K, response: DeltaDiscoveryResponse): MeshResources[K][] {
  expect(response.typeUrl).toBe(typeUrls[kind]);
  return response.resources.map(({ resource }) => {
    const parsed = decodeResource(kind, resource!.value);
    if (!parsed.ok) throw new Error(formatViolations(parsed.violations));
    return parsed.value;
  });
}

function addresses(response: DeltaDiscoveryResponse): readonly string[] {
  return decode('endpoints', response).flatMap(({ endpoints }) => endpoints.map(({ address }) => address));
}

function meshYaml(address: string): string {
  return `
apiVersion: v1
kind: Namespace
metadata: { name: bookshop, labels: { tulle.dev/inject: enabled } }
---
apiVersion: v1
kind: Service
metadata: { name: catalog, namespace: bookshop }
spec: { ports: [{ name: http, port: 8080 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: catalog-1, namespace: bookshop, labels: { kubernetes.io/service-name: catalog } }
addressType: IPv4
ports: [{ name: http, port: 8080, protocol: TCP }]
endpoints: [{ addresses: [${address}], conditions: { ready: true } }]
`;
}
