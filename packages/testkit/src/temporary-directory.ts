import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
  remove(): Promise<void>;
}

/** A new empty directory, readable by its owner only; gone after `remove` or the end of `await using`. */
export async function temporaryDirectory(name = 'test'): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), `tulle-${name}-`));
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 3 });
  return { path, remove, [Symbol.asyncDispose]: remove };
}
