import { writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { EndpointTransport, RouteTable } from '@tulle/model';
import {
  eventually,
  type RunningProcess,
  startProcess,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@tulle/testkit';
import { type Resource, typeUrls } from '@tulle/xds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endpoints, routes, service, workload } from '../src/config/testing/fake-source.ts';
import { wireResource } from '../src/discovery/testing/fake-transport.ts';
import { FakeControlPlane } from './discovery-fake-control-plane.ts';

let directory: TemporaryDirectory;
let controlPlane: FakeControlPlane;
let app: Server;
/** The application answers when this has resolved. */
let appGate: Promise<void>;
let appRequests: number;
let sidecar: RunningProcess;
let ports: { outbound: number; inbound: number; metrics: number; admin: number };

beforeEach(async () => {
  directory = await temporaryDirectory('sidecar');
  controlPlane = await FakeControlPlane.create();
  appGate = Promise.resolve();
  appRequests = 0;
  app = createServer((_, response) => {
    appRequests++;
    void appGate.then(() => response.end('hello'));
  });
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  await controlPlane.start();
  controlPlane.answer = announce;
  await writeFile(join(directory.path, 'root.pem'), controlPlane.authority.rootPem);
  await writeFile(join(directory.path, 'token'), 'secret-1');
  sidecar = await startProcess({
    name: 'sidecar',
    entry: new URL('../src/main.ts', import.meta.url),
    env: {
      TULLE_WORKLOAD: 'bookshop/web-0',
      TULLE_CONTROL_PLANE: `127.0.0.1:${controlPlane.port}`,
      TULLE_CA_FILE: join(directory.path, 'root.pem'),
      TULLE_TOKEN_FILE: join(directory.path, 'token'),
      TULLE_OUTBOUND_PORT: '0',
      TULLE_INBOUND_PORT: '0',
      TULLE_METRICS_PORT: '0',
      TULLE_ADMIN_PORT: '0',
      TULLE_DISCOVERY_WAIT_MS: '1000',
    },
  });
  const port = async (side: string) =>
    (await sidecar.waitForLog(({ msg, side: is }) => msg === 'listening' && is === side)).port as number;
  ports = {
    outbound: await port('outbound'),
    inbound: await port('inbound'),
    metrics: await port('metrics'),
    admin: await port('admin'),
  };
});

afterEach(async () => {
  await sidecar.stop();
  controlPlane.stop();
  await new Promise((resolve) => app.close(resolve));
  await directory.remove();
});

/** A mesh of one pod: the service `catalog` leads back to the sidecar that asks for it. */
function announce(typeUrl: string, name: string): Resource | null {
  const appPort = (app.address() as AddressInfo).port;
  const version = '1';
  switch (`${typeUrl} ${name}`) {
    case `${typeUrls.trustBundle} cluster.local`: {
      const bundle = { trustDomain: 'cluster.local', rootsPem: [controlPlane.signer.rootPem] };
      return wireResource('trustBundle', bundle, { name, version });
    }
    case `${typeUrls.workload} bookshop/web-0`: {
      const identity = { trustDomain: 'cluster.local', namespace: 'bookshop', serviceAccount: 'web' };
      const own = workload({ identity, addresses: ['127.0.0.1'] }, [appPort]);
      return wireResource('workload', own, { name, version });
    }
    case `${typeUrls.service} catalog.bookshop`:
      return wireResource('service', service('catalog'), {
        name: 'bookshop/catalog',
        version,
        aliases: [name],
      });
    case `${typeUrls.endpoints} bookshop/catalog:80`: {
      const [endpoint] = endpoints('web', ['127.0.0.1']).endpoints;
      const transport = { ...endpoint!.transport, meshPort: ports.inbound } as EndpointTransport;
      const set = { namespace: 'bookshop', name: 'catalog', port: 80, protocol: 'http' as const };
      const list = [{ ...endpoint!, port: appPort, transport }];
      return wireResource('endpoints', { ...set, endpoints: list }, { name, version });
    }
    default:
      return null;
  }
}

function get(host: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port: ports.outbound, agent: false, headers: { host } });
    call.on('error', reject);
    call.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode!, body }));
    });
    call.end();
  });
}

const page = async (path: string, port = ports.metrics) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, text: await response.text() };
};

const isReady = () => eventually(async () => expect(await page('/readyz')).toMatchObject({ status: 200 }));

describe('the sidecar as a process', () => {
  it('becomes ready, carries a request over mutual TLS, and shows what it knows but no key', async () => {
    await isReady();
    expect(await get('catalog')).toEqual({ status: 200, body: 'hello' });
    expect(await get('nobody')).toMatchObject({ status: 404 });
    const { text } = await page('/config_dump', ports.admin);
    const dump = JSON.parse(text);
    expect(dump.identity.spiffeId).toBe('spiffe://cluster.local/ns/bookshop/sa/web');
    expect(dump.outbound.clusters[0].endpoints).toHaveLength(1);
    expect(dump.discovery.connected).toBe(true);
    expect(text).not.toContain('PRIVATE KEY');
    expect(await page('/config_dump')).toMatchObject({ status: 404 });
    expect((await page('/metrics')).text).toMatch(/^tulle_certificate_expiry_timestamp_seconds [1-9]/m);
  });

  it('keeps serving with the last good state when an update is bad, and when the control plane is gone', async () => {
    await isReady();
    expect(await get('catalog')).toMatchObject({ status: 200 });
    const table = routes('catalog', { nowhere: 1 });
    const match = { path: { kind: 'regex', value: '(' }, method: null, headers: [] } as const;
    const bad: RouteTable = { ...table, rules: table.rules.map((rule) => ({ ...rule, match })) };
    controlPlane.respond(typeUrls.routes, 'bad', {
      resources: [wireResource('routes', bad, { name: 'bookshop/catalog:80', version: '2' })],
    });
    await eventually(() =>
      expect(controlPlane.requests.find(({ responseNonce }) => responseNonce === 'bad')).toMatchObject({
        errorDetail: { message: expect.stringContaining('bookshop/catalog:80: rules[0].match') },
      }),
    );
    expect(await get('catalog')).toMatchObject({ status: 200 });
    controlPlane.stop();
    await eventually(async () =>
      expect((await page('/metrics')).text).toContain('tulle_discovery_connected 0'),
    );
    expect(await get('catalog')).toMatchObject({ status: 200 });
    await isReady();
  });

  it('says that it drains, answers what is under way, and ends with 0', async () => {
    await isReady();
    const gate = Promise.withResolvers<void>();
    appGate = gate.promise;
    const underWay = get('catalog');
    await eventually(() => expect(appRequests).toBe(1));
    sidecar.kill('SIGTERM');
    await eventually(async () => expect(await page('/readyz')).toEqual({ status: 503, text: 'draining\n' }));
    gate.resolve();
    expect(await underWay).toEqual({ status: 200, body: 'hello' });
    expect(await sidecar.waitForExit()).toEqual({ code: 0, signal: null });
  });
  it('can be told to drain on loopback, and not from the pod network', async () => {
    await isReady();
    const drain = (port: number) => fetch(`http://127.0.0.1:${port}/drain`, { method: 'POST' });
    expect((await drain(ports.metrics)).status).toBe(404);
    await isReady();
    expect((await drain(ports.admin)).status).toBe(200);
    expect(await page('/readyz')).toEqual({ status: 503, text: 'draining\n' });
    const dump = JSON.parse((await page('/config_dump', ports.admin)).text);
    expect(dump.proxy.drain).toMatchObject({
      inbound: { isAccepting: false },
      outbound: { isAccepting: true },
    });
    expect(sidecar.exit).toBeNull();
    sidecar.kill('SIGTERM');
    expect(await sidecar.waitForExit()).toEqual({ code: 0, signal: null });
  });
});
