import { readFileSync } from 'node:fs';

/** Of version 2 and of version 1; a container sees its own at these paths. */
const cgroupFiles = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];
/** Version 1 says "none" by a number near 2^63. */
const NONE_BYTES = 2 ** 60;

/** What the cgroup of this process may use; null: it has no limit, or there is no such thing. */
export function cgroupMemoryLimitBytes(readText: (path: string) => string = readFile): number | null {
  for (const path of cgroupFiles) {
    try {
      const bytes = Number(readText(path).trim());
      if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
      if (bytes >= NONE_BYTES || Number.isNaN(bytes)) return null;
    } catch {
      // Not mounted there.
    }
  }
  return null;
}

function readFile(path: string): string {
  return readFileSync(path, 'latin1');
}
