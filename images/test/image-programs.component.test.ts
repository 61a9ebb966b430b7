/** The programs as they are shipped: bundled, on the files of their images alone. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundlePrograms, type ImageName, imageNames, imageSpecs } from '@tulle/images';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isConfined, root, runProgram, unpackImages } from './rootfs.ts';

const node = '/usr/local/bin/node';
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tulle-images-'));
  await unpackImages(imageNames, folder);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (image: ImageName, command: readonly string[], rest = {}) =>
  runProgram({ folder, image, command, ...rest });

test.each([
  ['control-plane', /invalid environment: .*TULLE_/],
  ['sidecar', /invalid environment: .*TULLE_WORKLOAD/],
  ['injector', /no Kubernetes cluster is configured/],
] as const)('the %s starts, and says what it lacks', async (image, said) => {
  const { code, output } = await run(image, imageSpecs[image].entrypoint);
  expect(output).toMatch(said);
  expect(code).toBe(1);
});

test('the sidecar serves in several workers, captures, and traces, with everything that these load', async () => {
  const path = (name: string) => join(isConfined ? '' : join(folder, 'sidecar'), 'tmp', name);
  writeFileSync(join(folder, 'sidecar/tmp/token'), 'token');
  writeFileSync(
    join(folder, 'sidecar/tmp/root.pem'),
    readFileSync(join(import.meta.dirname, 'fixtures/root.pem')),
  );
  const ports = ['OUTBOUND', 'INBOUND', 'METRICS', 'ADMIN'].map((name) => [`TULLE_${name}_PORT`, '0']);
  const { output } = await run('sidecar', imageSpecs.sidecar.entrypoint, {
    env: {
      ...Object.fromEntries(ports),
      TULLE_WORKLOAD: 'bookshop/web-1',
      TULLE_CONTROL_PLANE: '127.0.0.1:9',
      TULLE_CA_FILE: path('root.pem'),
      TULLE_TOKEN_FILE: path('token'),
      TULLE_WORKERS: '2',
      TULLE_CAPTURE: 'redirect',
      TULLE_TRACING_ENDPOINT: 'http://127.0.0.1:9',
    },
    until: (text: string) => text.includes('"ready":2'),
  });
  expect(output).toContain('"msg":"tracing is on"');
  expect(output).toMatch(/"worker":0.*"side":"outbound".*"capture":"redirect"/);
  expect(output).toMatch(/"worker":1.*"side":"outbound".*"capture":"redirect"/);
  expect(output).not.toContain('"level":"error"');
});

test('while tracing is off the sidecar loads nothing of it', async () => {
  const { files } = await bundlePrograms({ root, programs: imageSpecs.sidecar.programs });
  const text = (name: string) => Buffer.from(files.get(name) ?? []).toString('utf8');
  const isOfTracing = (name: string) => text(name).includes('OTEL_EXPORTER_OTLP');
  // main.ts loads the rest after it has set V8's limits: from there on by static imports alone.
  const loaded = new Set<string>();
  const load = (name: string): void => {
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const [, next] of text(name).matchAll(/(?:from|import)"\.\/([^"]+)"/g)) load(next!);
  };
  load('main.mjs');
  for (const [, next] of text('main.mjs').matchAll(/import\("\.\/([^"]+)"\)/g)) load(next!);
  expect([...files.keys()].some(isOfTracing)).toBe(true);
  expect([...loaded].some((name) => text(name).includes('TULLE_WORKLOAD'))).toBe(true);
  expect([...loaded].filter(isOfTracing)).toEqual([]);
});

test.runIf(isConfined)('the init program makes its rules, and finds every backend in the image', async () => {
  for (const backend of ['auto', 'iptables-nft', 'nft']) {
    const env = { TULLE_CAPTURE_BACKEND: backend };
    const { code, output } = await run('sidecar', [node, '/app/init.mjs'], { env, userId: 0 });
    expect(output).toContain('"msg":"capturing"');
    expect(code).toBe(0);
  }
  const legacy = await run('sidecar', ['/usr/sbin/iptables-legacy', '--version'], { userId: 0 });
  expect(legacy.output).toContain('(legacy)');
});

describe('the bookshop', () => {
  test.each(['web', 'catalog', 'orders', 'reviews'])('%s starts', async (service) => {
    const { output } = await run('bookshop', [node, `/app/${service}.mjs`], {
      env: { LISTEN: '127.0.0.1:0' },
      until: (text: string) => text.includes('listens on'),
    });
    expect(output).toContain(service);
  });
});

test('the licences of all that an image has are in it', () => {
  const licences = (image: ImageName, name: string) =>
    readFileSync(join(folder, image, 'licenses', name), 'utf8');
  expect(licences('sidecar', 'tulle.txt')).toContain('Apache License');
  expect(licences('sidecar', 'base.txt')).toMatch(/Node\.js 24[\s\S]*GNU/);
  expect(licences('sidecar', 'netfilter.txt')).toContain('iptables');
  expect(licences('sidecar', 'packages.txt')).toMatch(/@grpc\/grpc-js[\s\S]*koffi/);
  expect(licences('control-plane', 'packages.txt')).toContain('@peculiar/x509');
});
