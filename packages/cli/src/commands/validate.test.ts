import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCaptured } from '../testing/run-captured.ts';

const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: bookshop }\n';
const route = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: catalog, namespace: bookshop }
spec:
  parentRefs: [{ kind: Service, group: "", name: catalog, port: 80 }]
  rules:
    - backendRefs: [{ name: catalog-v1, port: 80, weight: 90 }]
`;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tulle-validate-'));
  await writeFile(join(dir, 'mesh.yaml'), `${namespace}---\n${route}`);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function validate() {
  return runCaptured(['validate', dir]);
}

test('a directory in order is valid', async () => {
  expect(await validate()).toEqual({ code: 0, out: '1 file, 2 objects: valid\n', err: '' });
});

test('names every violation with its file, line, document and path', async () => {
  const broken = route.replace('weight: 90', 'weight: -1').replace('name: catalog-v1', 'name: 7');
  await writeFile(join(dir, 'mesh.yaml'), `${namespace}---\n${broken}`);
  await writeFile(join(dir, 'other.yml'), 'a: [');
  const { code, out } = await validate();
  expect(code).toBe(1);
  expect(out).toMatch(
    /error .*mesh\.yaml:5 \(document 2\): spec\.rules\[0\]\.backendRefs\[0\]\.weight: must be/,
  );
  expect(out).toMatch(
    /error .*mesh\.yaml:5 \(document 2\): spec\.rules\[0\]\.backendRefs\[0\]\.name: must be/,
  );
  expect(out).toMatch(/error .*other\.yml:\d+ \(document 1\): /);
  expect(out).toMatch(/2 files, 1 object: \d+ violations\n$/);
});

test("the mesh's own kinds are checked as the routes are, misspelt fields too", async () => {
  const policy = `apiVersion: tulle.dev/v1alpha1
kind: PeerAuthentication
metadata: { name: p, namespace: bookshop }
spec:
  mtls: { mode: ON }
  portLevelMtls: { 80: { mode: STRICT } }
---
apiVersion: tulle.dev/v1alpha1
kind: MeshConfig
metadata: { name: mesh }
spec: { outbond: {} }
`;
  await writeFile(join(dir, 'policies.yaml'), policy);
  const { code, out } = await validate();
  expect(code).toBe(1);
  expect(out).toMatch(
    /error .*policies\.yaml:1 \(document 1\): spec\.mtls\.mode: must be one of STRICT, PERMISSIVE, DISABLE, UNSET/,
  );
  expect(out).toMatch(/error .*policies\.yaml:1 \(document 1\): spec\.portLevelMtls: needs a selector/);
  expect(out).toMatch(/error .*policies\.yaml:8 \(document 2\): metadata\.name: must be default/);
  expect(out).toMatch(/warning .*policies\.yaml:8 \(document 2\): spec\.outbond: is not a known field/);
});

test('an object that is there twice is a violation that names the first', async () => {
  await writeFile(join(dir, 'twice.yaml'), namespace);
  const { code, out } = await validate();
  expect(code).toBe(1);
  expect(out).toMatch(
    /twice\.yaml:1 \(document 1\): metadata\.name: Namespace bookshop is there already, at .*mesh\.yaml:1/,
  );
});

test('other kinds are left alone, and hidden files are not read', async () => {
  await writeFile(join(dir, 'app.yaml'), 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\n');
  await writeFile(join(dir, '.draft.yaml'), 'a: [');
  const { code, out } = await validate();
  expect(out).toBe('2 files, 2 objects: valid, 1 object of other kinds left alone\n');
  expect(code).toBe(0);
});

test('a file that is too large is a violation, and the others are still read', async () => {
  await writeFile(join(dir, 'large.yaml'), `# ${'x'.repeat(4 * 1024 * 1024)}`);
  const { code, out } = await validate();
  expect(out).toMatch(/large\.yaml is larger than 4 MiB\n2 files, 2 objects: 1 violation\n$/);
  expect(code).toBe(1);
});

test('a directory without YAML is an error, since it is most likely the wrong one', async () => {
  await rm(join(dir, 'mesh.yaml'));
  const { code, err } = await validate();
  expect(err).toContain('holds no YAML file');
  expect(code).toBe(1);
});
