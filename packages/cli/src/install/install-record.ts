import { isObject } from '@tulle/api';
import { resourceTypes } from '@tulle/kubernetes';
import { TulleError } from '@tulle/runtime';
import type { Cluster } from '../cluster/cluster.ts';
import type { Values } from './values/read-values.ts';

/** What was installed: the ConfigMap `tulle-install`, which every installation brings. */
export interface InstallRecord {
  readonly version: string;
  /** `Helm`, or `tulle` for what this program wrote. */
  readonly installer: string;
  readonly values: Values;
}

export async function readInstallRecord(cluster: Cluster, namespace: string): Promise<InstallRecord | null> {
  const object = await cluster.get(resourceTypes.configMaps, { namespace, name: 'tulle-install' });
  if (object === null) return null;
  const data = (object.data ?? {}) as Readonly<Record<string, string>>;
  const values = parseObject(data['values.json'] ?? '');
  if (values !== null) return { version: data.version ?? '', installer: data.installer ?? '', values };
  const message = `the ConfigMap ${namespace}/tulle-install cannot be read: its values.json is no object in JSON`;
  throw new TulleError('RECORD_INVALID', message, { source: 'config' });
}

function parseObject(text: string): Values | null {
  try {
    const json: unknown = JSON.parse(text);
    return isObject(json) ? json : null;
  } catch {
    return null;
  }
}
