import { X509Certificate } from 'node:crypto';
import { type NamespacedName, parseName } from '@tulle/model';
import { EnvReader, type LogLevel, logLevels, WORKER_INDEX_VARIABLE } from '@tulle/runtime';
import type { CaSource, ControlPlaneAddress } from './control-plane-channel.ts';
import { parseProbes } from './probes/parse-probes.ts';
import type { Probe } from './probes/probe.ts';
import {
  clientCertModes,
  defaultForwarding,
  type ForwardingSettings,
  forwardedModes,
} from './proxy/forwarded-client.ts';
import type { TracingSettings } from './tracing/tracing.ts';

export const accessLogModes = ['off', 'errors', 'text', 'json'] as const;
export const captureModes = ['none', 'redirect'] as const;
export const backendModes = ['auto', 'socket', 'handle'] as const;

/** Everything that a sidecar is told at start; nothing else of the environment is read. */
export interface SidecarSettings {
  readonly workload: NamespacedName;
  readonly trustDomain: string;
  readonly controlPlane: ControlPlaneAddress & { readonly tokenFile: string };
  /** The pod's own address: outbound, inbound and the metrics port listen here. */
  readonly host: string;
  readonly outboundPort: number;
  readonly inboundPort: number;
  readonly metricsPort: number;
  readonly adminHost: string;
  readonly adminPort: number;
  /** Where the local application listens. */
  readonly appHost: string;
  /** What kubelet would ask the application, and asks here. */
  readonly probes: readonly Probe[];
  readonly logLevel: LogLevel;
  readonly accessLog: (typeof accessLogModes)[number];
  readonly forwarding: ForwardingSettings;
  readonly seriesExpirySeconds: number;
  readonly tracing: TracingSettings;
  readonly backend: (typeof backendModes)[number];
  /** Whether netfilter brings the pod's traffic here: see capture/. */
  readonly capture: (typeof captureModes)[number];
  /** What outlives the process is kept there; null: nothing does. */
  readonly stateDirectory: string | null;
  /** After a SIGTERM, with everything still accepted: for those to hear of it who send here. */
  readonly drainDelaySeconds: number;
  /** Then, for what is under way. */
  readonly drainSeconds: number;
  readonly discoveryWaitMs: number;
  /** What the process may have; null: what its cgroup says, if anything. */
  readonly memoryLimitBytes: number | null;
  /** Processes that share the pod's ports, for a sidecar that is given more than one core. */
  readonly workers: number;
  /** Which of them this is; null: the only one, or the one that starts them. */
  readonly workerIndex: number | null;
}

const maxWorkers = 64;

type Env = Readonly<Record<string, string | undefined>>;

/** SPIFFE-ID specification, section 2.1. */
const trustDomain = { pattern: /^[a-z0-9][a-z0-9._-]{0,254}$/, form: 'a trust domain in lower case' };
/** An RFC 1123 label, and labels joined by dots. */
const workload = {
  pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
  form: '<namespace>/<pod>',
};
const target = { pattern: /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$/, form: '<host>:<port>' };
const host = { pattern: /^([A-Za-z0-9._-]+|[0-9a-fA-F:.]+)$/, form: 'a host name or an IP address' };

/** Reads the settings of `TULLE_*`; throws with every fault that was met. */
export function readSettings(env: Env): SidecarSettings {
  const reader = new EnvReader(env);
  const text = (name: string, { pattern, form }: typeof host, fallback?: string) =>
    reader.matching(name, pattern, fallback === undefined ? { form } : { form, fallback });
  const port = (name: string, fallback: number) => reader.integer(name, fallback, { min: 0, max: 65_535 });
  const ownHost = text('TULLE_HOST', host, '127.0.0.1');
  const workloadName = text('TULLE_WORKLOAD', workload);
  const index = reader.integer(WORKER_INDEX_VARIABLE, -1, { min: 0, max: maxWorkers - 1 });
  const memoryBytes = reader.integer('TULLE_MEMORY_LIMIT_BYTES', 0, { min: 0, max: Number.MAX_SAFE_INTEGER });
  const settings = {
    trustDomain: text('TULLE_TRUST_DOMAIN', trustDomain, 'cluster.local'),
    controlPlane: {
      target: text('TULLE_CONTROL_PLANE', target),
      ca: readCa(reader),
      tokenFile: reader.string('TULLE_TOKEN_FILE'),
    },
    host: ownHost,
    outboundPort: port('TULLE_OUTBOUND_PORT', 15_001),
    inboundPort: port('TULLE_INBOUND_PORT', 15_006),
    metricsPort: port('TULLE_METRICS_PORT', 15_020),
    adminHost: text('TULLE_ADMIN_HOST', host, '127.0.0.1'),
    adminPort: port('TULLE_ADMIN_PORT', 15_000),
    appHost: text('TULLE_APP_HOST', host, ownHost),
    probes: readProbes(reader),
    logLevel: reader.oneOf('TULLE_LOG_LEVEL', logLevels, 'info'),
    accessLog: reader.oneOf('TULLE_ACCESS_LOG', accessLogModes, 'off'),
    forwarding: {
      forwardedFor: reader.oneOf('TULLE_FORWARDED', forwardedModes, defaultForwarding.forwardedFor),
      clientCert: reader.oneOf('TULLE_XFCC', clientCertModes, defaultForwarding.clientCert),
    },
    seriesExpirySeconds: reader.integer('TULLE_METRICS_EXPIRY_SECONDS', 900, { min: 60, max: 604_800 }),
    tracing: {
      endpoint: endpointOf(reader),
      share: reader.decimal('TULLE_TRACING_SAMPLE', 0.01, { min: 0, max: 1 }),
    },
    backend: reader.oneOf('TULLE_BACKEND', backendModes, 'auto'),
    capture: reader.oneOf('TULLE_CAPTURE', captureModes, 'none'),
    stateDirectory: reader.optional('TULLE_STATE_DIR'),
    drainDelaySeconds: reader.integer('TULLE_DRAIN_DELAY_SECONDS', 0, { min: 0, max: 300 }),
    drainSeconds: reader.integer('TULLE_DRAIN_SECONDS', 10, { min: 0, max: 3_600 }),
    discoveryWaitMs: reader.integer('TULLE_DISCOVERY_WAIT_MS', 5_000, { min: 1, max: 600_000 }),
    memoryLimitBytes: memoryBytes === 0 ? null : memoryBytes,
    workers: reader.integer('TULLE_WORKERS', 1, { min: 1, max: maxWorkers }),
    workerIndex: index < 0 ? null : index,
  };
  reader.finish();
  // The pattern has been checked: it has both parts.
  return { ...settings, workload: parseName(workloadName)! };
}

const maxProbeFaults = 20;
const maxCaChars = 256 * 1024;

/** Exactly one of the two: where both are set, nobody could tell which one holds. */
function readCa(reader: EnvReader): CaSource {
  const path = reader.optional('TULLE_CA_FILE');
  const pem = reader.optional('TULLE_CA_PEM');
  if (path !== null && pem !== null) {
    reader.fault('TULLE_CA_FILE', 'is set beside TULLE_CA_PEM: set one of them');
  }
  if (pem !== null) {
    const fault = certificatesFault(pem);
    if (fault !== null) reader.fault('TULLE_CA_PEM', fault);
    return { kind: 'text', pem };
  }
  if (path === null) {
    reader.fault(
      'TULLE_CA_FILE',
      'is not set; it is the root.pem of the control plane, or TULLE_CA_PEM its content',
    );
  }
  return { kind: 'file', path: path ?? '' };
}

function certificatesFault(pem: string): string | null {
  if (pem.length > maxCaChars) return `may have ${maxCaChars} characters, not ${pem.length}`;
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) return "must hold the mesh's root certificates (PEM); it holds none";
  const broken = certificates.findIndex((it) => !isCertificate(it));
  return broken < 0 ? null : `holds a certificate that cannot be read, number ${broken + 1}`;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem) !== null;
  } catch {
    return false;
  }
}

function readProbes(reader: EnvReader): readonly Probe[] {
  const text = reader.optional('TULLE_PROBES');
  const parsed = text === null ? null : parseProbes(text);
  if (parsed === null || parsed.ok) return parsed?.value ?? [];
  for (const { path, reason } of parsed.violations.slice(0, maxProbeFaults)) {
    reader.fault('TULLE_PROBES', path === '' ? reason : `${path} ${reason}`);
  }
  return [];
}

const otlpUrl = { pattern: /^https?:\/\/[^\s/?#]+(\/\S*)?$/, form: 'the URL of an OTLP/HTTP collector' };

function endpointOf(reader: EnvReader): string | null {
  const url = reader.matching('TULLE_TRACING_ENDPOINT', otlpUrl.pattern, {
    form: otlpUrl.form,
    fallback: '',
  });
  return url === '' ? null : url;
}
