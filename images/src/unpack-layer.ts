import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Layer } from './layer.ts';

/** Writes a layer's files below a folder, over those that other layers have there. */
export async function unpackLayer({ entries }: Layer, folder: string): Promise<void> {
  for (const entry of entries) {
    const path = join(folder, entry.path);
    await mkdir(dirname(path), { recursive: true });
    switch (entry.kind) {
      case 'folder':
        await mkdir(path, { recursive: true });
        await chmod(path, entry.mode ?? 0o755);
        break;
      case 'link':
        await rm(path, { force: true });
        await symlink(entry.target, path);
        break;
      case 'file':
        await writeFile(path, entry.bytes);
        await chmod(path, entry.mode ?? 0o644);
        break;
      default:
        entry satisfies never;
    }
  }
}
