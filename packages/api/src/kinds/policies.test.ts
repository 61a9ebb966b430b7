import { describe, expect, it } from 'vitest';
import { parseManifest } from '../manifest.ts';
import { parseYamlDocuments } from '../yaml-documents.ts';

const object = (kind: string, spec: unknown, metadata: object) => ({
  apiVersion: 'tulle.dev/v1alpha1',
  kind,
  metadata,
  spec,
});

const policy = (spec: unknown) =>
  parseManifest(object('PeerAuthentication', spec, { name: 'p', namespace: 'shop' }));
const config = (spec: unknown, name = 'default') => parseManifest(object('MeshConfig', spec, { name }));

const told = (list: readonly { path: string; reason: string }[]) =>
  list.map(({ path, reason }) => `${path}: ${reason}`);
const violations = (parsed: ReturnType<typeof parseManifest>) => (parsed.ok ? [] : told(parsed.violations));

describe('PeerAuthentication', () => {
  it('is read as Istio has it, ports by number', () => {
    const text = `
apiVersion: tulle.dev/v1alpha1
kind: PeerAuthentication
metadata: { name: p, namespace: shop }
spec:
  selector: { matchLabels: { app: web, example.com/tier: "" } }
  mtls: { mode: STRICT }
  portLevelMtls:
    8080: { mode: DISABLE }
    "9090": { mode: UNSET }
`;
    const [document] = parseYamlDocuments(text, 'p.yaml').documents;
    expect(parseManifest(document!.object)).toMatchObject({
      ok: true,
      value: {
        selector: new Map([
          ['app', 'web'],
          ['example.com/tier', ''],
        ]),
        mode: 'strict',
        portModes: new Map([
          [8080, 'disable'],
          [9090, null],
        ]),
      },
      warnings: [],
    });
  });

  it.each([
    undefined,
    null,
    {},
    { mtls: {} },
    { mtls: { mode: 'UNSET' } },
    { selector: { matchLabels: {} } },
  ])('inherits where it says nothing: %j', (spec) => {
    expect(policy(spec)).toMatchObject({
      ok: true,
      value: { mode: null, selector: new Map(), portModes: new Map() },
      warnings: [],
    });
  });

  it('reports every violation with its path', () => {
    const spec = {
      selector: { matchLabels: { 'a/b/c': 'x', app: 'ä', n: 1 } },
      mtls: { mode: 'strict' },
      portLevelMtls: { http: { mode: 'STRICT' }, 70000: {}, 80: null, 81: { mode: 1 } },
    };
    expect(violations(policy(spec))).toEqual([
      'spec.selector.matchLabels["a/b/c"]: must have as its key a label name such as app or example.com/app',
      'spec.selector.matchLabels.app: must be letters, digits, "-", "_" and ".", at most 63 characters, not "ä"',
      'spec.selector.matchLabels.n: must be a text, not 1: put it in quotes',
      'spec.mtls.mode: must be one of STRICT, PERMISSIVE, DISABLE, UNSET, not "strict"',
      'spec.portLevelMtls["80"]: is required',
      'spec.portLevelMtls["81"].mode: must be a text, not 1: put it in quotes',
      'spec.portLevelMtls["70000"]: must have as its key a port of the pod from 1 to 65535, not "70000"',
      'spec.portLevelMtls.http: must have as its key a port of the pod from 1 to 65535, not "http"',
    ]);
  });

  it.each([
    ['ports without a selector', { portLevelMtls: { 80: { mode: 'STRICT' } } }, 'spec.portLevelMtls'],
    ['a selector that is a text', { selector: 'app=web' }, 'spec.selector'],
    ['a mode where an object is meant', { mtls: 'STRICT' }, 'spec.mtls'],
    ['a list of ports', { selector: { matchLabels: { a: 'b' } }, portLevelMtls: [80] }, 'spec.portLevelMtls'],
    [
      '65 labels',
      { selector: { matchLabels: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`l${i}`, ''])) } },
      'spec.selector.matchLabels',
    ],
    [
      'a label value of 64 characters',
      { selector: { matchLabels: { app: 'x'.repeat(64) } } },
      'spec.selector.matchLabels.app',
    ],
  ])('refuses %s', (_, spec, path) => {
    const parsed = policy(spec);
    expect(parsed.ok ? [] : parsed.violations.map((violation) => violation.path)).toEqual([path]);
  });

  it('warns of fields that it does not know', () => {
    const spec = { selector: { matchlabels: {} }, mtls: { modus: 'STRICT' }, portLevelMTLS: {} };
    expect(told(policy(spec).warnings)).toEqual([
      'spec.selector.matchlabels: is not a known field',
      'spec.mtls.modus: is not a known field',
      'spec.portLevelMTLS: is not a known field',
    ]);
  });

  it('of another version is refused, of another group left alone', () => {
    const parsed = parseManifest({
      ...object('PeerAuthentication', {}, { name: 'p' }),
      apiVersion: 'tulle.dev/v1',
    });
    expect(violations(parsed)).toEqual([
      'apiVersion: must be tulle.dev/v1alpha1 for PeerAuthentication, not tulle.dev/v1',
    ]);
    const istio = { ...object('PeerAuthentication', {}, { name: 'p' }), apiVersion: 'security.istio.io/v1' };
    expect(parseManifest(istio)).toMatchObject({ ok: true, value: { kind: 'foreign' } });
  });
});

describe('MeshConfig', () => {
  it('has defaults', () => {
    expect(config(undefined)).toMatchObject({
      ok: true,
      value: { mtlsMode: null, unknownDestinations: 'allow', metadata: { namespace: '', name: 'default' } },
    });
  });

  it('takes a mode and what becomes of unknown destinations', () => {
    const spec = { mtls: { mode: 'STRICT' }, outbound: { unknownDestinations: 'Refuse' } };
    expect(config(spec)).toMatchObject({ value: { mtlsMode: 'strict', unknownDestinations: 'refuse' } });
  });

  it('reports every violation with its path, and warns of unknown fields', () => {
    const spec = { mtls: { mode: 'ON' }, outbound: { unknownDestinations: 'allow', other: 1 }, trust: 1 };
    const parsed = config(spec, 'other');
    expect(violations(parsed)).toEqual([
      'metadata.name: must be default, the one MeshConfig that a mesh has, not "other"',
      'spec.mtls.mode: must be one of STRICT, PERMISSIVE, DISABLE, UNSET, not "ON"',
      'spec.outbound.unknownDestinations: must be one of Allow, Refuse, not "allow"',
    ]);
    expect(told(parsed.warnings)).toEqual([
      'spec.outbound.other: is not a known field',
      'spec.trust: is not a known field',
    ]);
  });
});
