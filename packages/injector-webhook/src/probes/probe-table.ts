import { ManifestNode, type ManifestReport } from '@tulle/api';
import type { Violation } from '@tulle/model';

/** One entry of TULLE_PROBES: what kubelet asked before the sidecar was asked in its place. */
export interface ProbeTarget {
  readonly http?: {
    readonly port: number;
    readonly path: string;
    readonly scheme: 'HTTP' | 'HTTPS';
    readonly host: null;
    readonly headers: readonly { readonly name: string; readonly value: string }[];
  };
  readonly grpc?: { readonly port: number; readonly service: string };
  readonly tcp?: { readonly port: number };
  /** Absent for a hook, which kubelet waits for without end. */
  readonly timeoutSeconds?: number;
}

/** By `<container>/<kind>`. */
export type ProbeTable = Readonly<Record<string, ProbeTarget>>;

/** Without a dollar sign: kubelet would take `$(NAME)` in a variable's value for another variable. */
export function formatProbeTable(table: ProbeTable): string {
  return JSON.stringify(table).replaceAll('$', '\\u0024');
}

/** What the sidecar takes (sidecar: probes/parse-probes.ts), of 128 KiB that Linux passes on in one variable. */
export const probeLimits = { probes: 256, headers: 64, tableBytes: 120_000 } as const;

/** Why the sidecar would not take a table: it would not start, and the pod with it. */
export function probeTableFaults(table: ProbeTable): readonly Violation[] {
  const { probes, tableBytes } = probeLimits;
  const remedy = 'set config.tulle.dev/rewrite-probes: disabled';
  const count = Object.keys(table).length;
  if (count > probes) {
    const reason = `has ${count} probes and hooks for the sidecar to make, which takes ${probes}: ${remedy}`;
    return [{ path: 'spec', reason }];
  }
  const bytes = Buffer.byteLength(formatProbeTable(table));
  if (bytes <= tableBytes) return [];
  const reason = `has probes of ${bytes} bytes for the sidecar to make, which takes ${tableBytes}: shorten their headers and paths, or ${remedy}`;
  return [{ path: 'spec', reason }];
}

/** What an earlier injection wrote, or somebody in its name; what cannot be read is an empty table. */
export function parseProbeTable(text: string): ProbeTable {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return {};
  }
  const report: ManifestReport = { violations: [], warnings: [] };
  const table = new ManifestNode(json, '', report).object({ isRequired: true });
  for (const [, target] of table.entries({ max: probeLimits.probes })) checkTarget(target);
  return report.violations.length === 0 ? (json as ProbeTable) : {};
}

const port = { min: 1, max: 65_535 } as const;
const seconds = { min: 1, max: Number.MAX_SAFE_INTEGER } as const;

function checkTarget(target: ManifestNode): void {
  target.object({ isRequired: true }).field('timeoutSeconds').optionalInteger(seconds);
  const [http, grpc, tcp] = ['http', 'grpc', 'tcp'].map((kind) => target.field(kind).object());
  if ([http, grpc, tcp].filter((kind) => kind?.isAbsent === false).length !== 1) target.violate('is none');
  if (http?.isAbsent === false) {
    http.field('port').integer(port);
    http.field('path').text();
    http.field('scheme').oneOf(['HTTP', 'HTTPS'], 'HTTP');
    for (const header of http.field('headers').items({ min: 0, max: probeLimits.headers })) {
      header.object({ isRequired: true }).field('name').text();
      header.field('value').text();
    }
    if (http.field('headers').isAbsent) target.violate('has no headers');
  }
  if (grpc?.isAbsent === false) {
    grpc.field('port').integer(port);
    grpc.field('service').text();
  }
  if (tcp?.isAbsent === false) tcp.field('port').integer(port);
}
