import type { Parsed, Violation } from '@tulle/model';
import {
  isHook,
  type Probe,
  type ProbeHeader,
  type ProbeKind,
  type ProbeTarget,
  probeKinds,
} from './probe.ts';

const maxChars = 128 * 1024;
const maxProbes = 256;
const maxHeaders = 64;
const maxTextChars = 8_192;
const maxTimeoutSeconds = 3_600;
/** Kubernetes' own default for probes; kubelet waits for hooks without end. */
const defaultTimeoutSeconds = { probe: 1, hook: 600 };

const containerPattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** RFC 9110, section 5.6.2. */
const tokenPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const hostPattern = /^([A-Za-z0-9._-]+|[0-9a-fA-F:.]+)$/;
/** What kubelet could not send either makes the probe fail, not the sidecar. */
const anyPattern = /^/;

type Fields = Readonly<Record<string, unknown>>;

/** Collects what is wrong, each with its path. */
class Reader {
  readonly violations: Violation[] = [];

  fault(path: string, reason: string): void {
    this.violations.push({ path, reason });
  }

  fields(value: unknown, path: string, known: readonly string[]): Fields {
    if (!isRecord(value)) {
      this.fault(path, 'must be an object');
      return {};
    }
    const unknown = Object.keys(value).find((key) => !known.includes(key));
    if (unknown !== undefined) {
      const shown = JSON.stringify(unknown.slice(0, 64));
      this.fault(path, `may only have the fields ${known.join(', ')}, not ${shown}`);
    }
    return value;
  }

  port(value: unknown, path: string): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535) return value;
    this.fault(`${path}.port`, 'must be a port number from 1 to 65535');
    return 0;
  }

  text(value: unknown, path: string, { pattern, form }: { pattern: RegExp; form: string }): string {
    if (typeof value === 'string' && value.length <= maxTextChars && pattern.test(value)) return value;
    this.fault(path, `must be ${form}`);
    return '';
  }
}

/** Reads `TULLE_PROBES`; what is wrong is told at once, by path. */
export function parseProbes(text: string): Parsed<readonly Probe[]> {
  if (text.length > maxChars) return refuse(`may have ${maxChars} characters, not ${text.length}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse('is not JSON');
  }
  if (!isRecord(json)) return refuse('must be an object of probes by <container>/<kind>');
  const entries = Object.entries(json);
  if (entries.length > maxProbes) return refuse(`may have ${maxProbes} probes, not ${entries.length}`);
  const reader = new Reader();
  const probes = entries.flatMap(([name, value]) => readProbe(name, value, reader) ?? []);
  return reader.violations.length === 0
    ? { ok: true, value: probes }
    : { ok: false, violations: reader.violations };
}

function readProbe(name: string, value: unknown, reader: Reader): Probe | null {
  const path = JSON.stringify(name.slice(0, 128));
  const slash = name.indexOf('/');
  const kind = probeKinds.find((known): known is ProbeKind => known === name.slice(slash + 1));
  if (!containerPattern.test(name.slice(0, Math.max(0, slash))) || kind === undefined) {
    reader.fault(path, `must be <container>/<kind>, of which kind is one of ${probeKinds.join(', ')}`);
    return null;
  }
  const fields = reader.fields(value, path, ['http', 'grpc', 'tcp', 'timeoutSeconds']);
  const target = readTarget(fields, path, reader);
  if (target === null) return null;
  if (isHook(kind) && target.kind !== 'http') reader.fault(path, `a ${kind} hook can only be http`);
  const { timeoutSeconds = defaultTimeoutSeconds[isHook(kind) ? 'hook' : 'probe'] } = fields;
  const isSeconds = Number.isInteger(timeoutSeconds) && Number(timeoutSeconds) >= 1;
  if (!isSeconds || Number(timeoutSeconds) > maxTimeoutSeconds) {
    reader.fault(`${path}.timeoutSeconds`, `must be a whole number from 1 to ${maxTimeoutSeconds}`);
  }
  return { name, kind, target, timeoutMs: Number(timeoutSeconds) * 1_000 };
}

function readTarget({ http, grpc, tcp }: Fields, path: string, reader: Reader): ProbeTarget | null {
  const given = [http, grpc, tcp].filter((it) => it !== undefined);
  if (given.length !== 1) {
    reader.fault(path, `must have one of http, grpc and tcp, not ${given.length}`);
    return null;
  }
  if (http !== undefined) return readHttp(http, `${path}.http`, reader);
  if (grpc !== undefined) {
    const at = `${path}.grpc`;
    const { port, service } = reader.fields(grpc, at, ['port', 'service']);
    const form = { pattern: anyPattern, form: `a text of up to ${maxTextChars} characters` };
    return {
      kind: 'grpc',
      port: reader.port(port, at),
      service: reader.text(service ?? '', `${at}.service`, form),
    };
  }
  const { port } = reader.fields(tcp, `${path}.tcp`, ['port']);
  return { kind: 'tcp', port: reader.port(port, `${path}.tcp`) };
}

function readHttp(value: unknown, path: string, reader: Reader): ProbeTarget {
  const fields = reader.fields(value, path, ['port', 'path', 'scheme', 'host', 'headers']);
  const scheme = fields.scheme ?? 'HTTP';
  if (scheme !== 'HTTP' && scheme !== 'HTTPS') reader.fault(`${path}.scheme`, 'must be HTTP or HTTPS');
  const host = fields.host ?? '';
  return {
    kind: 'http',
    port: reader.port(fields.port, path),
    path: reader.text(fields.path ?? '/', `${path}.path`, {
      pattern: anyPattern,
      form: `a path of up to ${maxTextChars} characters`,
    }),
    scheme: scheme === 'HTTPS' ? 'HTTPS' : 'HTTP',
    host:
      host === ''
        ? null
        : reader.text(host, `${path}.host`, {
            pattern: hostPattern,
            form: 'a host name or an IP address',
          }),
    headers: readHeaders(fields.headers ?? [], `${path}.headers`, reader),
  };
}

function readHeaders(value: unknown, path: string, reader: Reader): readonly ProbeHeader[] {
  if (!Array.isArray(value) || value.length > maxHeaders) {
    reader.fault(path, `must be a list of up to ${maxHeaders} headers`);
    return [];
  }
  return value.map((item: unknown, index) => {
    const at = `${path}[${index}]`;
    const fields = reader.fields(item, at, ['name', 'value']);
    return {
      name: reader.text(fields.name, `${at}.name`, {
        pattern: tokenPattern,
        form: 'the name of a header',
      }),
      value: reader.text(fields.value ?? '', `${at}.value`, {
        pattern: anyPattern,
        form: `a text of up to ${maxTextChars} characters`,
      }),
    };
  });
}

function refuse(reason: string): Parsed<never> {
  return { ok: false, violations: [{ path: '', reason }] };
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
