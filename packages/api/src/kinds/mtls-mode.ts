import type { MtlsMode } from '@tulle/model';
import type { ManifestNode } from '../manifest-node.ts';

const modes = { STRICT: 'strict', PERMISSIVE: 'permissive', DISABLE: 'disable', UNSET: null } as const;
export const mtlsModeNames = Object.keys(modes) as readonly (keyof typeof modes)[];

/** `mtls: { mode: STRICT }`; null inherits what the wider policy says. */
export function readMtlsMode(node: ManifestNode): MtlsMode | null {
  node.object();
  const mode = modes[node.field('mode').oneOf(mtlsModeNames, 'UNSET')];
  node.warnOfUnknownFields();
  return mode;
}
