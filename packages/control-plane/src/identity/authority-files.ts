import { constants } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, TulleError } from '@tulle/runtime';

/**
 * The authority on disk:
 *
 *     <state>/root.pem                  the public root, for sidecars (0644)
 *     <state>/ca/                       0700
 *       root-with-key.pem               the root's certificate and private key (0600)
 *       intermediate-with-key.pem       likewise; replaced as a whole when it is rotated
 *
 * Certificate and key share a file so that one rename replaces both.
 */
export interface AuthorityFiles {
  readonly root: string;
  readonly intermediate: string;
}

type FileName = keyof AuthorityFiles;

const fileNames: Readonly<Record<FileName, string>> = {
  root: 'root-with-key.pem',
  intermediate: 'intermediate-with-key.pem',
};
const maxFileBytes = 256 * 1024;

/** What is there, or null where nothing is. Throws for half of it, and for keys that others may read. */
export async function readAuthorityFiles(stateDir: string): Promise<AuthorityFiles | null> {
  const folder = authorityFolder(stateDir);
  const mode = await modeOf(folder);
  if (mode === null) {
    if ((await modeOf(publicRootPath(stateDir))) === null) return null;
    throw authorityError(
      `${publicRootPath(stateDir)} is there but ${folder} is not: restore it from a backup, or remove root.pem ` +
        'to begin anew with an authority that no running sidecar trusts',
    );
  }
  refuseShared(folder, mode, '700');
  return { root: await readSecret(folder, 'root'), intermediate: await readSecret(folder, 'intermediate') };
}

/** Writes a new authority in one step: it is there as a whole or not at all. */
export async function createAuthorityFiles(stateDir: string, files: AuthorityFiles): Promise<void> {
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const draft = await mkdtemp(join(stateDir, '.ca-'));
  try {
    await chmod(draft, 0o700);
    await writeAtomically(join(draft, fileNames.root), files.root, 0o600);
    await writeAtomically(join(draft, fileNames.intermediate), files.intermediate, 0o600);
    await rename(draft, authorityFolder(stateDir));
    await syncFolder(stateDir);
  } catch (cause) {
    await rm(draft, { recursive: true, force: true });
    throw authorityError(`cannot write the authority to ${stateDir} (${messageOf(cause)})`, cause);
  }
}

export function replaceIntermediateFile(stateDir: string, content: string): Promise<void> {
  return writeAtomically(join(authorityFolder(stateDir), fileNames.intermediate), content, 0o600);
}

/** The root that sidecars start with. Written when it is missing or differs. */
export async function publishRoot(stateDir: string, rootPem: string): Promise<void> {
  const path = publicRootPath(stateDir);
  const present = await readFile(path, 'utf8').catch(() => null);
  if (present !== rootPem) await writeAtomically(path, rootPem, 0o644);
}

function publicRootPath(stateDir: string): string {
  return join(stateDir, 'root.pem');
}

export function authorityError(message: string, cause?: unknown): TulleError {
  return new TulleError('AUTHORITY_STATE', message, { source: 'config', cause });
}

function authorityFolder(stateDir: string): string {
  return join(stateDir, 'ca');
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
