import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Copies a fixture to a directory of its own and installs it as pnpm would: each package with a manifest and
 * a link by its name; the fixture's `modules/` as its node_modules.
 */
export async function layOutFixture(source: string): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'tulle-architecture-')));
  await cp(source, root, { recursive: true });
  await writeFile(join(root, 'package.json'), JSON.stringify({ name: 'fixture', type: 'module' }));
  const modules = join(root, 'node_modules');
  if (existsSync(join(root, 'modules'))) await rename(join(root, 'modules'), modules);
  await mkdir(join(modules, '@tulle'), { recursive: true });
  for (const name of await readdir(join(root, 'packages'))) {
    const directory = join(root, 'packages', name);
    const manifest = join(directory, 'package.json');
    if (!existsSync(manifest)) {
      await writeFile(
        manifest,
        JSON.stringify({ name: `@tulle/${name}`, exports: { '.': './src/index.ts' } }),
      );
    }
    await symlink(directory, join(modules, '@tulle', name));
    await mkdir(join(directory, 'src'), { recursive: true });
  }
  return root;
}

export async function removeFixture(root: string): Promise<void> {
  await rm(root, { recursive: true, force: true });
}
