import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Every shared library that these programs need, the loader too, as the machine's loader finds them. */
export async function sharedLibrariesOf(programs: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await run('ldd', [...programs]).catch((cause: unknown) => {
    throw new Error(`ldd cannot say which libraries ${programs.join(', ')} need: it takes Linux with glibc`, {
      cause,
    });
  });
  const missing = /^\s*(\S+) => not found/m.exec(stdout)?.[1];
  if (missing !== undefined)
    throw new Error(`${programs.join(', ')} need ${missing}, which this machine lacks`);
  return librariesIn(stdout);
}

/** Lines such as `libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x...)` and, of the loader, `/lib64/ld-... (0x...)`. */
export function librariesIn(output: string): readonly string[] {
  const paths = [...output.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, path]) => path!);
  return [...new Set(paths)].sort();
}
