import type { KubernetesKind } from '@tulle/api';
import type { RejectedObject } from '../rejected-object.ts';
import type { ConfigFault } from '../resource-source.ts';
import type { KindTable } from './kind-table.ts';
import type { ReadObject } from './read-object.ts';

/** The kinds that have a status to say in what is wrong with them. */
const reportedKinds = new Set<KubernetesKind>(['HTTPRoute', 'PeerAuthentication', 'MeshConfig']);

/** A cluster may hold more broken objects than anybody reads of. */
const maxFaults = 500;

/** What is wrong with the objects of a cluster, for the log, the metrics and the dump. */
export function faultsOf(tables: readonly KindTable[]): readonly ConfigFault[] {
  const faults: ConfigFault[] = [];
  for (const { kind, odd } of tables) {
    for (const [key, read] of odd) {
      if (faults.length >= maxFaults) return [...faults, more(tables)];
      faults.push(...faultsOfObject(`${kind} ${key}`, read));
    }
  }
  return faults;
}

function more(tables: readonly KindTable[]): ConfigFault {
  const count = tables.reduce((sum, { odd }) => sum + odd.size, 0);
  const reason = `${count} objects in all have something wrong with them; the first are shown`;
  return { severity: 'warning', place: 'cluster', path: '', reason };
}

function faultsOfObject(place: string, { object, rejection, warnings }: ReadObject): readonly ConfigFault[] {
  const odd = warnings.map((warning): ConfigFault => ({ severity: 'warning', place, ...warning }));
  if (rejection === null) return odd;
  const held = object === null ? 'it is left out of account' : 'its earlier version stays in force';
  return rejection.violations.map(({ path, reason }) => ({
    severity: 'error',
    place,
    path,
    reason: `${reason}; ${held}`,
  }));
}

/** Those whose authors are told by a status. */
export function rejectedObjects(tables: readonly KindTable[]): readonly RejectedObject[] {
  return tables.flatMap(({ kind, odd }) => {
    if (!isReported(kind)) return [];
    return [...odd.values()].flatMap(({ uid, object, rejection }) =>
      rejection === null ? [] : [{ ...rejection, kind, uid, isEarlierInForce: object !== null }],
    );
  });
}

function isReported(kind: KubernetesKind): kind is RejectedObject['kind'] {
  return reportedKinds.has(kind);
}
