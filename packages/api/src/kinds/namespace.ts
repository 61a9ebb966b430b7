import type { ManifestNode } from '../manifest-node.ts';
import { dnsLabel } from '../text-rules.ts';
import { type Injection, readInjection } from './injection.ts';
import { type ObjectMeta, readMeta } from './object-meta.ts';

export interface Namespace {
  readonly kind: 'Namespace';
  readonly metadata: ObjectMeta;
  readonly injection: Injection;
}

export function readNamespace(node: ManifestNode): Namespace {
  const metadata = readMeta(node, { isNamespaced: false, nameRule: dnsLabel });
  return { kind: 'Namespace', metadata, injection: readInjection(node) };
}
