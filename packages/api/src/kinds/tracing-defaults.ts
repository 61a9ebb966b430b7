import type { ManifestNode } from '../manifest-node.ts';
import { httpUrl } from '../text-rules.ts';

/** Where new sidecars send their traces. */
export interface TracingDefaults {
  /** An OTLP/HTTP collector's URL; null: no tracing. */
  readonly endpoint: string | null;
  /** The share of new traces that is recorded, 0 to 1; null: the sidecar's default. */
  readonly sampleShare: number | null;
}

export const sampleShareRange = { min: 0, max: 1 } as const;

export function readTracingDefaults(node: ManifestNode): TracingDefaults {
  node.object();
  const endpoint = node.field('endpoint').optionalText(httpUrl);
  const sampleShare = node.field('sampleShare').optionalNumber(sampleShareRange);
  node.warnOfUnknownFields();
  return { endpoint, sampleShare };
}
