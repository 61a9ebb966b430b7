import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseInjectorSettings } from '@tulle/injector-webhook';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { runCaptured } from '../testing/run-captured.ts';

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: { readonly replicas?: number };
  readonly data?: Readonly<Record<string, string>>;
}

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tulle-install-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function install(...args: string[]): Promise<readonly Rendered[]> {
  const { code, out, err } = await runCaptured(['install', ...args]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return parseAllDocuments(out).map((document) => document.toJS() as Rendered);
}

const kinds = (objects: readonly Rendered[]) => new Set(objects.map(({ kind }) => kind));
const find = (objects: readonly Rendered[], kind: string, name: string) =>
  objects.find((object) => object.kind === kind && object.metadata.name === name)!;

describe('tulle install', () => {
  it('puts everything that has a namespace into the one that is asked for, and makes that first', async () => {
    const objects = await install('--namespace', 'mesh');
    expect(objects[0]).toMatchObject({ kind: 'Namespace', metadata: { name: 'mesh' } });
    const namespaces = new Set(objects.map(({ metadata }) => metadata.namespace));
    expect(namespaces).toEqual(new Set([undefined, 'mesh']));
    expect(JSON.stringify(objects)).not.toContain('tulle-system');
  });

  it('gives the definitions of the kinds alone, or all the rest', async () => {
    expect(kinds(await install('--crds-only'))).toEqual(new Set(['CustomResourceDefinition']));
    expect(kinds(await install('--skip-crds'))).not.toContain('CustomResourceDefinition');
    expect(kinds(await install('--skip-crds'))).toContain('Deployment');
  });

  it.each([
    ['--replicas=two', 'controlPlane.replicas: must be a whole number from 1 to 20, not "two"'],
    ['--version=.5', 'image.version: must be a text that matches'],
    ['--set=proxy.memoryLimit=1Mi', 'proxy.memoryLimit: must be a quantity such as 512Mi (at least 64Mi)'],
    ['--set=proxy.excludedOutboundCidrs=[ten]', 'proxy.excludedOutboundCidrs: must be blocks of addresses'],
  ])('refuses %s, with which nothing could be done in a cluster', async (argument, message) => {
    const { code, out, err } = await runCaptured(['install', argument]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(message);
  });

  it('takes null for the default, over what a file says too, and out of an object', async () => {
    const file = join(directory, 'values.yaml');
    await writeFile(file, 'controlPlane: { replicas: 5, resources: { requests: { cpu: 1 } } }\n');
    const set = ['--set', 'controlPlane.replicas=null', '--set', 'controlPlane.resources.limits=null'];
    const { spec } = find(await install('-f', file, ...set), 'Deployment', 'tulle-control-plane');
    expect(spec).toMatchObject({ replicas: 2 });
    const { containers } = (
      spec as unknown as { template: { spec: { containers: { resources: object }[] } } }
    ).template.spec;
    expect(containers[0]!.resources).toEqual({ requests: { cpu: 1, memory: '192Mi' } });
  });

  it('lays flags over files, and single values over both', async () => {
    const file = join(directory, 'values.yaml');
    await writeFile(file, 'controlPlane: { replicas: 5, logLevel: debug }\nimage: { registry: from.file }\n');
    const objects = await install('-f', file, '--registry', 'from.flag', '--set', 'controlPlane.replicas=4');
    const deployment = find(objects, 'Deployment', 'tulle-control-plane');
    expect(deployment.spec?.replicas).toBe(4);
    const text = JSON.stringify(deployment);
    expect(text).toContain('from.flag/control-plane:');
    expect(text).toContain('{"name":"TULLE_LOG_LEVEL","value":"debug"}');
  });

  it('tells the injector what sidecars are made of', async () => {
    const objects = await install(
      '--trust-domain',
      'mesh.example.com',
      '--set',
      'tracing.endpoint=http://otel:4318',
    );
    const config = find(objects, 'ConfigMap', 'tulle-injector').data?.['config.yaml'];
    expect(config).toContain('trustDomain: mesh.example.com\n');
    expect(config).toContain('tracingEndpoint: http://otel:4318\n');
    expect(config).toContain('image: tulle.dev/sidecar:');
  });

  it.each([
    [[]],
    [
      [
        '--set',
        'proxy.excludedOutboundPorts=[5432, 9000-9010]',
        '--set',
        'proxy.excludedOutboundCidrs=["fd00::/8"]',
      ],
    ],
    [['--set', 'proxy.memoryLimit=none', '--set', 'proxy.accessLog="off"', '--set', 'tracing.sampleShare=0']],
  ])('writes settings that the injector takes whole: %j', async (args) => {
    const config = find(await install(...args), 'ConfigMap', 'tulle-injector').data?.['config.yaml'];
    expect(parseInjectorSettings(config!, '0.0.0')).toMatchObject({ ok: true, warnings: [] });
  });

  it('keeps what is read as something else by older YAML in quotes', async () => {
    const { out } = await runCaptured(['install', '--set', 'proxy.accessLog="off"']);
    expect(out).toContain('accessLog: "off"');
  });

  it.each([
    [
      ['--set', 'controlPlane.replicas=0'],
      'controlPlane.replicas: must be a whole number from 1 to 20, not 0',
    ],
    [['--set', 'controlPlain.replicas=1'], 'controlPlain: is no value: there are trustDomain, image'],
    [
      ['--set', 'proxy.accessLog=loud'],
      'proxy.accessLog: must be one of off, errors, text, json, not "loud"',
    ],
    [['--set', 'replicas'], '--set replicas: must be path=value, such as controlPlane.replicas=3'],
    [['--replicas', 'many'], 'controlPlane.replicas: must be a whole number from 1 to 20'],
    [['--namespace', 'Mesh'], '--namespace: must be the name of a namespace, not "Mesh"'],
    [['--trust-domain', 'a b'], 'trustDomain: must be a text that matches'],
    [['-f', '/nowhere.yaml'], '/nowhere.yaml cannot be read'],
  ])('%j is refused', async (args, message) => {
    const { code, out, err } = await runCaptured(['install', ...args]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(message);
  });
});
