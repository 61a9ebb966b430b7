import { join } from 'node:path';
import { build } from 'esbuild';

/** An ES module has no `require`, which the CommonJS packages in the bundle call for what Node brings. */
const requireForBundled =
  "import { createRequire as createRequireForBundled } from 'node:module'; const require = createRequireForBundled(import.meta.url);";

/** The sidecar as one file, as an image has it. What is loaded from its own package folder stays outside. */
export async function bundleSidecar(entry: string, folder: string): Promise<string> {
  const outfile = join(folder, 'sidecar.mjs');
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    external: ['koffi'],
    banner: { js: requireForBundled },
    logLevel: 'error',
  });
  return outfile;
}
