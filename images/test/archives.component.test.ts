import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type BuiltImage, buildImages, type ImageName, imageNames, imageSpecs } from '@tulle/images';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from './rootfs.ts';

const maxCompressedBytes = 60e6;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
let folder: string;
let images: readonly BuiltImage[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tulle-archives-'));
  images = await build('first');
  for (const { name, file } of images) {
    execFileSync('mkdir', [join(folder, name)]);
    execFileSync('tar', ['-xf', file, '-C', join(folder, name)]);
  }
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function build(name: string, names: readonly ImageName[] = imageNames): Promise<readonly BuiltImage[]> {
  const naming = { registry: 'registry.example/mesh', version: '1.2.3' };
  return buildImages({ root, names, outFolder: join(folder, name), hasSourceMaps: false, ...naming });
}

const read = (...path: string[]) => readFileSync(join(folder, ...path));
const json = (...path: string[]) => JSON.parse(read(...path).toString('utf8'));
const blob = (digest: string) => join('blobs', digest.replace(':', '/'));

test('an image has at most 60 MB compressed', () => {
  for (const { layers } of images)
    expect(layers.reduce((sum, { compressedBytes }) => sum + compressedBytes, 0)).toBeLessThan(
      maxCompressedBytes,
    );
});

test('the same sources give the same bytes', async () => {
  const [again] = await build('second', ['sidecar']);
  const first = images.find(({ name }) => name === 'sidecar');
  expect(sha256(readFileSync(again!.file))).toBe(sha256(readFileSync(first!.file)));
});

test.each(imageNames)(
  'every blob of %s is what its name says, and every layer what its diff id says',
  (name) => {
    for (const hash of readdirSync(join(folder, name, 'blobs/sha256')))
      expect(sha256(read(name, 'blobs/sha256', hash))).toBe(hash);
    const manifest = json(name, blob(json(name, 'index.json').manifests[0].digest));
    const config = json(name, blob(manifest.config.digest));
    for (const [index, layer] of manifest.layers.entries()) {
      expect(statSync(join(folder, name, blob(layer.digest))).size).toBe(layer.size);
      expect(`sha256:${sha256(gunzipSync(read(name, blob(layer.digest))))}`).toBe(
        config.rootfs.diff_ids[index],
      );
    }
  },
);

test.each(imageNames)(
  '%s says as OCI image and as that of docker load what it is called and how it starts',
  (name) => {
    const index = json(name, 'index.json');
    const manifest = json(name, blob(index.manifests[0].digest));
    const [docker] = json(name, 'manifest.json');
    const reference = `registry.example/mesh/${name}:1.2.3`;
    expect(index.manifests[0].annotations['io.containerd.image.name']).toBe(reference);
    expect(docker.RepoTags).toEqual([reference]);
    expect(docker.Config).toBe(blob(manifest.config.digest));
    expect(docker.Layers).toEqual(manifest.layers.map(({ digest }: { digest: string }) => blob(digest)));
    const { config } = json(name, docker.Config);
    const spec = imageSpecs[name];
    expect(config.User).toBe(`${spec.userId}:${spec.userId}`);
    expect(config.Entrypoint).toEqual(spec.entrypoint);
  },
);

test('all images share the base, byte for byte', () => {
  const bases = imageNames.map((name) => json(name, 'manifest.json')[0].Layers[0]);
  expect(new Set(bases).size).toBe(1);
});
