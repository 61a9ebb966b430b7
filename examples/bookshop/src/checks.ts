import { spiffeIdOf } from './cast.ts';
import type { PageSample } from './load.ts';
import type { EdgeCounts } from './scrape.ts';
import { type StoryMeasures, settleMs } from './story.ts';
import { fitsWeight } from './version-shift.ts';

export interface Check {
  readonly what: string;
  readonly isMet: boolean;
  /** What was found. */
  readonly found: string;
}

const effectLimitMs = 1_000;

/** The demo's promises, each beside what the run showed. */
export function checkRun(run: {
  readonly measures: StoryMeasures;
  readonly edges: readonly EdgeCounts[];
  /** Pages that failed outside of the kill's window. */
  readonly failures: readonly PageSample[];
}): readonly Check[] {
  const { shift, kill } = run.measures;
  const v2Before = shift.before.v2 ?? 0;
  const v2After = shift.after.v2 ?? 0;
  return [
    {
      what: 'before the shift, 10 % of the answers are v2',
      isMet: fitsWeight(v2Before, 0.1, shift.beforeCount),
      found: `${percent(v2Before)} of ${shift.beforeCount}`,
    },
    {
      what: 'after it, 50 % are',
      isMet: fitsWeight(v2After, 0.5, shift.afterCount),
      found: `${percent(v2After)} of ${shift.afterCount}`,
    },
    {
      what: `the shift takes effect within ${effectLimitMs} ms of the file's change`,
      isMet: shift.effectMs !== null && shift.effectMs < effectLimitMs,
      found: shift.effectMs === null ? 'never' : `${shift.effectMs.toFixed(0)} ms`,
    },
    {
      what: 'no page fails outside of the kill',
      isMet: run.failures.length === 0,
      found: describeFailures(run.failures),
    },
    {
      what: `errors end within ${settleMs} ms of the endpoint's removal`,
      isMet: kill.errorsAfterRemovalMs <= settleMs && kill.pagesSince > 0,
      found: `${kill.errorsAfterRemovalMs.toFixed(0)} ms, ${kill.pagesSince} pages since`,
    },
    ...run.edges.map(checkEdge),
  ];
}

/** Both ends of an edge verified the other: the caller the server's identity, the receiver the client's. */
function checkEdge(edge: EdgeCounts): Check {
  const server = spiffeIdOf(edge.destination);
  const client = spiffeIdOf(edge.source);
  const peers = Object.keys(edge.byPeer);
  const isMtls = edge.mtlsRequests > 0 && edge.plainRequests === 0;
  const isServerKnown = peers.length === 1 && peers[0] === server;
  const isClientKnown =
    edge.callers.includes(client) && edge.callers.every((caller) => !caller.startsWith('plain'));
  return {
    what: `${edge.source} -> ${edge.destination} is mutual TLS between the expected identities`,
    isMet: isMtls && isServerKnown && isClientKnown,
    found: `${edge.mtlsRequests} of ${edge.requests}; server ${listOf(peers)}; callers ${listOf(edge.callers)}`,
  };
}

function listOf(identities: readonly string[]): string {
  return identities.map((id) => id.replace(/^spiffe:\/\/.*\/sa\//, 'sa/')).join(', ') || 'none';
}

function describeFailures(failures: readonly PageSample[]): string {
  if (failures.length === 0) return 'none failed';
  const kinds = [...new Set(failures.map(({ fault }) => fault))].slice(0, 5);
  return `${failures.length} failed: ${kinds.join('; ')}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
