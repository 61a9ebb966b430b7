/** `npm run images`: the images of Tulle's programs as archives, without a container engine. */
import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { type BuiltImage, buildImages, layersOf } from './build-images.ts';
import { type ImagesOptions, parseOptions } from './options.ts';
import { unpackLayer } from './unpack-layer.ts';

const root = resolve(import.meta.dirname, '../..');

async function main(options: ImagesOptions): Promise<void> {
  if (options.unpackedFolder !== null) return unpack(options, options.unpackedFolder);
  const version = options.version ?? (await projectVersion());
  say(`${'image'.padEnd(34)} compressed  of that`);
  await buildImages({ ...options, root, version, onBuilt: report });
}

function report({ reference, file, layers }: BuiltImage): void {
  const total = layers.reduce((sum, { compressedBytes }) => sum + compressedBytes, 0);
  const parts = layers.map(({ name, compressedBytes }) => `${name} ${megabytes(compressedBytes)}`);
  const where = relative(process.cwd(), file);
  say(`${reference.padEnd(34)} ${megabytes(total).padStart(10)}  ${parts.join(', ')}  -> ${where}`);
}

async function unpack(options: ImagesOptions, folder: string): Promise<void> {
  const images = await layersOf({ ...options, root });
  for (const layer of new Set([...images.values()].flat())) {
    const path = resolve(folder, layer.name);
    await unpackLayer(layer, path);
    say(relative(process.cwd(), path));
  }
}

async function projectVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return version;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await main(parseOptions(process.argv.slice(2)));
} catch (thrown) {
  const { message, cause } = thrown as Error;
  process.stderr.write(`images: ${message}${cause instanceof Error ? `\n  ${cause.message}` : ''}\n`);
  process.exitCode = 1;
}
