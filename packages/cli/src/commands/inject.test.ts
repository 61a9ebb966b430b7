import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { runCaptured } from '../testing/run-captured.ts';

const roots = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const deployment = `# our web
apiVersion: apps/v1
kind: Deployment
metadata: { name: web } # the name
spec:
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        # the app
        - name: app
          image: nginx # pinned elsewhere
`;
const service = 'apiVersion: v1\nkind: Service\nmetadata: { name: web }\n';
const cronJob = `apiVersion: batch/v1
kind: CronJob
metadata: { name: report, namespace: jobs }
spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: a, image: b }] } } } } }
`;

let directory: string;
let caFile: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tulle-inject-'));
  caFile = join(directory, 'root.pem');
  await writeFile(caFile, roots);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const inject = (text: string, ...args: string[]) =>
  runCaptured(['inject', '-f', '-', '--ca-file', caFile, ...args], undefined, {
    readInput: async () => text,
  });

interface Template {
  readonly spec: {
    readonly initContainers?: readonly { readonly name: string; readonly env?: readonly object[] }[];
  };
}

describe('tulle inject', () => {
  it('keeps the documents of several files apart', async () => {
    const file = join(directory, 'service.yaml');
    await writeFile(file, service);
    const { code, out } = await runCaptured(['inject', '-f', file, '-f', file, '--ca-file', caFile]);
    expect({ code, out }).toEqual({ code: 0, out: `${service}---\n${service}` });
  });

  it('puts nothing into what is used elsewhere too, by aliases and merge keys', async () => {
    const text = `apiVersion: v1
kind: Pod
metadata: { name: web, labels: &labels { app: web }, annotations: *labels }
spec:
  containers:
    - &first
      name: first
      image: b
      readinessProbe: &probe { httpGet: { port: 80 } }
      livenessProbe: *probe
    - <<: *first
      name: second
`;
    const { code, out } = await inject(text);
    expect(code).toBe(0);
    const pod = parseAllDocuments(out)[0]!.toJS() as {
      metadata: { labels: object; annotations: object };
      spec: { containers: object[] };
    };
    expect(pod.metadata.labels).toEqual({ app: 'web' });
    expect(pod.metadata.annotations).toMatchObject({ app: 'web', 'tulle.dev/injected': expect.any(String) });
    const asked = (name: string, kind: string) => ({
      httpGet: { path: `/probe/${name}/${kind}`, port: 15_020, scheme: 'HTTP' },
      timeoutSeconds: 2,
    });
    expect(pod.spec.containers).toEqual(
      ['first', 'second'].map((name) => ({
        name,
        image: 'b',
        readinessProbe: asked(name, 'readiness'),
        livenessProbe: asked(name, 'liveness'),
      })),
    );
  });

  it('says so where aliases stand for more than anybody can mean', async () => {
    const powers = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name, i, all) => {
      const item = i === 0 ? 'x' : `*${all[i - 1]}`;
      return `${name}: &${name} [${Array.from({ length: 10 }, () => item).join(', ')}]\n`;
    });
    const { code, out, err } = await inject(`kind: Pod\n${powers.join('')}`);
    expect({ code, out, err }).toEqual({
      code: 1,
      out: '',
      err: 'error: standard input: its aliases stand for too much\n',
    });
  });

  it.each(['Pod', 'Service'])('says so where an alias of a %s stands for nothing', async (kind) => {
    const { code, out, err } = await inject(`kind: ${kind}\nspec: *gone\n`);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toBe('error: standard input: there is no anchor &gone before *gone\n');
  });

  it('takes fields that are empty for absent', async () => {
    const { code, out } = await inject(
      deployment
        .replace('{ labels: { app: web } }', '')
        .replace('containers:', 'initContainers:\n      containers:'),
    );
    expect(code).toBe(0);
    expect(out).toContain('tulle.dev/injected');
  });

  it('puts the sidecar into the template of a workload, and leaves everything else as it was', async () => {
    const { code, out, err } = await inject(`${deployment}---\n${service}`);
    expect({ code, err }).toEqual({ code: 0, err: 'Deployment default/web: injected\n' });
    for (const kept of [
      '# our web',
      '{ name: web } # the name',
      '# the app',
      'image: nginx # pinned elsewhere',
      service,
    ])
      expect(out).toContain(kept);
    const [first] = parseAllDocuments(out).map((document) => document.toJS());
    const template = first.spec.template as Template;
    expect(template.spec.initContainers?.map(({ name }) => name)).toEqual(['tulle-init', 'tulle-sidecar']);
    expect(JSON.stringify(template)).toContain(JSON.stringify({ name: 'TULLE_CA_PEM', value: roots }));
  });

  it('writes what the older YAML of clusters reads in the same way', async () => {
    const { out } = await inject(deployment, '--set', 'proxy.accessLog="off"');
    expect(out).toContain('value: "off"');
    expect(out).not.toMatch(/[&*]a\d/);
  });

  it('changes nothing where it has been before', async () => {
    const { out: once } = await inject(`${deployment}---\n${cronJob}`);
    expect((await inject(once)).out).toBe(once);
  });

  it('finds the pod of every kind that has one, in lists too', async () => {
    const pod =
      'apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec: { containers: [{ name: a, image: b }] }\n';
    const list = `apiVersion: v1\nkind: List\nitems:\n- ${pod.trim().replaceAll('\n', '\n  ')}\n`;
    const { err } = await inject(`${cronJob}---\n${list}`, '-n', 'shop');
    expect(err).toBe('CronJob jobs/report: injected\nPod shop/p: injected\n');
  });

  it('says of a pod that it leaves why', async () => {
    const optedOut = deployment.replace('app: web }', 'app: web, tulle.dev/inject: disabled }');
    const { code, out, err } = await inject(optedOut);
    expect({ code, out }).toEqual({ code: 0, out: optedOut });
    expect(err).toContain("left as it is, since the pod's label tulle.dev/inject is disabled");
  });

  it('writes nothing where an annotation is not valid, and says which', async () => {
    const broken = deployment.replace(
      'metadata: { labels: { app: web } }',
      'metadata: { annotations: { config.tulle.dev/log-level: loud } }',
    );
    const { code, out, err } = await inject(broken);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('standard input: Deployment default/web:');
    expect(err).toContain('config.tulle.dev/log-level');
  });

  it.each([
    ['text that is no YAML', 'kind: [', ''],
    ['roots that are none', deployment, 'holds no certificate'],
  ])('refuses %s', async (what, text, message) => {
    if (what.startsWith('roots')) await writeFile(caFile, 'nothing');
    const { code, out, err } = await inject(text);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(message);
    await writeFile(caFile, roots);
  });
});
