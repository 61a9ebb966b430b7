import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Component, messageOf, TulleError } from '@tulle/runtime';

const privateFolderMode = 0o700;
const privateFileMode = 0o600;
const accessOfOthers = 0o077;
/** Without waiting: the name could be a pipe's. */
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What a file gave: its bytes, that there is none, or why it is not to be used. */
export type StateRead =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  | { readonly kind: 'none' }
  | { readonly kind: 'unusable'; readonly reason: string };

/**
 * A folder that only this user can look into, and its files. What lies there is trusted to be from an earlier
 * life of this sidecar, the private key among it: a folder that others can reach is refused.
 */
export class StateDirectory implements Component {
  readonly name = 'state-directory';
  readonly path: string;
  readonly #parent: string | null;

  /** `worker` gives each process of a sidecar a folder of its own within. */
  constructor(path: string, worker: number | null) {
    this.#parent = worker === null ? null : path;
    this.path = worker === null ? path : join(path, `worker-${worker}`);
  }

  /** Makes what is missing of the path; throws `STATE_DIRECTORY` where the folder is not ours alone. */
  async start(): Promise<void> {
    if (this.#parent !== null) await makePrivate(this.#parent);
    await makePrivate(this.path);
  }

  async stop(): Promise<void> {}

  /** Never throws: a file that cannot be used is as if it were not there. */
  async read(name: string, maxBytes: number): Promise<StateRead> {
    let file: FileHandle | null = null;
    try {
      file = await open(join(this.path, name), readFlags);
      return await readPrivate(file, maxBytes);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'none' };
      return { kind: 'unusable', reason: `cannot be read: ${messageOf(thrown)}` };
    } finally {
      await file?.close();
    }
  }

  /** Replaces the file in one step: a crash at any moment leaves the old one or the new one. */
  async write(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.path, name);
    const draft = join(this.path, `.${name}.draft`);
    await unlink(draft).catch(() => {});
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const file = await open(draft, flags, privateFileMode);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await this.#sync();
  }

  /** Else a power failure could bring the old name back. */
  async #sync(): Promise<void> {
    const folder = await open(this.path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

/** Takes others' access away where the folder is ours, and refuses it where it is not. */
async function makePrivate(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: privateFolderMode });
  } catch (cause) {
    throw refusal(path, `cannot be made (${messageOf(cause)})`, cause);
  }
  if ((await lstat(path)).isSymbolicLink()) {
    throw refusal(path, 'is a symbolic link: name the folder itself');
  }
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW).catch(
    (cause) => {
      throw refusal(path, `cannot be opened as a folder (${messageOf(cause)})`, cause);
    },
  );
  try {
    const { uid, mode } = await folder.stat();
    const own = process.geteuid?.() ?? uid;
    if (uid !== own) {
      const hint = 'name a folder within it that does not exist yet, and it will be made';
      throw refusal(path, `belongs to user ${uid}, not to ${own}: ${hint}`);
    }
    if ((mode & 0o777) !== privateFolderMode) await folder.chmod(privateFolderMode);
  } finally {
    await folder.close();
  }
}

async function readPrivate(file: FileHandle, maxBytes: number): Promise<StateRead> {
  const { uid, mode, size } = await file.stat();
  const unusable = (reason: string): StateRead => ({ kind: 'unusable', reason });
  if (!isRegular(mode)) return unusable('is not a regular file');
  if (uid !== (process.geteuid?.() ?? uid)) return unusable(`belongs to user ${uid}`);
  if ((mode & accessOfOthers) !== 0) return unusable('can be read or written by others');
  if (size > maxBytes) return unusable(`has ${size} bytes, more than ${maxBytes}`);
  return { kind: 'read', bytes: await file.readFile() };
}

function isRegular(mode: number): boolean {
  return (mode & constants.S_IFMT) === constants.S_IFREG;
}

function refusal(path: string, reason: string, cause?: unknown): TulleError {
  return new TulleError('STATE_DIRECTORY', `the state directory ${path} ${reason}`, {
    source: 'config',
    cause,
  });
}
