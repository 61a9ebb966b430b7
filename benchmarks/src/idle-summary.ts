import type { IdleCase } from './cases.ts';
import type { SubjectName } from './subjects/subject.ts';
import { formatColumns, formatRatio, round } from './table.ts';

/** Resident memory of a subject without connections (it had some before) and with them, in MB. */
export interface IdleSample {
  readonly connections: number;
  readonly emptyMb: number;
  readonly heldMb: number;
}

/** One line of the table of memory, and of `--json`. A ratio below 1 is smaller than the peer. */
export interface IdleRow {
  readonly case: string;
  readonly subject: SubjectName;
  readonly connections: number;
  readonly emptyMb: number;
  readonly heldMb: number;
  readonly kbPerConnection: number;
  readonly ratio: { readonly nginx: number; readonly haproxy: number };
}

export function summarizeIdle({ name }: IdleCase, samples: ReadonlyMap<SubjectName, IdleSample>): IdleRow[] {
  const share = (subject: SubjectName) => {
    const sample = samples.get(subject);
    return sample === undefined ? Number.NaN : kbPerConnection(sample);
  };
  return [...samples].map(([subject, { connections, emptyMb, heldMb }]) => ({
    case: name,
    subject,
    connections,
    emptyMb: round(emptyMb, 1),
    heldMb: round(heldMb, 1),
    kbPerConnection: round(share(subject), 2),
    ratio: {
      nginx: round(share(subject) / share('nginx'), 2),
      haproxy: round(share(subject) / share('haproxy'), 2),
    },
  }));
}

function kbPerConnection({ connections, emptyMb, heldMb }: IdleSample): number {
  return ((heldMb - emptyMb) * 1024) / connections;
}

const header = [
  'case',
  'subject',
  'connections',
  'KB/connection',
  'x nginx',
  'x HAProxy',
  'RSS MB empty',
  'RSS MB held',
];

export function formatIdleTable(rows: readonly IdleRow[]): string {
  const lines = rows.map((row) => [
    row.case,
    row.subject,
    String(row.connections),
    row.kbPerConnection.toFixed(2),
    formatRatio(row.ratio.nginx),
    formatRatio(row.ratio.haproxy),
    row.emptyMb.toFixed(1),
    row.heldMb.toFixed(1),
  ]);
  return formatColumns(header, lines);
}
