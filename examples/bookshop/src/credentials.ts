import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { namespace, type PodSpec } from './cast.ts';

/**
 * Gives every pod a random token that says who it is, as the kubelet projects one into each pod of a
 * cluster, and the control plane the list of them.
 */
export async function makeTokens(directory: string, pods: readonly PodSpec[]): Promise<TokenFiles> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const entries = pods.map(({ name, serviceAccount }) => ({
    token: randomBytes(24).toString('base64url'),
    namespace,
    serviceAccount,
    pod: name,
  }));
  const listFile = join(directory, 'tokens.json');
  await writeFile(listFile, `${JSON.stringify({ tokens: entries }, null, 2)}\n`, { mode: 0o600 });
  for (const { pod, token } of entries) await writeFile(join(directory, pod), token, { mode: 0o600 });
  return { listFile, fileOf: (pod) => join(directory, pod) };
}

export interface TokenFiles {
  readonly listFile: string;
  fileOf(pod: string): string;
}
