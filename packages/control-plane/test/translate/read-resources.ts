import { formatFault, type KubernetesObject, parseManifest, parseYamlDocuments } from '@tulle/api';
import { formatViolations } from '@tulle/model';
import { type ResourceSet, resourceSetOf } from '../../src/sources/resource-set.ts';

/** The objects of a text; a fault in it is a fault of the test. */
export function readObjects(text: string, file: string): readonly KubernetesObject[] {
  const { documents, faults } = parseYamlDocuments(text, file);
  if (faults.length > 0) throw new Error(faults.map(formatFault).join('\n'));
  return documents.map(({ object, line }) => {
    const parsed = parseManifest(object);
    if (!parsed.ok) throw new Error(`${file}:${line}: ${formatViolations(parsed.violations)}`);
    if (parsed.value.kind === 'foreign') throw new Error(`${file}:${line}: ${parsed.value.type}`);
    return parsed.value;
  });
}

export function readResources(text: string, file: string): ResourceSet {
  return resourceSetOf(readObjects(text, file));
}
