import {
  eventually,
  Mesh,
  type MeshSpec,
  metricSum,
  metricsPort,
  page,
  pod,
  seriesOf,
  sidecarMetrics,
  sidecarPage,
} from '@tulle/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Application, startApplication } from './src/application.ts';
import { type Load, send, startLoad } from './src/client.ts';

const client = pod('client');
const one = pod('catalog-one', 'catalog');
const two = pod('catalog-two', 'catalog');
/** Announced, with nothing behind it. */
const gone = pod('catalog-gone', 'catalog');

const spec: MeshSpec = {
  pods: [client, one, two, gone],
  services: { catalog: ['catalog-one'], 'catalog-two': ['catalog-two'], empty: [], dead: ['catalog-gone'] },
};
const identityOf = (account: string) => `spiffe://cluster.local/ns/shop/sa/${account}`;

describe('traffic through a mesh of real processes', () => {
  let mesh: Mesh;
  const applications: Application[] = [];
  const sendTo = (host: string, path = '/') => send({ via: client.address, host, path });
  const underLoad = async (run: (load: Load) => Promise<void>) => {
    const load = startLoad({ via: client.address, host: 'catalog', perSecond: 250 });
    try {
      await load.more(30);
      await run(load);
    } finally {
      await load.stop();
    }
    expect(load.failures).toEqual([]);
  };

  /** What one test changes is no concern of the next. */
  beforeEach(() => mesh.apply(spec));

  beforeAll(async () => {
    mesh = await Mesh.create({ pods: spec.pods });
    await mesh.apply(spec);
    await mesh.startControlPlane();
    for (const { name, address } of [one, two]) applications.push(await startApplication(name, address));
    await mesh.startSidecars(client, one, two);
  });

  afterAll(async () => {
    for (const application of applications) await application.close();
    await mesh?.[Symbol.asyncDispose]();
  });

  it('carries a request from application to application, by mutual TLS between known identities', async () => {
    const answer = await send({
      via: client.address,
      host: 'catalog.shop.svc.cluster.local',
      path: '/books?id=1',
      method: 'POST',
      body: 'a body',
    });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({ name: 'catalog-one', url: '/books?id=1', body: 'a body' });

    const outbound = seriesOf(await sidecarMetrics(client), 'tulle_requests_total', {
      direction: 'outbound',
    });
    expect(outbound).toEqual([
      {
        labels: {
          direction: 'outbound',
          source_workload: 'client',
          source_namespace: 'shop',
          source_identity: identityOf('client'),
          destination_workload: expect.stringMatching(/^catalog-(one|two)$/),
          destination_namespace: 'shop',
          destination_identity: identityOf('catalog'),
          destination_service: 'shop/catalog:80',
          backend: 'shop/catalog:80',
          security: 'mtls',
          protocol: 'http1',
          code: '200',
          grpc_status: '',
          flag: '',
        },
        value: 1,
      },
    ]);
    const inbound = {
      direction: 'inbound',
      source_identity: identityOf('client'),
      security: 'mtls',
      code: '200',
    };
    expect(metricSum(await sidecarMetrics(one), 'tulle_requests_total', inbound)).toBe(1);
  });

  it('shows itself on the admin pages of both programs', async () => {
    expect(await mesh.controlPlanePage('/livez')).toContain('ok');
    expect(await page(`http://${client.address}:${metricsPort}/livez`)).toContain('ok');
    const controlPlane = await mesh.controlPlanePage('/metrics');
    expect(metricSum(controlPlane, 'tulle_discovery_proxies')).toBe(3);
    const sidecar = await sidecarMetrics(client);
    expect(metricSum(sidecar, 'tulle_discovery_connected')).toBe(1);
    expect(metricSum(sidecar, 'tulle_certificate_expiry_timestamp_seconds')).toBeGreaterThan(
      Date.now() / 1_000,
    );
    expect(JSON.parse(await sidecarPage(client, '/config_dump'))).toHaveProperty('identity');
    expect(await sidecarPage(client, '/config_dump')).toContain('shop/catalog:80');
    expect(await sidecarPage(client, '/config_dump')).not.toContain('PRIVATE KEY');
    expect(await mesh.controlPlanePage('/config_dump')).toContain('shop/catalog');
  });

  it('moves traffic when the weights of a route change, without a failed request', async () => {
    await underLoad(async (load) => {
      for (const weights of [
        { catalog: 0, 'catalog-two': 1 },
        { catalog: 1, 'catalog-two': 0 },
        { catalog: 1, 'catalog-two': 1 },
      ]) {
        await mesh.apply({ ...spec, routes: { catalog: weights } });
        const wanted = { 'catalog-one': weights.catalog > 0, 'catalog-two': weights['catalog-two'] > 0 };
        await eventually(async () => {
          const sinceMs = performance.now();
          await load.more(20);
          const counts = load.countsSince(sinceMs);
          expect(Object.keys(counts).sort()).toEqual(
            Object.entries(wanted).flatMap(([name, isWanted]) => (isWanted ? [name] : [])),
          );
        });
      }
    });
  });

  it('keeps everything as it was when a file is broken, and says what is wrong with it', async () => {
    const configFaults = async () => {
      const dump = JSON.parse(await mesh.controlPlanePage('/config_dump'));
      return JSON.stringify(dump.config.faults);
    };
    const answersOnlyFrom = (load: Load, name: string) =>
      eventually(async () => {
        const sinceMs = performance.now();
        await load.more(10);
        expect(Object.keys(load.countsSince(sinceMs))).toEqual([name]);
      });
    expect(await configFaults()).toBe('[]');
    await mesh.apply({ ...spec, routes: { catalog: { catalog: 0, 'catalog-two': 1 } } });
    await underLoad(async (load) => {
      await answersOnlyFrom(load, 'catalog-two');
      const routes = (weight: string) =>
        `apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: { name: catalog, namespace: shop }\n` +
        `spec: { parentRefs: [{ group: "", kind: Service, name: catalog }], rules: [{ backendRefs: [{ name: catalog, port: 80, weight: ${weight} }] }] }\n`;
      let lastFaults = '[]';
      for (const broken of [routes('-3'), routes('[unclosed')]) {
        await mesh.writeConfig('routes.yaml', broken);
        await eventually(async () => expect(await configFaults()).not.toBe(lastFaults));
        lastFaults = await configFaults();
        expect(lastFaults).toContain('routes.yaml');
        const sinceMs = performance.now();
        await load.more(50);
        expect(Object.keys(load.countsSince(sinceMs))).toEqual(['catalog-two']);
      }
      expect(await mesh.controlPlanePage('/metrics')).toMatch(
        /^tulle_config_faults\{severity="error"\} [1-9]/m,
      );
      await mesh.writeConfig('routes.yaml', routes('1'));
      await answersOnlyFrom(load, 'catalog-one');
      expect(await configFaults()).toBe('[]');
    });
  });

  it('follows endpoints that come and go', async () => {
    await underLoad(async (load) => {
      for (const pods of [['catalog-one', 'catalog-two'], ['catalog-two'], ['catalog-one']]) {
        await mesh.apply({ ...spec, services: { ...spec.services, catalog: pods } });
        await eventually(async () => {
          const sinceMs = performance.now();
          await load.more(20);
          expect(Object.keys(load.countsSince(sinceMs)).sort()).toEqual(pods);
        });
      }
    });
  });

  it('loses no request to an endpoint that every service lets go of', async () => {
    await underLoad(async (load) => {
      for (const pods of [
        ['catalog-two'],
        ['catalog-one'],
        ['catalog-two'],
        ['catalog-one'],
        ['catalog-two'],
      ]) {
        await mesh.apply({ ...spec, services: { ...spec.services, catalog: pods } });
        await load.more(30);
      }
    });
  });

  describe('answers by itself, with a reason', () => {
    const cases = [
      { what: 'an unknown host', host: 'nobody', status: 404, reason: 'unknown_host', flag: 'NR' },
      { what: 'an unknown port', host: 'catalog:81', status: 404, reason: 'unknown_port', flag: 'NR' },
      { what: 'a service without endpoints', host: 'empty', status: 503, reason: 'no_endpoint', flag: 'UH' },
      {
        what: 'a peer that cannot be reached',
        host: 'dead',
        status: 502,
        reason: 'connect_failed',
        flag: 'UF',
      },
    ];
    for (const { what, host, status, reason, flag } of cases)
      it(`${status} for ${what}`, async () => {
        const counted = async () =>
          metricSum(await sidecarMetrics(client), 'tulle_requests_total', {
            direction: 'outbound',
            code: String(status),
            flag,
          });
        const before = await counted();
        const answer = await sendTo(host);
        expect({ status: answer.status, reason: answer.headers['x-tulle-reason'] }).toEqual({
          status,
          reason,
        });
        expect(await counted()).toBe(before + 1);
      });

    it('502 for an application that has died behind its sidecar', async () => {
      await applications[1]!.close();
      const answer = await sendTo('catalog-two');
      expect({ status: answer.status, reason: answer.headers['x-tulle-reason'] }).toEqual({
        status: 502,
        reason: 'connect_failed',
      });
      const flagged = { direction: 'inbound', code: '502', flag: 'UF' };
      expect(metricSum(await sidecarMetrics(two), 'tulle_requests_total', flagged)).toBe(1);
    });

    it('404 once a service has been removed', async () => {
      expect((await sendTo('empty')).status).toBe(503);
      const { empty: _removed, ...services } = spec.services;
      await mesh.apply({ ...spec, services });
      await eventually(async () => expect((await sendTo('empty')).status).toBe(404));
      expect((await sendTo('catalog')).status).toBe(200);
    });
  });
});
