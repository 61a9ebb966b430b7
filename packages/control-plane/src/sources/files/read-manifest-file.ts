import { open } from 'node:fs/promises';
import {
  formatPlace,
  type KubernetesObject,
  type ManifestFault,
  manifestLimits,
  parseManifest,
  parseYamlDocuments,
} from '@tulle/api';
import type { ConfigFault } from '../resource-source.ts';

/** One object and where it stands, for the fault of whoever repeats it. */
export interface PlacedObject {
  readonly object: KubernetesObject;
  readonly place: string;
}

/** What one file says. */
export interface FileContent {
  readonly objects: readonly PlacedObject[];
  readonly faults: readonly ConfigFault[];
  /** Kinds that mean nothing to the mesh. */
  readonly foreignTypes: readonly string[];
}

export function hasErrors({ faults }: FileContent): boolean {
  return faults.some(({ severity }) => severity === 'error');
}

/** The text of a file, or null where it is larger than a manifest may be. */
export async function readText(path: string): Promise<string | null> {
  const file = await open(path, 'r');
  try {
    // One byte more than allowed, whatever stat said: the file may have grown since.
    const buffer = Buffer.allocUnsafe(Math.min((await file.stat()).size, manifestLimits.maxFileBytes) + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
      length += bytesRead;
      if (length > manifestLimits.maxFileBytes) return null;
      if (bytesRead === 0 || length === buffer.length) return buffer.toString('utf8', 0, length);
    }
  } finally {
    await file.close();
  }
}

/** Parses every document; the faulty ones are reported, the others given. */
export function parseManifestFile(text: string, file: string): FileContent {
  const { documents, faults: documentFaults } = parseYamlDocuments(text, file);
  const objects: PlacedObject[] = [];
  const foreignTypes = new Set<string>();
  const faults: ConfigFault[] = documentFaults.map((fault) => configFault('error', fault));
  for (const { index, line, object, lineAt } of documents) {
    const parsed = parseManifest(object);
    const at = (path: string) => ({ file, document: index, line: lineAt(path) });
    for (const { path, reason } of parsed.ok ? [] : parsed.violations) {
      faults.push(configFault('error', { ...at(path), path, reason }));
    }
    for (const { path, reason } of parsed.warnings) {
      faults.push(configFault('warning', { ...at(path), path, reason }));
    }
    if (!parsed.ok) continue;
    if (parsed.value.kind === 'foreign') foreignTypes.add(parsed.value.type);
    else objects.push({ object: parsed.value, place: formatPlace({ file, document: index, line }) });
  }
  return { objects, faults, foreignTypes: [...foreignTypes] };
}

function configFault(severity: ConfigFault['severity'], fault: ManifestFault): ConfigFault {
  return { severity, place: formatPlace(fault), path: fault.path, reason: fault.reason };
}
