import { isObject } from '@tulle/api';

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

/** What an earlier injection wrote; what cannot be read is an empty table. */
export function parseProbeTable(text: string): ProbeTable {
  try {
    const json: unknown = JSON.parse(text);
    return isObject(json) ? (json as ProbeTable) : {};
  } catch {
    return {};
  }
}
