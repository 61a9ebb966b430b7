import { defaults } from '@tulle/api';
import { EnvReader, type LogLevel, logLevels } from '@tulle/runtime';

/** Everything that the control plane is told at start; nothing else of the environment is read. No secret in it. */
export interface ControlPlaneSettings {
  readonly platform: FilesSettings | KubernetesSettings;
  readonly trustDomain: string;
  /** Where policies for the whole mesh stand. */
  readonly meshNamespace: string;
  readonly discoveryHost: string;
  readonly discoveryPort: number;
  readonly adminHost: string;
  readonly adminPort: number;
  readonly logLevel: LogLevel;
  readonly leafTtlSeconds: number;
  /** How long a stop may take. */
  readonly graceSeconds: number;
}

/** `TULLE_SOURCE=files`: the mesh without Kubernetes. */
export interface FilesSettings {
  readonly kind: 'files';
  /** The directory of Kubernetes YAML that describes the mesh. */
  readonly configDir: string;
  /** Where the certificate authority is kept, and `root.pem` for the sidecars. */
  readonly stateDir: string;
  /** Who may have a certificate for which token; null: no one gets one. */
  readonly tokensFile: string | null;
}

/** `TULLE_SOURCE=kubernetes`: everything is read from a cluster's API server, and kept there. */
export interface KubernetesSettings {
  readonly kind: 'kubernetes';
  /** Null: in the cluster by the pod's service account, outside of one the user's default. */
  readonly kubeconfig: string | null;
  /** The pod's name: what this replica is called where replicas agree on a leader. */
  readonly replica: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** SPIFFE-ID specification, section 2.1. */
const trustDomain = { pattern: /^[a-z0-9][a-z0-9._-]{0,254}$/, form: 'a trust domain in lower case' };
const namespace = { pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, form: 'a namespace' };
const podName = { pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, form: 'the name of a pod' };
const host = { pattern: /^([A-Za-z0-9._-]+|[0-9a-fA-F:.]+)$/, form: 'a host name or an IP address' };

/** Reads the settings of `TULLE_*`; throws with every fault that was met. */
export function readSettings(env: Env): ControlPlaneSettings {
  const reader = new EnvReader(env);
  const text = (name: string, { pattern, form }: typeof host, fallback: string) =>
    reader.matching(name, pattern, { form, fallback });
  const port = (name: string, fallback: number) => reader.integer(name, fallback, { min: 0, max: 65_535 });
  const platform = readPlatform(reader);
  // A pod is dialled by its own address, of whichever family; a process on a laptop by nobody else.
  const defaultHost = platform.kind === 'kubernetes' ? '::' : '127.0.0.1';
  const settings = {
    platform,
    trustDomain: text('TULLE_TRUST_DOMAIN', trustDomain, 'cluster.local'),
    meshNamespace: text('TULLE_MESH_NAMESPACE', namespace, defaults.meshNamespace),
    discoveryHost: text('TULLE_DISCOVERY_HOST', host, defaultHost),
    discoveryPort: port('TULLE_DISCOVERY_PORT', 15_012),
    adminHost: text('TULLE_ADMIN_HOST', host, defaultHost),
    adminPort: port('TULLE_ADMIN_PORT', 15_014),
    logLevel: reader.oneOf('TULLE_LOG_LEVEL', logLevels, 'info'),
    // An authority of 1 year signs; a leaf of more than 30 days would have to end before its time.
    leafTtlSeconds: reader.integer('TULLE_LEAF_TTL_SECONDS', 86_400, { min: 10, max: 30 * 86_400 }),
    graceSeconds: reader.integer('TULLE_GRACE_SECONDS', 10, { min: 0, max: 3_600 }),
  };
  reader.finish();
  return settings;
}

function readPlatform(reader: EnvReader): FilesSettings | KubernetesSettings {
  const kind = reader.oneOf('TULLE_SOURCE', ['files', 'kubernetes'], 'files');
  if (kind === 'files') {
    return {
      kind,
      configDir: reader.string('TULLE_CONFIG_DIR'),
      stateDir: reader.string('TULLE_STATE_DIR'),
      tokensFile: reader.optional('TULLE_TOKENS_FILE'),
    };
  }
  return {
    kind,
    kubeconfig: reader.optional('TULLE_KUBECONFIG'),
    replica: reader.matching('TULLE_REPLICA', podName.pattern, podName),
  };
}
