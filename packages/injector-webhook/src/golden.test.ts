import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, parseManifest, parseYamlDocuments } from '@tulle/api';
import { applyPatch } from 'rfc6902';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { injectPod } from './inject-pod.ts';
import type { InjectionContext } from './injection-context.ts';
import { parseInjectorSettings } from './settings/parse-injector-settings.ts';
import { podOf } from './testing/pod-of.ts';
import { testContext } from './testing/test-context.ts';

/** Pairs of what is given and what comes of it; UPDATE_GOLDEN=1 writes the second anew. */
const directory = join(import.meta.dirname, '..', 'testdata', 'inject');
const names = readdirSync(directory)
  .filter((file) => file.endsWith('.in.yaml'))
  .map((file) => file.slice(0, -'.in.yaml'.length));

describe('injection, by golden pairs', () => {
  test('there are pairs', () => {
    expect(names.length).toBeGreaterThan(20);
  });

  test.each(names)('%s', (name) => {
    const { pod, context } = readInput(name);
    const result = injectPod(pod, context);
    const { patch, ...told } = { patch: [], ...result };
    const path = join(directory, `${name}.out.yaml`);
    const text = stringify(told, { lineWidth: 110, aliasDuplicateObjects: false });
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, text);
    expect(text).toBe(readFileSync(path, 'utf8'));

    if (result.kind !== 'inject') return;
    const patched = structuredClone(pod);
    expect(applyPatch(patched, [...patch] as never).filter((error) => error !== null)).toEqual([]);
    expect(patched).toEqual(result.pod);
    expect(injectPod(patched, context)).toMatchObject({ kind: 'skip', reason: 'already-injected' });
  });
});

/** The workload, and before it, if there is one, a document that says how the context differs from the usual one. */
function readInput(name: string): { pod: unknown; context: InjectionContext } {
  const text = readFileSync(join(directory, `${name}.in.yaml`), 'utf8');
  const { documents, faults } = parseYamlDocuments(text, name);
  expect(faults).toEqual([]);
  const objects = documents.map(({ object }) => object as Record<string, unknown>);
  const [changes = {}] = objects.filter(({ kind }) => kind === undefined);
  const workload = objects.find(({ kind }) => kind !== undefined && kind !== 'MeshConfig');
  const config = objects.find(({ kind }) => kind === 'MeshConfig');
  const base = testContext();
  const context = {
    ...base,
    ...(typeof changes.hasNativeSidecars === 'boolean'
      ? { hasNativeSidecars: changes.hasNativeSidecars }
      : {}),
    namespace: { ...base.namespace, ...(isObject(changes.namespace) ? changes.namespace : {}) },
    settings: changes.settings === undefined ? base.settings : settingsOf(changes.settings),
    mesh: config === undefined ? null : meshOf(config),
  };
  return { pod: podOf(workload), context };
}

function settingsOf(yaml: unknown): InjectionContext['settings'] {
  const parsed = parseInjectorSettings(stringify(yaml), '0.1.0');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  return parsed.value;
}

function meshOf(object: unknown): InjectionContext['mesh'] {
  const parsed = parseManifest(object);
  if (!parsed.ok || parsed.value.kind !== 'MeshConfig') throw new Error(JSON.stringify(parsed));
  return parsed.value;
}
