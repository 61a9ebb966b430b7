import type { ManifestFault } from './yaml-documents.ts';

/** `routes.yaml:12 (document 2): spec.rules[0].backendRefs[1].weight: must be ...` */
export function formatFault(fault: ManifestFault): string {
  return `${formatPlace(fault)}: ${fault.path === '' ? '' : `${fault.path}: `}${fault.reason}`;
}

/** `routes.yaml:12 (document 2)`: documents count from 1 for people. */
export function formatPlace({ file, document, line }: Omit<ManifestFault, 'path' | 'reason'>): string {
  return `${file}${line === null ? '' : `:${line}`}${document === null ? '' : ` (document ${document + 1})`}`;
}
