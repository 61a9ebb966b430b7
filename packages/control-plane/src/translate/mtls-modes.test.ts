import type { KubernetesObject, Pod } from '@tulle/api';
import { parseManifest } from '@tulle/api';
import { describe, expect, it } from 'vitest';
import { resourceSetOf } from '../sources/resource-set.ts';
import { MtlsModes } from './mtls-modes.ts';

function read(manifest: object): KubernetesObject {
  const parsed = parseManifest(manifest);
  if (!parsed.ok || parsed.value.kind === 'foreign') throw new Error(JSON.stringify(parsed));
  return parsed.value;
}

const own = (kind: string, namespace: string, spec: object, name = 'default') =>
  read({ apiVersion: 'tulle.dev/v1alpha1', kind, metadata: { name, namespace }, spec });

const pod = (labels: object, namespace = 'shop') =>
  read({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace, labels } }) as Pod;

/** Undefined: there is no such policy. */
const choices = [undefined, 'UNSET', 'STRICT', 'PERMISSIVE', 'DISABLE'] as const;
type Choice = (typeof choices)[number];

describe('MtlsModes', () => {
  it('lets the narrowest that says something win, in every combination', () => {
    const web = pod({ app: 'web' });
    const selector = { matchLabels: { app: 'web' } };
    const some = (make: (mode: Choice) => KubernetesObject) => (mode: Choice) =>
      mode === undefined ? [] : [make(mode)];
    const config = some((mode) => own('MeshConfig', '', { mtls: { mode } }));
    const mesh = some((mode) => own('PeerAuthentication', 'tulle-system', { mtls: { mode } }));
    const namespace = some((mode) => own('PeerAuthentication', 'shop', { mtls: { mode } }, 'wide'));
    for (const a of choices)
      for (const b of choices)
        for (const c of choices)
          for (const d of choices)
            for (const e of choices) {
              const mtls = d === undefined ? {} : { mtls: { mode: d } };
              const portLevelMtls = e === undefined ? {} : { portLevelMtls: { 80: { mode: e } } };
              const workload = own(
                'PeerAuthentication',
                'shop',
                { selector, ...mtls, ...portLevelMtls },
                'web',
              );
              const objects = [...config(a), ...mesh(b), ...namespace(c), workload];
              const { byDefault, byPort } = new MtlsModes(resourceSetOf(objects), 'tulle-system').of(
                web,
              ).mtls;
              expect([byDefault.mode, (byPort.get(80) ?? byDefault).mode]).toEqual([
                narrowest([a, b, c, d]),
                narrowest([a, b, c, d, e]),
              ]);
            }
  });

  it('names the policy that says it, not one that inherits', () => {
    const objects = [
      own('PeerAuthentication', 'tulle-system', { mtls: { mode: 'STRICT' } }, 'mesh'),
      own('PeerAuthentication', 'shop', { mtls: { mode: 'UNSET' } }, 'wide'),
    ];
    const modes = new MtlsModes(resourceSetOf(objects), 'tulle-system');
    expect(modes.of(pod({})).mtls.byDefault).toEqual({ mode: 'strict', policy: 'tulle-system/mesh' });
    expect(new MtlsModes(resourceSetOf([]), 'tulle-system').of(pod({})).mtls.byDefault).toEqual({
      mode: 'permissive',
      policy: 'default',
    });
  });

  it('takes all labels of a selector, and one of an empty value where it stands', () => {
    const selector = { matchLabels: { app: 'web', canary: '' } };
    const policy = own('PeerAuthentication', 'shop', { selector, mtls: { mode: 'STRICT' } });
    const modes = new MtlsModes(resourceSetOf([policy]), 'tulle-system');
    const modeOf = (labels: object, namespace?: string) =>
      modes.of(pod(labels, namespace)).mtls.byDefault.mode;
    expect(modeOf({ app: 'web', canary: '', more: 'x' })).toBe('strict');
    expect(modeOf({ app: 'web' })).toBe('permissive');
    expect(modeOf({ app: 'web', canary: 'x' })).toBe('permissive');
    expect(modeOf({ app: 'web', canary: '' }, 'other')).toBe('permissive');
  });
});

function narrowest(levels: readonly Choice[]): string {
  const said = levels.filter((level) => level !== undefined && level !== 'UNSET');
  return (said.at(-1) ?? 'PERMISSIVE').toLowerCase();
}
