import type { ManifestFault } from './yaml-documents.ts';

/** `routes.yaml:12 (document 2): spec.rules[0].backendRefs[1].weight: must be ...`; the document counts from 1. */
export function formatFault({ file, document, line, path, reason }: ManifestFault): string {
  const place = `${file}${line === null ? '' : `:${line}`}${document === null ? '' : ` (document ${document + 1})`}`;
  return `${place}: ${path === '' ? '' : `${path}: `}${reason}`;
}
