import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type KubernetesObject, parseManifest } from '@tulle/api';
import { formatViolations } from '@tulle/model';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import type { RejectedObject } from '../../src/sources/rejected-object.ts';
import { resourceSetOf } from '../../src/sources/resource-set.ts';
import type { ReplicaReport } from '../../src/status/acknowledgement-report.ts';
import { desiredStatuses } from '../../src/status/desired-status.ts';
import { faultEvents } from '../../src/status/fault-events.ts';
import { sumCounts } from '../../src/status/merge-reports.ts';
import { mergeStatus, urgencyOf } from '../../src/status/merge-status.ts';
import { objectName } from '../../src/status/status-keys.ts';
import { translate } from '../../src/translate/translate.ts';

/**
 * Pairs of `<case>.in.yaml` and `<case>.out.yaml`: objects with the statuses that stand, what replicas report and
 * what the source refused (documents of `test/v1`) in; what is written of each, how soon, and which Events out.
 * `UPDATE_GOLDEN=1` writes the outs anew; read the difference before committing it.
 */
const directory = join(import.meta.dirname, '../../testdata/status');
const cases = readdirSync(directory)
  .filter((name) => name.endsWith('.in.yaml'))
  .map((name) => name.slice(0, -'.in.yaml'.length));
const isUpdating = process.env.UPDATE_GOLDEN === '1';
const nowMs = Date.UTC(2026, 10, 30, 12);

interface Document {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly namespace?: string; readonly name: string };
  readonly status?: unknown;
}

describe('statuses', () => {
  it.each(cases)('%s', async (name) => {
    const input = await readFile(join(directory, `${name}.in.yaml`), 'utf8');
    const documents = parseAllDocuments(input).map((document) => document.toJS() as Document);
    const actual = stringify(writtenOf(documents), { aliasDuplicateObjects: false, lineWidth: 110 });
    const path = join(directory, `${name}.out.yaml`);
    if (isUpdating) await writeFile(path, actual);
    expect(actual).toBe(await readFile(path, 'utf8'));
  });
});

function writtenOf(documents: readonly Document[]): object {
  const manifests = documents.filter(({ apiVersion }) => apiVersion !== 'test/v1');
  const resources = resourceSetOf(manifests.flatMap(parse));
  const options = {
    trustDomain: 'cluster.local',
    clusterDomain: 'cluster.local',
    meshNamespace: 'tulle-system',
  };
  const { statuses } = translate(resources, options);
  const reports = ofKind<{ replica: string; objects: object }>(documents, 'Report').map(
    ({ replica, objects }): ReplicaReport => ({
      replica,
      revision: '1',
      objects: new Map(Object.entries(objects)),
    }),
  );
  const desired = desiredStatuses({
    resources,
    statuses,
    rejected: ofKind<RejectedObject & { of: RejectedObject['kind'] }>(documents, 'Rejected').map(
      (rejected) => ({
        ...rejected,
        kind: rejected.of,
      }),
    ),
    countsOf: (key, generation) => sumCounts(reports, key, generation),
    silentOf: () => ofKind<{ replica: string }>(documents, 'Silent').map(({ replica }) => replica),
  });
  return Object.fromEntries(
    [...desired].map(([key, status]) => {
      const present = manifests.find(
        ({ kind, metadata }) =>
          objectName({ kind, namespace: metadata.namespace ?? '', name: metadata.name }) === key,
      );
      const merge = mergeStatus(present?.status, status, nowMs);
      if (merge.kind !== 'changed') return [key, merge.kind];
      return [
        key,
        { status: merge.status, urgency: urgencyOf(merge.changes), events: faultEvents(merge.changes) },
      ];
    }),
  );
}

function parse(document: Document): readonly KubernetesObject[] {
  const parsed = parseManifest(document);
  if (!parsed.ok) throw new Error(formatViolations(parsed.violations));
  return parsed.value.kind === 'foreign' ? [] : [parsed.value];
}

function ofKind<T>(documents: readonly Document[], kind: string): readonly T[] {
  return documents.filter((document) => document.apiVersion === 'test/v1' && document.kind === kind) as T[];
}
