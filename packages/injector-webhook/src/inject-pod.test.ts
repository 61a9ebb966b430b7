import fc from 'fast-check';
import { applyPatch } from 'rfc6902';
import { describe, expect, test } from 'vitest';
import { type InjectionResult, injectPod } from './inject-pod.ts';
import type { InjectionContext } from './injection-context.ts';
import type { RawContainer, RawPod } from './pod/raw-pod.ts';
import { arbitraryPod } from './testing/arbitrary-pod.ts';
import { testContext } from './testing/test-context.ts';

const context = testContext();
const withOptions = (proxy: Partial<InjectionContext['settings']['proxy']>, changes = {}) =>
  testContext({
    settings: { ...context.settings, proxy: { ...context.settings.proxy, ...proxy } },
    ...changes,
  });

function injected(pod: unknown, to: InjectionContext = context): RawPod {
  const result = injectPod(pod, to);
  if (result.kind !== 'inject') throw new Error(JSON.stringify(result));
  return result.pod;
}

/** As the API server does. */
function patched(pod: unknown, { patch }: Extract<InjectionResult, { kind: 'inject' }>): unknown {
  const copy = structuredClone(pod);
  expect(applyPatch(copy, structuredClone([...patch]) as never).filter((error) => error !== null)).toEqual(
    [],
  );
  return copy;
}

const notOurs = ({ name }: { name: string }) => !name.startsWith('tulle-');
const pod = {
  metadata: { name: 'web' },
  spec: {
    containers: [{ name: 'web', image: 'web:1', readinessProbe: { httpGet: { port: 80 } } }],
    initContainers: [{ name: 'first', image: 'x' }],
    volumes: [{ name: 'data', emptyDir: {} }],
  },
} satisfies RawPod;

describe('any pod', () => {
  const contexts = fc.constantFrom(
    context,
    testContext({ hasNativeSidecars: false }),
    withOptions({ capture: 'disabled' }),
  );

  test('becomes by its patch what the result says, and again is as it should be', () => {
    fc.assert(
      fc.property(arbitraryPod, contexts, (given, to) => {
        const result = injectPod(given, to);
        if (result.kind !== 'inject') throw new Error(JSON.stringify(result));
        const stands = patched(given, result);
        expect(stands).toEqual(result.pod);
        expect(injectPod(stands, to)).toMatchObject({ kind: 'skip', reason: 'already-injected' });
      }),
      { numRuns: 150 },
    );
  });

  test('injected with one set of settings and then with another is as if injected with the other alone', () => {
    fc.assert(
      fc.property(arbitraryPod, contexts, contexts, (given, first, second) => {
        const once = injected(given, first);
        const again = injectPod(once, second);
        const { annotations: _a, ...metadata } = injected(given, second).metadata ?? {};
        const { annotations: _b, ...found } = (again.kind === 'inject' ? again.pod : once).metadata ?? {};
        expect(found).toEqual(metadata);
        // The annotation for capture, which the first wrote, is the pod's own word for the second.
        const isComparable = first.settings.proxy.capture === second.settings.proxy.capture;
        if (isComparable) {
          expect(shape((again.kind === 'inject' ? again.pod : once).spec)).toEqual(
            shape(injected(given, second).spec),
          );
        }
      }),
      { numRuns: 100 },
    );
  });

  test('keeps all that is its own, but for the probes that are asked of the sidecar', () => {
    fc.assert(
      fc.property(arbitraryPod, (given) => {
        const { spec } = injected(given);
        const withoutProbes = (list: readonly RawContainer[] = []) =>
          list
            .filter(notOurs)
            .map(
              ({ livenessProbe: _1, readinessProbe: _2, startupProbe: _3, lifecycle: _4, ...rest }) => rest,
            );
        expect(withoutProbes(spec.containers)).toEqual(withoutProbes(given.spec.containers as never));
        expect(withoutProbes(spec.initContainers)).toEqual(withoutProbes(given.spec.initContainers as never));
        expect((spec.volumes ?? []).filter(notOurs)).toEqual(given.spec.volumes ?? []);
      }),
      { numRuns: 100 },
    );
  });
});

/**
 * What an empty list and an absent one are the same for. What starts before an ordinary sidecar has its startup probe back
 * after a native one, with its defaults written out.
 */
function shape({ initContainers = [], volumes = [], ...spec }: RawPod['spec']): unknown {
  const known = initContainers.map(({ startupProbe: _, lifecycle: _hooks, ...rest }) => rest);
  return { ...spec, initContainers: known, volumes };
}

describe('injected again after others', () => {
  test('leaves where they are what they have put before, between and behind', () => {
    const once = injected(pod);
    const [init, sidecar, ...rest] = once.spec.initContainers!;
    const foreign = {
      ...once,
      spec: {
        ...once.spec,
        initContainers: [
          { name: 'early', image: 'e' },
          init!,
          { name: 'mid', image: 'm' },
          sidecar!,
          ...rest,
        ],
        containers: [{ name: 'agent', image: 'a' }, ...once.spec.containers],
        volumes: [...once.spec.volumes!, { name: 'late', emptyDir: {} }],
      },
    };
    expect(injectPod(foreign, context)).toMatchObject({ kind: 'skip', reason: 'already-injected' });
  });

  test("asks the sidecar for the probes of a container that has come since, and keeps the others' own", () => {
    const once = injected(pod);
    const agent = { name: 'agent', image: 'a', livenessProbe: { tcpSocket: { port: 9 } } };
    const more = { ...once, spec: { ...once.spec, containers: [...once.spec.containers, agent] } };
    const result = injectPod(more, context);
    const probes = result.kind === 'inject' ? probesOf(result.pod) : null;
    expect(probes).toEqual({
      'web/readiness': {
        http: { port: 80, path: '/', scheme: 'HTTP', host: null, headers: [] },
        timeoutSeconds: 1,
      },
      'agent/liveness': { tcp: { port: 9 }, timeoutSeconds: 1 },
    });
  });

  test('keeps what they and the API server have added to ours, but not its token', () => {
    const once = injected(pod);
    const added = {
      env: [{ name: 'AGENT_HOST', value: 'x' }],
      volumeMounts: [
        { name: 'agent', mountPath: '/agent' },
        {
          name: 'kube-api-access-1',
          mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
          readOnly: true,
        },
      ],
    };
    const initContainers = once.spec.initContainers!.map((one) =>
      one.name !== 'tulle-sidecar'
        ? one
        : {
            ...one,
            imagePullPolicy: 'Always',
            env: [...one.env!, ...added.env],
            resources: { ...one.resources, limits: { ...one.resources?.limits, cpu: '1' } },
            volumeMounts: [...(one.volumeMounts as object[]), ...added.volumeMounts],
          },
    );
    const result = injectPod({ ...once, spec: { ...once.spec, initContainers } }, context);
    expect(result).toMatchObject({
      patch: [{ op: 'remove', path: '/spec/initContainers/1/volumeMounts/3' }],
    });
  });

  test('with other settings touches ours alone', () => {
    const result = injectPod(injected(pod), withOptions({ logLevel: 'debug', workers: 2 }));
    expect(result).toMatchObject({
      patch: [
        {
          op: 'replace',
          path: expect.stringMatching(/^\/spec\/initContainers\/1\/env\/\d+\/value$/),
          value: 'debug',
        },
        {
          op: 'add',
          path: expect.stringMatching(/^\/spec\/initContainers\/1\/env\/\d+$/),
          value: { name: 'TULLE_WORKERS', value: '2' },
        },
      ],
    });
  });
});

describe('a pod as nobody should write it', () => {
  test('may have null where it has nothing, as manifests written by hand do', () => {
    const empty = { ports: null, env: null, resources: null, lifecycle: null, livenessProbe: null };
    const bare = { metadata: null, spec: { initContainers: null, volumes: null, securityContext: null } };
    const given = {
      ...bare,
      spec: { ...bare.spec, containers: [{ name: 'web', image: 'web:1', ...empty }] },
    };
    for (const to of [context, testContext({ hasNativeSidecars: false })]) {
      const result = injectPod(given, to);
      if (result.kind !== 'inject') throw new Error(JSON.stringify(result));
      const stands = patched(given, result) as RawPod;
      expect(stands.metadata?.annotations).toMatchObject({ 'tulle.dev/injected': '0.1.0' });
      expect(injectPod(stands, to)).toMatchObject({ kind: 'skip', reason: 'already-injected' });
    }
  });

  test.each([
    '{',
    'null',
    '{"web/readiness":null}',
    '{"web/readiness":{}}',
    '{"web/readiness":{"http":{"port":80}}}',
    '{"web/readiness":{"tcp":{"port":{}}}}',
    '{"web/readiness":{"tcp":{"port":80},"timeoutSeconds":"1"}}',
    '{"__proto__":{"tcp":{"port":80}},"web/readiness":[]}',
  ])('may say in our name that its probes were %s', (text) => {
    const once = structuredClone(injected(pod));
    const sidecar = once.spec.initContainers!.find(({ name }) => name === 'tulle-sidecar')!;
    const variable = sidecar.env!.find(({ name }) => name === 'TULLE_PROBES') as { value?: unknown };
    variable.value = text;
    expect(injectPod(once, context).kind).toBe('inject');
  });

  test('may have nothing but our containers', () => {
    const [sidecar] = injected(pod, testContext({ hasNativeSidecars: false })).spec.containers;
    const given = {
      metadata: { annotations: { 'tulle.dev/injected': '0.1.0' } },
      spec: { containers: [{ ...sidecar, volumeMounts: [null] }] },
    };
    expect(injectPod(given, testContext({ hasNativeSidecars: false })).kind).toBe('inject');
  });

  test('is refused where it has more probes than its sidecar would take, which would not start', () => {
    const header = { name: 'x-long', value: 'x'.repeat(4_000) };
    const httpGet = { port: 80, httpHeaders: Array.from({ length: 40 }, () => header) };
    const containers = [{ name: 'web', image: 'web:1', readinessProbe: { httpGet } }];
    expect(injectPod({ spec: { containers } }, context)).toMatchObject({
      kind: 'deny',
      violations: [
        { path: 'spec', reason: expect.stringMatching(/^has probes of \d+ bytes .* which takes 120000/) },
      ],
    });
    expect(injectPod({ spec: { containers } }, withOptions({ rewriteProbes: 'disabled' })).kind).toBe(
      'inject',
    );
    const probe = { tcpSocket: { port: 80 } };
    const probes = { readinessProbe: probe, livenessProbe: probe, startupProbe: probe };
    const many = Array.from({ length: 100 }, (_, i) => ({ name: `web-${i}`, image: 'web:1', ...probes }));
    expect(injectPod({ spec: { containers: many } }, context)).toMatchObject({
      kind: 'deny',
      violations: [{ path: 'spec', reason: expect.stringMatching(/^has 300 probes .* which takes 256/) }],
    });
  });
});

describe('an init container that stays, and starts before the sidecar', () => {
  const startupProbe = { tcpSocket: { port: 9 } };
  const early = {
    name: 'early',
    image: 'e',
    restartPolicy: 'Always',
    startupProbe,
    readinessProbe: startupProbe,
  };
  const asked = (kind: string) => ({ httpGet: { path: `/probe/early/${kind}`, port: 15_020 } });

  test('is not waited for by way of a sidecar that waits for it', () => {
    const given = { ...pod, spec: { ...pod.spec, initContainers: [early] } };
    const find = ({ spec }: RawPod) => spec.initContainers!.find(({ name }) => name === 'early');
    // A native one is put before it.
    expect(find(injected(given))).toMatchObject({ startupProbe: asked('startup') });
    const ordinary = injected(given, withOptions({ nativeSidecar: 'disabled' }));
    expect(find(ordinary)).toMatchObject({ startupProbe, readinessProbe: asked('readiness') });
    const once = injected(pod);
    const foreign = {
      ...once,
      spec: { ...once.spec, initContainers: [early, ...once.spec.initContainers!] },
    };
    expect(find(injected(foreign))).toMatchObject({ startupProbe, readinessProbe: asked('readiness') });
  });
});

describe('an ordinary sidecar, which is the first container', () => {
  const ordinary = testContext({ hasNativeSidecars: false });
  const key = 'kubectl.kubernetes.io/default-container';

  test('is not the one that kubectl logs and exec take', () => {
    expect(injected(pod, ordinary).metadata?.annotations?.[key]).toBe('web');
    expect(injected(pod).metadata?.annotations).not.toHaveProperty([key]);
    const chosen = { ...pod, metadata: { annotations: { [key]: 'other' } } };
    expect(injected(chosen, ordinary).metadata?.annotations?.[key]).toBe('other');
  });
});

test('a cluster without native sidecars is told of where the setting stands', () => {
  const old = withOptions({ nativeSidecar: 'enabled' }, { hasNativeSidecars: false });
  expect(injectPod(pod, old)).toMatchObject({
    violations: [{ path: '', reason: expect.stringContaining('the namespace or the installation says') }],
  });
  const annotations = { 'config.tulle.dev/native-sidecar': 'enabled' };
  expect(injectPod({ ...pod, metadata: { annotations } }, old)).toMatchObject({
    violations: [{ path: 'metadata.annotations["config.tulle.dev/native-sidecar"]' }],
  });
});

function probesOf({ spec }: RawPod): unknown {
  const sidecar = spec.initContainers?.find(({ name }) => name === 'tulle-sidecar');
  const variable = sidecar?.env?.find(({ name }) => name === 'TULLE_PROBES');
  return JSON.parse(String(variable?.value));
}
