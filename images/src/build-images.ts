import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { appLayer } from './app-layer.ts';
import { baseLayer } from './base-layer.ts';
import { type ImageName, imageSpecs } from './image-specs.ts';
import { type Layer, packLayer } from './layer.ts';
import { netfilterLayer } from './netfilter-layer.ts';
import { writeOciArchive } from './oci-archive.ts';

export interface BuildOptions {
  /** The repository's root. */
  readonly root: string;
  readonly names: readonly ImageName[];
  readonly hasSourceMaps: boolean;
}

export interface ArchiveOptions extends BuildOptions {
  readonly outFolder: string;
  readonly registry: string;
  readonly version: string;
  readonly onBuilt?: (image: BuiltImage) => void;
}

export interface BuiltImage {
  readonly name: ImageName;
  readonly reference: string;
  readonly file: string;
  readonly layers: readonly { readonly name: string; readonly compressedBytes: number }[];
}

/** Writes an archive of each image and says what it made. No container engine is asked. */
export async function buildImages(options: ArchiveOptions): Promise<readonly BuiltImage[]> {
  const { root, outFolder, registry, version, hasSourceMaps } = options;
  await mkdir(outFolder, { recursive: true });
  const cacheFolder = join(root, '.tulle/images/layers');
  const packed = new Map<Layer, ReturnType<typeof packLayer>>();
  const built: BuiltImage[] = [];
  for (const [name, layers] of await layersOf(options)) {
    for (const layer of layers) if (!packed.has(layer)) packed.set(layer, packLayer(layer, cacheFolder));
    const parts = await Promise.all(layers.map((layer) => packed.get(layer)!));
    const reference = `${registry}/${name}:${version}`;
    const file = join(outFolder, `${name}.tar`);
    const archive = writeOciArchive({
      spec: imageSpecs[name],
      reference,
      version,
      layers: parts,
      hasSourceMaps,
    });
    // Whoever loads it meanwhile reads the one or the other.
    await writeFile(`${file}.part`, archive);
    await rename(`${file}.part`, file);
    const image = {
      name,
      reference,
      file,
      layers: parts.map((part) => ({ name: part.name, compressedBytes: part.bytes.length })),
    };
    built.push(image);
    options.onBuilt?.(image);
  }
  return built;
}

/** The layers of each image, the first one at the bottom. The same layer is the same object. */
export async function layersOf(options: BuildOptions): Promise<ReadonlyMap<ImageName, readonly Layer[]>> {
  const { root, names, hasSourceMaps } = options;
  const base = await baseLayer();
  const specs = names.map((name) => imageSpecs[name]);
  const netfilter = specs.some(({ hasNetfilter }) => hasNetfilter) ? await netfilterLayer(base) : null;
  const images = new Map<ImageName, readonly Layer[]>();
  for (const spec of specs) {
    const app = await appLayer({ root, spec, hasSourceMaps });
    images.set(spec.name, [base, ...(spec.hasNetfilter ? [netfilter!] : []), app]);
  }
  return images;
}
