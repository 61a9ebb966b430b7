import { createTestAuthority } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { readSettings } from './settings.ts';

const required = {
  TULLE_WORKLOAD: 'bookshop/web-0',
  TULLE_CONTROL_PLANE: '127.0.0.1:15012',
  TULLE_CA_FILE: 'root.pem',
  TULLE_TOKEN_FILE: 'token',
};

describe('readSettings', () => {
  it('needs four variables and has a default for every other', () => {
    expect(readSettings(required)).toMatchObject({
      workload: { namespace: 'bookshop', name: 'web-0' },
      trustDomain: 'cluster.local',
      host: '127.0.0.1',
      appHost: '127.0.0.1',
      outboundPort: 15_001,
      inboundPort: 15_006,
      metricsPort: 15_020,
      adminPort: 15_000,
      accessLog: 'off',
      forwarding: { forwardedFor: 'append', clientCert: 'sanitize' },
      seriesExpirySeconds: 900,
      tracing: { endpoint: null, share: 0.01 },
      probes: [],
      stateDirectory: null,
      drainDelaySeconds: 0,
      drainSeconds: 10,
      discoveryWaitMs: 5_000,
      workers: 1,
      workerIndex: null,
    });
  });

  it('takes the roots as a file or as text, and not both', async () => {
    const { TULLE_CA_FILE: _file, ...rest } = required;
    const { rootPem } = await createTestAuthority();
    expect(readSettings(required).controlPlane.ca).toEqual({ kind: 'file', path: 'root.pem' });
    const ca = (pem: string) => readSettings({ ...rest, TULLE_CA_PEM: pem }).controlPlane.ca;
    expect(ca(rootPem + rootPem)).toEqual({ kind: 'text', pem: rootPem + rootPem });
    expect(() => readSettings({ ...required, TULLE_CA_PEM: rootPem })).toThrow(/set one of them/);
    expect(() => readSettings(rest)).toThrow(/TULLE_CA_FILE: is not set.*TULLE_CA_PEM/);
    expect(() => ca('root.pem')).toThrow(/TULLE_CA_PEM: must hold the mesh's root certificates/);
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
    expect(() => ca(rootPem + broken)).toThrow(
      /TULLE_CA_PEM: holds a certificate that cannot be read, number 2/,
    );
    expect(() => ca(rootPem.repeat(1_000))).toThrow(/TULLE_CA_PEM: may have/);
  });

  it('takes probes, and tells each fault of theirs by its path', () => {
    const probes = (json: object) =>
      readSettings({ ...required, TULLE_PROBES: JSON.stringify(json) }).probes.map(({ name }) => name);
    expect(probes({ 'web/liveness': { tcp: { port: 80 } } })).toEqual(['web/liveness']);
    expect(() => probes({ 'web/liveness': { tcp: { port: 0 } }, web: {} })).toThrow(
      /TULLE_PROBES: "web\/liveness".tcp.port must be a port.*TULLE_PROBES: "web" must be <container>\/<kind>/,
    );
  });

  it('takes the host as the application address unless another is given', () => {
    expect(readSettings({ ...required, TULLE_HOST: '127.0.1.1' }).appHost).toBe('127.0.1.1');
    const env = { ...required, TULLE_HOST: '127.0.1.1', TULLE_APP_HOST: '127.0.0.1' };
    expect(readSettings(env).appHost).toBe('127.0.0.1');
  });

  it('knows whether it is one of several workers', () => {
    const env = { ...required, TULLE_WORKERS: '4' };
    expect(readSettings(env)).toMatchObject({ workers: 4, workerIndex: null });
    expect(readSettings({ ...env, TULLE_WORKER_INDEX: '3' })).toMatchObject({ workers: 4, workerIndex: 3 });
    expect(() => readSettings({ ...required, TULLE_WORKERS: '0' })).toThrow(/TULLE_WORKERS/);
  });

  it('takes a collector by its URL, and a share from 0 to 1', () => {
    const traced = (endpoint: string, share: string) =>
      readSettings({ ...required, TULLE_TRACING_ENDPOINT: endpoint, TULLE_TRACING_SAMPLE: share }).tracing;
    expect(traced('http://otel:4318', '0.25')).toEqual({ endpoint: 'http://otel:4318', share: 0.25 });
    expect(() => traced('otel:4318', '0')).toThrow(/TULLE_TRACING_ENDPOINT/);
    expect(() => traced('http://otel:4318', '1.5')).toThrow(/TULLE_TRACING_SAMPLE/);
  });

  it('reports every fault at once', () => {
    const env = { TULLE_WORKLOAD: 'web', TULLE_OUTBOUND_PORT: '70000', TULLE_ACCESS_LOG: 'yes' };
    expect(() => readSettings(env)).toThrow(
      /TULLE_WORKLOAD.*TULLE_CONTROL_PLANE.*TULLE_CA_FILE.*TULLE_TOKEN_FILE.*TULLE_ACCESS_LOG/s,
    );
    expect(() => readSettings(env)).toThrow(/TULLE_OUTBOUND_PORT/);
  });
});
