import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageName, imageSpecs, layersOf, unpackLayer } from '@tulle/images';

export const root = join(import.meta.dirname, '../..');

/** Root and Linux: programs run in the image's own files alone. Else from them, on the Node of the test. */
export const isConfined = process.platform === 'linux' && process.getuid?.() === 0;

/** The files of some images, each as a container would see them. */
export async function unpackImages(names: readonly ImageName[], folder: string): Promise<void> {
  for (const [name, layers] of await layersOf({ root, names, hasSourceMaps: false })) {
    const path = join(folder, name);
    mkdirSync(join(path, 'proc'), { recursive: true });
    for (const layer of layers) await unpackLayer(layer, path);
  }
}

export interface Finished {
  readonly code: number | null;
  readonly output: string;
}

interface Run {
  readonly folder: string;
  readonly image: ImageName;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the image's. */
  readonly userId?: number;
  /** Ends the program once its output is what the test waits for. */
  readonly until?: (output: string) => boolean;
}

const deadlineMs = 20_000;

/** Runs a program of an image, in a network of its own where it can, to its end or until its output suffices. */
export function runProgram({ folder, image, command, env = {}, userId, until }: Run): Promise<Finished> {
  const path = join(folder, image);
  const user = userId ?? imageSpecs[image].userId;
  const child = isConfined ? confined(path, command, { env, user }) : direct(path, command, env);
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${command.join(' ')} did not end in ${deadlineMs} ms:\n${output}`));
    }, deadlineMs);
    const take = (text: string) => {
      output += text;
      if (until?.(output) === true) child.kill('SIGTERM');
    };
    child.stdout?.setEncoding('utf8').on('data', take);
    child.stderr?.setEncoding('utf8').on('data', take);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

function confined(
  path: string,
  command: readonly string[],
  { env, user }: { readonly env: Readonly<Record<string, string>>; readonly user: number },
): ChildProcess {
  // A mount namespace of its own, so that /proc is there and gone with the program.
  const script =
    'mount --bind /proc "$1/proc" && ip link set lo up && user=$2 && root=$1 && shift 2 && exec chroot --userspec="$user" "$root" "$@"';
  const args = ['--mount', '--net', 'sh', '-c', script, 'sh', path, `${user}:${user}`, ...command];
  return spawn('unshare', args, { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env } });
}

function direct(
  path: string,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  const args = command.slice(1).map((arg) => (arg.startsWith('/app/') ? join(path, arg) : arg));
  return spawn(process.execPath, args, { env: { PATH: '/usr/bin:/bin', ...env }, cwd: join(path, 'app') });
}
