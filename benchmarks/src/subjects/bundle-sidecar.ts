import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundlePrograms } from '@tulle/images';

/** The sidecar as its image has it; the file to start. */
export async function bundleSidecar(root: string, folder: string): Promise<string> {
  const { files } = await bundlePrograms({ root, programs: { main: 'packages/sidecar/src/main.ts' } });
  const bundle = join(folder, 'bundle');
  await mkdir(bundle, { recursive: true });
  for (const [name, bytes] of files) await writeFile(join(bundle, name), bytes);
  return join(bundle, 'main.mjs');
}
