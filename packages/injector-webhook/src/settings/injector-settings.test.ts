import { readFileSync } from 'node:fs';
import { proxyOptionKeys, proxyOptions } from '@tulle/api';
import { describe, expect, test } from 'vitest';
import { defaultInjectorSettings } from './injector-settings.ts';
import { parseInjectorSettings } from './parse-injector-settings.ts';

const version = '0.1.0';
const defaults = defaultInjectorSettings(version);

describe('the settings', () => {
  test('are the defaults where the file says nothing', () => {
    for (const text of ['', '{}', '# nothing', 'proxy: {}']) {
      expect(parseInjectorSettings(text, version)).toEqual({ ok: true, value: defaults, warnings: [] });
    }
  });

  test('are taken one by one', () => {
    const text = `
meshNamespace: mesh
trustDomain: example.org
excludedNamespaces: [kube-system]
version: 0.2.0
imagePullPolicy: Never
tracingEndpoint: http://otel:4318
proxy: { logLevel: debug, cpuLimit: 2, excludedOutboundCidrs: [10.0.0.0/8] }
`;
    expect(parseInjectorSettings(text, version)).toMatchObject({
      value: {
        meshNamespace: 'mesh',
        trustDomain: 'example.org',
        excludedNamespaces: ['kube-system'],
        version: '0.2.0',
        imagePullPolicy: 'Never',
        tracingEndpoint: 'http://otel:4318',
        proxy: {
          image: 'tulle.dev/sidecar:0.2.0',
          logLevel: 'debug',
          cpuLimit: '2',
          excludedOutboundCidrs: ['10.0.0.0/8'],
        },
      },
      warnings: [],
    });
  });

  test('are refused with everything that is wrong', () => {
    const parsed = parseInjectorSettings('meshNamespace: A B\nproxy: { workers: 0 }\nextra: 1', version);
    expect(parsed.ok ? [] : parsed.violations.map(({ path }) => path)).toEqual([
      'meshNamespace',
      'proxy.workers',
    ]);
    expect(parseInjectorSettings('a: [', version)).toMatchObject({ ok: false });
    expect(parseInjectorSettings('a: 1\n---\nb: 2', version)).toMatchObject({ ok: false });
    expect(parseInjectorSettings('extra: 1', version)).toMatchObject({
      warnings: [{ path: 'extra', reason: 'is not a known field' }],
    });
  });

  test('stand in the documentation, each with its annotation and default', () => {
    const page = readFileSync(new URL('../../../../docs/kubernetes.md', import.meta.url), 'utf8');
    const rows = proxyOptionKeys.map((key) => {
      const { name, meaning, example } = proxyOptions[key];
      return `| \`${name}\` | ${meaning} | \`${example}\` | ${defaultText(defaults.proxy[key])} |`;
    });
    for (const row of rows) expect(page).toContain(row);
  });
});

function defaultText(value: unknown): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return 'none';
  return `\`${String(value)}\``;
}
