import type { RawObject } from '@tulle/kubernetes';
import { createTestAuthority, type TestAuthority, type TestCertificate } from '@tulle/testkit';
import { beforeAll, describe, expect, it } from 'vitest';
import { FakeCluster } from '../../testing/fake-cluster.ts';
import type { Check, CheckContext, CheckOutcome } from '../check.ts';
import { ClusterView } from '../cluster-view.ts';
import { authority } from './authority.ts';
import { clock } from './clock.ts';
import { webhooks } from './webhooks.ts';

const namespace = 'tulle-system';
const dayMs = 86_400_000;
const base64 = (text: string) => Buffer.from(text).toString('base64');

let own: TestAuthority;
let other: TestAuthority;
let serving: TestCertificate;
let elsewhere: TestCertificate;

beforeAll(async () => {
  [own, other] = await Promise.all([createTestAuthority(), createTestAuthority()]);
  serving = await own.issue({ dnsNames: [`tulle-injector.${namespace}.svc`] });
  elsewhere = await own.issue({ dnsNames: ['tulle-injector.another.svc'] });
});

function run(check: Check, cluster: FakeCluster, nowMs = Date.now()): Promise<CheckOutcome> {
  const view = new ClusterView(cluster, namespace);
  const context: CheckContext = { cluster, view, namespace, version: '0.1.0', nowMs: () => nowMs };
  return check.run(context);
}

const messages = ({ findings }: CheckOutcome) => findings.map(({ level, message }) => `${level}: ${message}`);

describe('webhooks', () => {
  const cluster = (caBundle: string, certificate: string | null) =>
    new FakeCluster([
      ...['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'].map(
        (kind): RawObject => ({
          apiVersion: 'admissionregistration.k8s.io/v1',
          kind,
          metadata: { name: 'tulle-injector' },
          webhooks: [1, 2].map(() => ({
            clientConfig: { caBundle: base64(caBundle), service: { namespace, name: 'tulle-injector' } },
          })),
        }),
      ),
      ...(certificate === null
        ? []
        : [
            {
              apiVersion: 'v1',
              kind: 'Secret',
              metadata: { name: 'tulle-injector-certificate', namespace },
              data: { 'tls.crt': base64(certificate) },
            },
          ]),
    ]);

  it('are well where the bundle verifies what is served, over an intermediate too', async () => {
    expect(messages(await run(webhooks, cluster(own.rootPem, serving.certificatePem)))).toEqual([]);
  });

  it.each([
    ['', () => cluster('', serving.certificatePem), 'has no caBundle'],
    [
      'of another authority',
      () => cluster(other.rootPem, serving.certificatePem),
      'does not verify the certificate',
    ],
    [
      'that is no certificate',
      () => cluster('rubbish', serving.certificatePem),
      'holds no valid certificate',
    ],
    [
      'for another name',
      () => cluster(own.rootPem, elsewhere.certificatePem),
      `is not for tulle-injector.${namespace}.svc`,
    ],
  ])('fail with a bundle %s, and say it once for each configuration', async (_, given, message) => {
    const said = messages(await run(webhooks, given()));
    expect(said.length).toBeGreaterThan(0);
    expect(said.length).toBeLessThanOrEqual(2);
    for (const each of said) expect(each).toMatch(new RegExp(`^fail: .*${message}`));
  });

  it('fail when what is served has expired', async () => {
    const tomorrow = Date.now() + dayMs;
    expect(messages(await run(webhooks, cluster(own.rootPem, serving.certificatePem), tomorrow))[0]).toBe(
      "fail: the injector's certificate has expired",
    );
  });

  it('warn before the injector has made its certificate', async () => {
    const said = messages(await run(webhooks, cluster(own.rootPem, null)));
    expect(said).toEqual([`warn: there is no Secret ${namespace}/tulle-injector-certificate yet`]);
  });
});

describe('authority', () => {
  const cluster = (published: string, signing: string) =>
    new FakeCluster([
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'tulle-trust', namespace },
        data: { 'root.pem': published },
      },
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'tulle-authority', namespace },
        data: { 'root-with-key.pem': base64(signing) },
      },
    ]);
  const atDay = (days: number) => Date.now() + days * dayMs;

  it('is well where the roots are its own and last', async () => {
    expect(messages(await run(authority, cluster(own.rootPem, own.rootPem), atDay(-10)))).toEqual([]);
  });

  it('takes an old root beside a new one', async () => {
    const both = `${own.rootPem}\n${other.rootPem}`;
    expect(messages(await run(authority, cluster(both, other.rootPem), atDay(-10)))).toEqual([]);
  });

  it.each([
    [20, /^warn: a root certificate expires in 9 days/],
    [40, /^fail: a root certificate has expired 1[01] days ago/],
  ])('looks ahead: in %i days', async (days, message) => {
    expect(messages(await run(authority, cluster(own.rootPem, own.rootPem), atDay(days)))[0]).toMatch(
      message,
    );
  });

  it('never lets a key be seen', async () => {
    const withKey = `${own.rootPem}\n-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n`;
    expect(JSON.stringify(await run(authority, cluster(other.rootPem, withKey)))).not.toContain('c2VjcmV0');
  });
});

describe('clock', () => {
  const at = '2026-12-01T00:00:00Z';
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const cluster = new FakeCluster([], { [path]: { metadata: { creationTimestamp: at } } });

  it.each([
    [0, []],
    [-5, []],
    [30, [expect.stringMatching(/^warn: .* differ by 30 s/)]],
    [-90, [expect.stringMatching(/^fail: .* differ by 90 s/)]],
  ])('that is %i s away', async (seconds, expected) => {
    expect(messages(await run(clock, cluster, Date.parse(at) + 1_000 * seconds))).toEqual(expected);
  });
});
