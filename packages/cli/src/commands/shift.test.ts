import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCaptured } from '../testing/run-captured.ts';

const routes = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: catalog
  namespace: bookshop
spec:
  rules:
    - backendRefs:
        - name: catalog-v1 # stable
          port: 80
          weight: 90
        - name: catalog-v2
          port: 80
          weight: 10
`;

let dir: string;
let file: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tulle-shift-'));
  file = join(dir, 'nested', 'routes.yaml');
  await mkdir(join(dir, 'nested'));
  await writeFile(file, routes);
  await writeFile(join(dir, 'services.yml'), 'kind: Service\nmetadata: { name: catalog }\n');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function shift(...args: string[]) {
  return runCaptured(['shift', ...args, '--dir', dir]);
}

describe('tulle shift', () => {
  test('rewrites the weights in place, and says what became of them', async () => {
    await chmod(file, 0o640);
    const { code, out, err } = await shift('bookshop/catalog', 'catalog-v1=50', 'catalog-v2=50');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^bookshop\/catalog rule 0 {2}.*nested\/routes\.yaml:8\n/);
    expect(out).toMatch(/bookshop\/catalog-v1:80 +90 -> 50\n +bookshop\/catalog-v2:80 +10 -> 50\n$/);
    expect(await readFile(file, 'utf8')).toBe(
      routes.replace('weight: 90', 'weight: 50').replace('weight: 10', 'weight: 50'),
    );
    expect((await stat(file)).mode & 0o777).toBe(0o640);
    expect(await readdir(join(dir, 'nested'))).toEqual(['routes.yaml']);
  });

  test('leaves the weight of a backend that was not named', async () => {
    const { out } = await shift('bookshop/catalog', 'catalog-v2=30');
    expect(out).toMatch(/catalog-v1:80 +90 -> 90\n.*catalog-v2:80 +10 -> 30\n/);
  });

  test('writes through a symbolic link', async () => {
    const link = join(dir, 'nested', 'link.yaml');
    await rm(file);
    await writeFile(join(dir, 'target.txt'), routes);
    await symlink(join(dir, 'target.txt'), link);
    expect((await shift('bookshop/catalog', 'catalog-v2=30')).code).toBe(0);
    expect(await readFile(join(dir, 'target.txt'), 'utf8')).toContain('weight: 30');
  });

  test('warns when nothing would be served', async () => {
    const { code, err } = await shift('bookshop/catalog', 'catalog-v1=0', 'catalog-v2=0');
    expect(code).toBe(0);
    expect(err).toContain('every backend has weight 0');
  });

  test.each([
    [['bookshop/nothing', 'catalog-v1=1'], 1, /no HTTPRoute bookshop\/nothing in the YAML files of/],
    [
      ['bookshop/catalog', 'catalog-v3=1'],
      1,
      /rule 0 has no backend for catalog-v3=1; it has bookshop\/catalog-v1:80/,
    ],
    [['bookshop/catalog', 'catalog-v1=1', '--rule', '4'], 1, /it has no rule 4/],
    [
      ['bookshop/catalog', 'catalog-v1=1000001'],
      2,
      /catalog-v1=1000001: a weight is a whole number from 0 to 1,000,000/,
    ],
    [['catalog', 'catalog-v1=1'], 2, /a route is named <namespace>\/<route>/],
    [['bookshop/catalog'], 2, /missing required argument/],
  ])('%j is refused with %d', async (args, expected, reason) => {
    const { code, err } = await shift(...args);
    expect(err).toMatch(reason);
    expect(code).toBe(expected);
    expect(await readFile(file, 'utf8')).toBe(routes);
  });

  test('refuses a route that is there twice, and names both places', async () => {
    await writeFile(join(dir, 'copy.yaml'), `---\n${routes}`);
    const { code, err } = await shift('bookshop/catalog', 'catalog-v1=1');
    expect(code).toBe(1);
    expect(err).toMatch(/there 2 times \(.*copy\.yaml:2, .*routes\.yaml:1\)/);
  });

  test('says which files could not be read when the route is not found', async () => {
    await writeFile(file, 'a: [');
    const { err } = await shift('bookshop/catalog', 'catalog-v1=1');
    expect(err).toMatch(/Not all could be read:\n.*routes\.yaml: Flow sequence/);
  });

  test('is not stopped by a file that no parser can take', async () => {
    await writeFile(join(dir, 'deep.yaml'), '['.repeat(100_000));
    expect((await shift('bookshop/catalog', 'catalog-v2=30')).code).toBe(0);
  });

  test('a directory that is not there is an error of one line', async () => {
    const { code, err } = await runCaptured(['shift', 'a/b', 'c=1', '--dir', join(dir, 'none')]);
    expect(code).toBe(1);
    expect(err).toMatch(/none cannot be read: ENOENT/);
  });
});
