import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { castAt } from './cast.ts';
import { MeshDirectory } from './mesh-directory.ts';

const source = join(import.meta.dirname, '../mesh');

describe('MeshDirectory', () => {
  let directory: string;
  let mesh: MeshDirectory;
  const read = (file: string) => readFile(join(directory, file), 'utf8');

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tulle-bookshop-'));
    mesh = new MeshDirectory(directory);
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('changes the weights and nothing else', async () => {
    await mesh.create(source, '127.0.10');
    const before = await read('routes.yaml');
    await mesh.setWeights('catalog', { 'catalog-v1': 50, 'catalog-v2': 50 });
    expect(await read('routes.yaml')).toBe(
      before.replace('weight: 90', 'weight: 50').replace('weight: 10', 'weight: 50'),
    );
  });

  it("takes a pod's endpoints out of every slice, and nothing else", async () => {
    await mesh.create(source, '127.0.10');
    const count = (text: string, what: string) => text.split(what).length - 1;
    const before = await read('endpoints.yaml');
    await mesh.removeEndpoints('catalog-v1-2');
    const after = await read('endpoints.yaml');
    expect(count(before, 'catalog-v1-2')).toBe(2);
    expect(count(after, 'catalog-v1-2')).toBe(0);
    expect(count(after, 'addresses:')).toBe(count(before, 'addresses:') - 2);
    expect(parseAllDocuments(after).length).toBe(parseAllDocuments(before).length);
  });

  it('moves the addresses to another base', async () => {
    await mesh.create(source, '127.0.20');
    expect(await read('endpoints.yaml')).not.toContain('127.0.10.');
    expect(await read('pods.yaml')).toContain('127.0.20.11');
  });

  it('names the pods, accounts and addresses of the cast', async () => {
    await mesh.create(source, '127.0.10');
    const pods = parseAllDocuments(await read('pods.yaml')).map((document) => document.toJS());
    expect(
      pods.map(({ metadata, spec, status }) => [metadata.name, spec.serviceAccountName, status.podIP]),
    ).toEqual(
      castAt('127.0.10').pods.map(({ name, serviceAccount, address }) => [name, serviceAccount, address]),
    );
  });
});
