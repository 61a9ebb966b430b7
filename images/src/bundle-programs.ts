import { join, relative, resolve } from 'node:path';
import { build, type Metafile } from 'esbuild';

/** An ES module has no `require`, which the CommonJS packages in the bundle call for what Node brings. */
const requireForBundled =
  "import { createRequire as createRequireForBundled } from 'node:module'; const require = createRequireForBundled(import.meta.url);";

export interface BundleOptions {
  /** The repository's root: paths in the output are relative to it, and so the same on every machine. */
  readonly root: string;
  /** Name of the output, without its ending -> the program's source. */
  readonly programs: Readonly<Record<string, string>>;
  readonly hasSourceMaps?: boolean;
}

export interface Bundle {
  /** Name -> bytes. What is imported lazily has a file of its own, which is read when it is imported. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Folders of the npm packages that are in it, relative to the root. */
  readonly packageFolders: readonly string[];
}

/** Packages that load files from their own folder stay outside. */
const external = ['koffi'];

/** Each program as one file, and further ones for what they share or load lazily. */
export async function bundlePrograms({ root, programs, hasSourceMaps }: BundleOptions): Promise<Bundle> {
  const outdir = resolve(root, '.tulle/bundle');
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.entries(programs).map(([out, source]) => ({ in: resolve(root, source), out })),
    outdir,
    outExtension: { '.js': '.mjs' },
    entryNames: '[name]',
    chunkNames: 'shared-[hash]',
    bundle: true,
    splitting: true,
    // Memory is what a sidecar is short of; whoever reads its stack traces asks for source maps.
    minify: true,
    sourcemap: hasSourceMaps === true ? 'linked' : false,
    legalComments: 'none',
    platform: 'node',
    target: 'node24',
    format: 'esm',
    external,
    banner: { js: requireForBundled },
    write: false,
    metafile: true,
    logLevel: 'error',
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [relative(outdir, path), contents]));
  return { files, packageFolders: packageFoldersOf(metafile) };
}

function packageFoldersOf({ inputs }: Metafile): string[] {
  const folders = new Set<string>();
  for (const path of Object.keys(inputs)) {
    const inside = path.lastIndexOf('node_modules/');
    if (inside < 0) continue;
    const [scope = '', name = ''] = path.slice(inside + 'node_modules/'.length).split('/');
    const packageName = scope.startsWith('@') ? join(scope, name) : scope;
    folders.add(join(path.slice(0, inside), 'node_modules', packageName));
  }
  return [...folders].sort();
}
