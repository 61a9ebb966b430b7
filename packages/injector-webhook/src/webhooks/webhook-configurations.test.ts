import { describe, expect, test } from 'vitest';
import type { Webhook } from './webhook.ts';
import { webhookConfigurations } from './webhook-configurations.ts';

interface Configuration {
  readonly kind: string;
  readonly webhooks: readonly Webhook[];
}

const settings = { meshNamespace: 'mesh', excludedNamespaces: ['kube-system'] };
const [mutating, validating] = webhookConfigurations({ settings }) as readonly Configuration[];
const named = (name: string) => mutating!.webhooks.find((webhook) => webhook.name === name)!;

describe('the webhook configurations', () => {
  test('close for injection alone', () => {
    const closed = [...mutating!.webhooks, ...validating!.webhooks].filter(
      (one) => one.failurePolicy === 'Fail',
    );
    expect(closed.map(({ name }) => name)).toEqual(['namespace.inject.tulle.dev', 'pod.inject.tulle.dev']);
    const open = webhookConfigurations({ settings, failurePolicy: 'Ignore' }) as readonly Configuration[];
    expect(open[0]!.webhooks.every((one) => one.failurePolicy === 'Ignore')).toBe(true);
  });

  test('send no pod to both webhooks that inject', () => {
    const byNamespace = named('namespace.inject.tulle.dev').objectSelector?.matchExpressions;
    expect(byNamespace).toEqual([
      { key: 'tulle.dev/inject', operator: 'NotIn', values: ['enabled', 'disabled'] },
    ]);
    expect(named('pod.inject.tulle.dev').objectSelector).toEqual({
      matchLabels: { 'tulle.dev/inject': 'enabled' },
    });
  });

  test("leave out the cluster's own namespaces and the mesh's, but for saying why", () => {
    const others = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'mesh'] };
    for (const name of ['namespace.inject.tulle.dev', 'pod.inject.tulle.dev']) {
      expect(named(name).namespaceSelector?.matchExpressions).toEqual([others]);
    }
    expect(named('pod.skip.tulle.dev').matchConditions?.[0]?.expression).toContain("['kube-system', 'mesh']");
  });

  test('call the Service, or a URL', () => {
    expect(named('objects.validate.tulle.dev').clientConfig).toEqual({
      service: { namespace: 'mesh', name: 'tulle-injector', port: 443, path: '/validate' },
    });
    const [local] = webhookConfigurations({ settings, target: { url: 'https://localhost:9443/' } });
    expect((local as Configuration).webhooks[0]?.clientConfig).toEqual({
      url: 'https://localhost:9443/inject',
    });
  });

  test('have names of their own', () => {
    for (const { webhooks } of [mutating!, validating!]) {
      expect(new Set(webhooks.map(({ name }) => name)).size).toBe(webhooks.length);
    }
  });
});
