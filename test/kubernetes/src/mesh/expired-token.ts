import { createPrivateKey, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ApiServerCluster } from '../cluster/api-server-cluster.ts';

/** The same token as if it had ended a minute ago: the API server makes none that ends sooner than in ten. */
export async function expiredToken(cluster: ApiServerCluster, token: string): Promise<string> {
  const [header = '', payload = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  const endedSeconds = Math.floor(Date.now() / 1_000) - 60;
  const times = { nbf: endedSeconds - 600, iat: endedSeconds - 600, exp: endedSeconds };
  const text = JSON.stringify({ ...claims, ...times });
  const signed = `${header}.${Buffer.from(text).toString('base64url')}`;
  const key = createPrivateKey(await readFile(join(dirname(cluster.kubectl.kubeconfig), 'sa.key')));
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}
