import { constants } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '@tulle/runtime';
import {
  type AuthorityChange,
  type AuthorityStore,
  authorityError,
  type OwnAuthority,
  type StoredAuthority,
} from './authority-store.ts';

type FileName = 'root' | 'intermediate';

const fileNames: Readonly<Record<FileName, string>> = {
  root: 'root-with-key.pem',
  intermediate: 'intermediate-with-key.pem',
};
const maxFileBytes = 256 * 1024;

/**
 * The authority on disk:
 *
 *     <state>/root.pem                  the public root, for sidecars (0644)
 *     <state>/ca/                       0700
 *       root-with-key.pem               the root's certificate and private key (0600)
 *       intermediate-with-key.pem       likewise; replaced as a whole when it is rotated
 *
 * Certificate and key share a file so that one rename replaces both. One process writes it at a time.
 */
export class FileAuthorityStore implements AuthorityStore {
  readonly location: string;
  readonly #stateDir: string;
  readonly #folder: string;
  readonly #publicPath: string;

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
    this.#folder = join(stateDir, 'ca');
    this.#publicPath = join(stateDir, 'root.pem');
    this.location = `the folder ${this.#folder}`;
  }

  async read(): Promise<StoredAuthority | null> {
    const mode = await modeOf(this.#folder);
    if (mode === null) {
      if ((await modeOf(this.#publicPath)) === null) return null;
      throw authorityError(
        `${this.#publicPath} is there but ${this.#folder} is not: restore it from a backup, or remove root.pem ` +
          'to begin anew with an authority that no running sidecar trusts',
      );
    }
    refuseShared(this.#folder, mode, '700');
    const root = await readSecret(this.#folder, 'root');
    return { kind: 'own', root, intermediate: await readSecret(this.#folder, 'intermediate') };
  }

  /** Written in one step: it is there as a whole or not at all. */
  async create(authority: OwnAuthority): Promise<StoredAuthority> {
    const stateDir = this.#stateDir;
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    const draft = await mkdtemp(join(stateDir, '.ca-'));
    try {
      await chmod(draft, 0o700);
      await writeAtomically(join(draft, fileNames.root), authority.root, 0o600);
      await writeAtomically(join(draft, fileNames.intermediate), authority.intermediate, 0o600);
      await rename(draft, this.#folder);
      await syncFolder(stateDir);
    } catch (cause) {
      await rm(draft, { recursive: true, force: true });
      const present = isTaken(cause) ? await this.read() : null;
      if (present !== null) return present;
      throw authorityError(`cannot write the authority to ${stateDir} (${messageOf(cause)})`, cause);
    }
    return authority;
  }

  async replaceIntermediate(intermediate: string): Promise<StoredAuthority> {
    await writeAtomically(join(this.#folder, fileNames.intermediate), intermediate, 0o600);
    return { kind: 'own', root: await readSecret(this.#folder, 'root'), intermediate };
  }

  async publishedRoots(): Promise<string | null> {
    return await readFile(this.#publicPath, 'utf8').catch(() => null);
  }

  async publishRoots(rootsPem: string): Promise<void> {
    if ((await this.publishedRoots()) !== rootsPem) await writeAtomically(this.#publicPath, rootsPem, 0o644);
  }

  /** Files are not watched: they are this process's own. */
  onChange(_listener: (change: AuthorityChange) => void): () => void {
    return () => {};
  }
}

/** What renaming onto a folder that is not empty answers. */
function isTaken(thrown: unknown): boolean {
  return ['ENOTEMPTY', 'EEXIST'].includes((thrown as NodeJS.ErrnoException).code ?? '');
}

async function readSecret(folder: string, name: FileName): Promise<string> {
  const path = join(folder, fileNames[name]);
  const mode = await modeOf(path);
  if (mode === null) {
    throw authorityError(
      `${path} is missing: restore it from a backup; or move ${folder} and root.pem away to begin anew with an ` +
        'authority that no running sidecar trusts',
    );
  }
  refuseShared(path, mode, '600');
  const content = await readFile(path, 'utf8');
  if (content.length > maxFileBytes) throw authorityError(`${path} is too large to be a certificate and key`);
  return content;
}

function refuseShared(path: string, mode: number, wanted: string): void {
  if ((mode & 0o077) === 0) return;
  const found = (mode & 0o777).toString(8);
  throw authorityError(
    `${path} may be read or written by others (mode ${found}): if no one has, run chmod ${wanted} on it`,
  );
}

async function modeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mode;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw authorityError(`cannot read ${path} (${messageOf(thrown)})`, thrown);
  }
}

/** Beside it, to the disk, then renamed: a crash leaves the old content or the new. */
async function writeAtomically(path: string, content: string, mode: number): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  await rm(draft, { force: true });
  const file = await open(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
  try {
    await file.writeFile(content);
    // The umask may have taken bits from the mode.
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
