import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { text } from './base-layer.ts';
import { bundlePrograms } from './bundle-programs.ts';
import { appFolder, type ImageSpec } from './image-specs.ts';
import type { Layer } from './layer.ts';
import { licencesOfPackages } from './licences.ts';
import type { TarEntry } from './tar.ts';

export interface AppLayerOptions {
  readonly root: string;
  readonly spec: ImageSpec;
  readonly hasSourceMaps: boolean;
}

/** The programs of an image as bundles, and the packages that no bundle can hold beside them. */
export async function appLayer({ root, spec, hasSourceMaps }: AppLayerOptions): Promise<Layer> {
  const { files, packageFolders } = await bundlePrograms({ root, programs: spec.programs, hasSourceMaps });
  const native = await Promise.all(spec.nativePackages.map(koffi));
  const folder = appFolder.slice(1);
  const entries: TarEntry[] = [
    ...[...files].map(([name, bytes]): TarEntry => ({ kind: 'file', path: `${folder}/${name}`, bytes })),
    ...native.flatMap((part) => part.entries),
    text('licenses/tulle.txt', await readFile(join(root, 'LICENSE'), 'utf8')),
    text(
      'licenses/packages.txt',
      await licencesOfPackages([
        ...packageFolders.map((name) => join(root, name)),
        ...native.map((part) => part.folder),
      ]),
    ),
  ];
  return { name: spec.name, entries };
}

/** koffi without its sources, and of its prebuilt machine code that for this machine and the C library of the base. */
async function koffi(
  name: 'koffi',
): Promise<{ readonly folder: string; readonly entries: readonly TarEntry[] }> {
  const folder = dirname(createRequire(import.meta.url).resolve(name));
  const platform = `koffi-linux-${process.arch}`;
  const prebuilt = join(folder, '../@koromix', platform);
  const chosen = [
    ...(await filesOf({
      folder,
      below: '',
      to: 'koffi',
      pattern: /^(package\.json|index\.c?js|LICENSE.*)$/,
    })),
    ...(await filesOf({ folder, below: 'src/koffi', to: 'koffi', pattern: /^index\.c?js$/ })),
    ...(await filesOf({ folder, below: 'src/koffi/src', to: 'koffi', pattern: /\.c?js$/ })),
    ...(await filesOf({
      folder: prebuilt,
      below: '',
      to: `@koromix/${platform}`,
      pattern: /^(package\.json|index\.js)$/,
    })),
    ...(await filesOf({
      folder: prebuilt,
      below: `linux_${process.arch}`,
      to: `@koromix/${platform}`,
      pattern: /^koffi\.node$/,
    })),
  ];
  return { folder, entries: chosen };
}

interface Choice {
  readonly folder: string;
  readonly below: string;
  /** Below node_modules of the image. */
  readonly to: string;
  readonly pattern: RegExp;
}

async function filesOf({ folder, below, to, pattern }: Choice): Promise<TarEntry[]> {
  const names = (await readdir(join(folder, below))).filter((name) => pattern.test(name));
  return Promise.all(
    names.map(async (name): Promise<TarEntry> => {
      const path = join(appFolder.slice(1), 'node_modules', to, below, name);
      return { kind: 'file', path, bytes: await readFile(join(folder, below, name)) };
    }),
  );
}
