import { parseManifest } from '@tulle/api';
import { type InjectionContext, parseInjectorSettings } from '@tulle/injector-webhook';
import { resourceTypes } from '@tulle/kubernetes';
import { formatViolations } from '@tulle/model';
import { TulleError } from '@tulle/runtime';
import type { Cluster } from '../cluster/cluster.ts';
import { renderInstallation } from '../install/render.ts';
import type { Values } from '../install/values/read-values.ts';
import { version } from '../version.ts';

type Settings = Omit<InjectionContext, 'namespace'>;

/** What the injector of a cluster would go by. */
export async function settingsOfCluster(cluster: Cluster, namespace: string): Promise<Settings> {
  const [config, trust, mesh, server] = await Promise.all([
    cluster.get(resourceTypes.configMaps, { namespace, name: 'tulle-injector' }),
    cluster.get(resourceTypes.configMaps, { namespace, name: 'tulle-trust' }),
    cluster.get(resourceTypes.meshConfigs, { namespace: '', name: 'default' }),
    cluster.request({ method: 'GET', path: '/version' }),
  ]);
  const rootsPem = textOf(trust, 'root.pem');
  if (config === null || rootsPem === '') {
    throw fault(`the mesh is not there, or not ready, in namespace ${namespace}: tulle check tells more`);
  }
  const parsed = mesh === null ? null : parseManifest(mesh);
  const minor = Number.parseInt(String((server as { minor?: string }).minor), 10);
  return {
    settings: parse(textOf(config, 'config.yaml')),
    mesh: parsed?.ok === true && parsed.value.kind === 'MeshConfig' ? parsed.value : null,
    rootsPem,
    hasNativeSidecars: minor >= 29,
  };
}

/** The same without a cluster: as an installation with these values would have it. */
export function settingsOfValues(namespace: string, values: Values, rootsPem: string): Settings {
  const objects = renderInstallation({ namespace, version, values });
  const config = objects.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'tulle-injector',
  );
  if (!rootsPem.includes('-----BEGIN CERTIFICATE-----')) {
    throw fault(
      "--ca-file holds no certificate: it has to be the mesh's roots (ConfigMap tulle-trust, root.pem)",
    );
  }
  return {
    settings: parse(textOf(config ?? null, 'config.yaml')),
    mesh: null,
    rootsPem,
    hasNativeSidecars: true,
  };
}

function parse(text: string): Settings['settings'] {
  const parsed = parseInjectorSettings(text, version);
  if (parsed.ok) return parsed.value;
  throw fault(`the injector's settings are not valid: ${formatViolations(parsed.violations)}`);
}

function textOf(object: { readonly [field: string]: unknown } | null, key: string): string {
  const data = (object?.data ?? {}) as Readonly<Record<string, unknown>>;
  return typeof data[key] === 'string' ? data[key] : '';
}

function fault(message: string): TulleError {
  return new TulleError('INJECTION_SETTINGS', message, { source: 'config' });
}
