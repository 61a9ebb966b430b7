import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KubernetesObject, objectKey, parseManifest } from '@tulle/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ResourceSet, resourceSetOf } from '../../src/sources/resource-set.ts';
import { translate } from '../../src/translate/translate.ts';
import { Translator } from '../../src/translate/translator.ts';
import { readObjects } from './read-resources.ts';

const directory = join(import.meta.dirname, '../../testdata/translate');
const options = {
  trustDomain: 'cluster.local',
  clusterDomain: 'cluster.local',
  meshNamespace: 'tulle-system',
};

/** All golden cases in one mesh: every kind, in names that meet. */
const objects = readdirSync(directory)
  .filter((name) => name.endsWith('.in.yaml'))
  .flatMap((name) => readObjects(readFileSync(join(directory, name), 'utf8'), name));

type Change = readonly KubernetesObject[];

/** A mesh is in force object by object: absent, one version of it, or another one of the same name. */
const versions = Map.groupBy([...objects, ...objects.flatMap(variantsOf)], keyOf);
const changes: fc.Arbitrary<Change> = fc
  .subarray([...versions.keys()], { minLength: 1, maxLength: 4 })
  .chain((keys) =>
    fc.tuple(...keys.map((key) => fc.option(fc.constantFrom(...versions.get(key)!), { freq: 3, nil: key }))),
  )
  .map((chosen) => chosen as unknown as Change);

describe('Translator', () => {
  it('says after any changes what translate says of where they led', () => {
    fc.assert(
      fc.property(fc.array(changes, { minLength: 1, maxLength: 12 }), (steps) => {
        const translator = new Translator(options);
        let resources = resourceSetOf(objects);
        translator.translate(resources);
        for (const step of steps) {
          resources = changed(resources, step);
          expect(translator.translate(resources)).toEqual(translate(resources, options));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('does the same from nothing to everything, an object at a time, and back', () => {
    const translator = new Translator(options);
    let resources = resourceSetOf([]);
    const steps = [...objects.map((object) => [object]), ...objects.map((object) => [keyOf(object)])];
    for (const step of steps) {
      resources = changed(resources, step as unknown as Change);
      expect(translator.translate(resources)).toEqual(translate(resources, options));
    }
  });

  it('keeps what a change does not touch as the same objects', () => {
    const translator = new Translator(options);
    const resources = resourceSetOf(objects);
    const before = translator.translate(resources).mesh;
    const slice = objects.find(({ kind }) => kind === 'EndpointSlice')!;
    const after = translator.translate(changed(resources, [structuredClone(slice)])).mesh;
    expect(after.services).toBe(before.services);
    expect(after.peers).toBe(before.peers);
    expect(after.workloads).toBe(before.workloads);
    expect(after.routes).toBe(before.routes);
    const isNew = (set: (typeof after.endpoints)[number]) => !before.endpoints.includes(set);
    const service = (slice as { readonly serviceName?: string }).serviceName;
    expect(after.endpoints.filter(isNew).map(({ name }) => name)).toEqual(
      after.endpoints
        .filter(({ name, namespace }) => name === service && namespace === slice.metadata.namespace)
        .map(({ name }) => name),
    );
  });
});

function keyOf(object: KubernetesObject): string {
  return `${object.kind} ${objectKey(object)}`;
}

/** The set after some objects have been put in place of others of their names, and some, named by key, taken away. */
function changed(resources: ResourceSet, change: Change): ResourceSet {
  const next: Record<string, Map<string, KubernetesObject>> = {};
  const mapOf = (kind: KubernetesObject['kind']) =>
    (next[kind] ??= new Map<string, KubernetesObject>(
      resources[kind] as ReadonlyMap<string, KubernetesObject>,
    ));
  for (const entry of change as readonly (KubernetesObject | string)[]) {
    if (typeof entry === 'string') {
      const [kind, key] = entry.split(' ') as [KubernetesObject['kind'], string];
      mapOf(kind).delete(key);
    } else mapOf(entry.kind).set(objectKey(entry), entry);
  }
  return { ...resources, ...next } as ResourceSet;
}

/** Other versions of an object: the same again as a new object, and those with something changed that matters. */
function variantsOf(object: KubernetesObject): readonly KubernetesObject[] {
  const again = { ...object };
  switch (object.kind) {
    case 'Pod':
      return [
        again,
        { ...object, isFinished: !object.isFinished },
        { ...object, podIps: [] },
        { ...object, injection: 'disabled' },
        {
          ...object,
          podIps: ['10.9.9.9'],
          metadata: { ...object.metadata, creationTimestamp: '2026-01-01T00:00:00Z' },
        },
        { ...object, metadata: { ...object.metadata, labels: new Map([['app', 'web']]) } },
      ];
    case 'EndpointSlice':
      return [
        again,
        {
          ...object,
          endpoints: object.endpoints.map((endpoint) => ({ ...endpoint, isReady: !endpoint.isReady })),
        },
        { ...object, endpoints: object.endpoints.slice(1) },
        {
          ...object,
          endpoints: object.endpoints.map((endpoint) => ({ ...endpoint, zone: null, nodeName: 'node-1' })),
        },
        { ...object, ports: object.ports.map((port) => ({ ...port, port: 9_999 })) },
        { ...object, serviceName: null },
      ];
    case 'Service':
      return [again, { ...object, ports: object.ports.slice(1) }, { ...object, type: 'ExternalName' }];
    case 'Namespace':
      return [again, { ...object, injection: object.injection === 'enabled' ? 'disabled' : 'enabled' }];
    case 'HTTPRoute':
      return [again, { ...object, rules: [] }, { ...object, parentRefs: object.parentRefs.slice(1) }];
    case 'PeerAuthentication':
      return [again, { ...object, mode: 'strict' }, { ...object, selector: new Map() }];
    case 'MeshConfig':
      return [again, { ...object, unknownDestinations: 'refuse' }, { ...object, mtlsMode: 'disable' }];
    default:
      return [again];
  }
}

/** Zones for the endpoints above, and other ones. */
for (const zone of ['a', 'b']) {
  const node = parseManifest({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node-1', labels: { 'topology.kubernetes.io/zone': zone } },
  });
  if (!node.ok) throw new Error('the node cannot be read');
  const object = node.value as KubernetesObject;
  versions.set(keyOf(object), [...(versions.get(keyOf(object)) ?? []), object]);
}
