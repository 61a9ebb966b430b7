/** `GET /acknowledged`: a replica's report on the wire, for the replica that writes statuses. */
import type { AdminPage } from '@tulle/runtime';
import type { AcknowledgementReporter, ReplicaReport, ReportedCounts } from './acknowledgement-report.ts';

/** With `?revision=` of a report that the asker has, it is not repeated: `objects` is null then. */
export function acknowledgedPage(reporter: AcknowledgementReporter): AdminPage {
  return ({ url }) => {
    const { replica, revision, objects } = reporter.report();
    const isKnown = url.searchParams.get('revision') === revision;
    // Not indented: in a large mesh it is asked for often.
    const body = JSON.stringify({ replica, revision, objects: isKnown ? null : Object.fromEntries(objects) });
    return { contentType: 'application/json', body: `${body}\n` };
  };
}

const maxTextChars = 2_100;

/** The report in an answer; null objects: as the asker has them. Throws with what is wrong with it. */
export function parseReport(
  text: string,
): Omit<ReplicaReport, 'objects'> & { readonly objects: ReplicaReport['objects'] | null } {
  const parsed: unknown = JSON.parse(text);
  if (!isObject(parsed)) throw new Error('the report is no object');
  const { replica, revision, objects } = parsed;
  if (!isText(replica) || !isText(revision)) throw new Error('the report has no replica or no revision');
  if (objects === null) return { replica, revision, objects };
  if (!isObject(objects)) throw new Error('the report has no objects');
  const counts = Object.entries(objects).map(([key, value]) => [key, parseCounts(key, value)] as const);
  return { replica, revision, objects: new Map(counts) };
}

function parseCounts(key: string, value: unknown): ReportedCounts {
  if (!isObject(value)) throw new Error(`${key} in the report is no object`);
  const { generation, proxies, inForce, rejected, firstRejection } = value;
  if (!isCount(generation) || !isCount(proxies) || !isCount(inForce) || !isCount(rejected)) {
    throw new Error(`${key} in the report lacks a count`);
  }
  return { generation, proxies, inForce, rejected, firstRejection: parseRejection(firstRejection) };
}

function parseRejection(value: unknown): ReportedCounts['firstRejection'] {
  if (!isObject(value) || !isText(value.node) || !isText(value.reason)) return null;
  return { node: value.node, reason: value.reason };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxTextChars;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
