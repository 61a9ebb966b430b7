import {
  type KubernetesObject,
  type ManifestDocument,
  type ManifestFault,
  objectKey,
  parseManifest,
  parseYamlDocuments,
} from '@tulle/api';
import { messageOf } from '@tulle/runtime';
import { readYamlFile } from '../files/yaml-files.ts';

export interface Validation {
  /** What makes the control plane refuse a file. */
  readonly faults: readonly ManifestFault[];
  /** What was found odd, and does not stand in the way. */
  readonly warnings: readonly ManifestFault[];
  readonly objects: number;
  /** Objects of kinds that mean nothing to the mesh. */
  readonly foreign: number;
}

/** Reads every document of the files as the control plane would, and collects all that is wrong. */
export async function validateFiles(files: readonly string[]): Promise<Validation> {
  const run = new ValidationRun();
  for (const file of files) {
    try {
      run.read(file, await readYamlFile(file));
    } catch (thrown) {
      run.faults.push({ file, document: null, line: null, path: '', reason: messageOf(thrown) });
    }
  }
  return run;
}

class ValidationRun implements Validation {
  readonly faults: ManifestFault[] = [];
  readonly warnings: ManifestFault[] = [];
  readonly #places = new Map<string, string>();
  objects = 0;
  foreign = 0;

  read(file: string, text: string): void {
    const { documents, faults } = parseYamlDocuments(text, file);
    this.faults.push(...faults);
    for (const document of documents) this.#readDocument(file, document);
  }

  #readDocument(file: string, { index, line, object }: ManifestDocument): void {
    const place = { file, document: index, line };
    const parsed = parseManifest(object);
    this.warnings.push(...parsed.warnings.map((warning) => ({ ...place, ...warning })));
    if (!parsed.ok) {
      this.faults.push(...parsed.violations.map((violation) => ({ ...place, ...violation })));
    } else if (parsed.value.kind === 'foreign') this.foreign++;
    else {
      this.objects++;
      this.#checkUnique(place, parsed.value);
    }
  }

  #checkUnique(place: { file: string; document: number; line: number }, object: KubernetesObject): void {
    const key = `${object.kind} ${objectKey(object)}`;
    const first = this.#places.get(key);
    if (first === undefined) this.#places.set(key, `${place.file}:${place.line}`);
    else {
      const reason = `${key} is there already, at ${first}`;
      this.faults.push({ ...place, path: 'metadata.name', reason });
    }
  }
}
