import { defaults } from '@tulle/api';
import { EnvReader, type LogLevel, logLevels } from '@tulle/runtime';

/** What the injector is told at start; what it injects stands in ConfigMap `tulle-injector`. No secret in it. */
export interface ProgramSettings {
  readonly host: string;
  readonly port: number;
  readonly adminHost: string;
  readonly adminPort: number;
  readonly meshNamespace: string;
  /** Null: the pod's service account, else the user's own. */
  readonly kubeconfig: string | null;
  /** The pod's name. */
  readonly replica: string;
  /** With `tls.crt` and `tls.key` that somebody else renews; null: the injector has a certificate of its own. */
  readonly certificateDirectory: string | null;
  readonly logLevel: LogLevel;
  readonly drainDelaySeconds: number;
  readonly graceSeconds: number;
}

type Env = Readonly<Record<string, string | undefined>>;

const namespace = { pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, form: 'a namespace' };
const host = { pattern: /^([A-Za-z0-9._-]+|[0-9a-fA-F:.]+)$/, form: 'a host name or an IP address' };
const replica = { pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, form: 'the name of a pod' };

/** Reads the settings of `TULLE_*`; throws with every fault that was met. */
export function readProgramSettings(env: Env): ProgramSettings {
  const reader = new EnvReader(env);
  const text = (name: string, { pattern, form }: typeof host, fallback: string) =>
    reader.matching(name, pattern, { form, fallback });
  const port = (name: string, fallback: number) => reader.integer(name, fallback, { min: 0, max: 65_535 });
  const settings = {
    // A pod is dialled by its own address, of whichever family.
    host: text('TULLE_HOST', host, '::'),
    port: port('TULLE_PORT', 9_443),
    adminHost: text('TULLE_ADMIN_HOST', host, '::'),
    adminPort: port('TULLE_ADMIN_PORT', 15_014),
    meshNamespace: text('TULLE_MESH_NAMESPACE', namespace, defaults.meshNamespace),
    kubeconfig: reader.optional('TULLE_KUBECONFIG'),
    replica: text('TULLE_REPLICA', replica, 'tulle-injector'),
    certificateDirectory: reader.optional('TULLE_CERTIFICATE_DIR'),
    logLevel: reader.oneOf('TULLE_LOG_LEVEL', logLevels, 'info'),
    drainDelaySeconds: reader.integer('TULLE_DRAIN_DELAY_SECONDS', 5, { min: 0, max: 300 }),
    graceSeconds: reader.integer('TULLE_GRACE_SECONDS', 20, { min: 1, max: 3_600 }),
  };
  reader.finish();
  return settings;
}
