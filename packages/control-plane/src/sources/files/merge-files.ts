import { type KubernetesObject, objectKey } from '@tulle/api';
import { type ResourceSet, resourceSetOf } from '../resource-set.ts';
import type { ConfigFault } from '../resource-source.ts';
import type { PlacedObject } from './read-manifest-file.ts';

/**
 * One set from the objects of all files, in the order of precedence: of several with the same kind and name
 * the first stands, and the others are reported.
 */
export function mergeFiles(files: Iterable<readonly PlacedObject[]>): {
  readonly resources: ResourceSet;
  readonly faults: readonly ConfigFault[];
} {
  const objects: KubernetesObject[] = [];
  const places = new Map<string, string>();
  const faults: ConfigFault[] = [];
  for (const file of files) {
    for (const { object, place } of file) {
      const name = `${object.kind} ${objectKey(object)}`;
      const first = places.get(name);
      if (first === undefined) {
        places.set(name, place);
        objects.push(object);
      } else {
        const reason = `${name} stands in ${first} already; this one is left out of account`;
        faults.push({ severity: 'error', place, path: 'metadata.name', reason });
      }
    }
  }
  return { resources: resourceSetOf(objects), faults };
}
