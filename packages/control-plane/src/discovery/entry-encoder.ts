import { type EncodedResource, encodeEnvelope, resourceLimits } from '@tulle/xds';
import type { SnapshotEntry } from '../snapshot/snapshot.ts';

/** The wire form of an entry, or why it has none. */
export type EncodedEntry =
  | { readonly ok: true; readonly bytes: EncodedResource }
  | { readonly ok: false; readonly reason: string };

/** Kept as long as the entry itself: as snapshots share entries, one is encoded once for all its subscribers. */
const encodedEntries = new WeakMap<SnapshotEntry, EncodedEntry>();

export function encodeEntry(entry: SnapshotEntry): EncodedEntry {
  const known = encodedEntries.get(entry);
  if (known !== undefined) return known;
  const encoded = encode(entry);
  encodedEntries.set(entry, encoded);
  return encoded;
}

function encode(entry: SnapshotEntry): EncodedEntry {
  try {
    const bytes = encodeEnvelope(entry);
    const atMost = resourceLimits.resourceBytes;
    if (bytes.length <= atMost) return { ok: true, bytes };
    return { ok: false, reason: `takes ${bytes.length} bytes on the wire, of at most ${atMost}` };
  } catch (thrown) {
    return { ok: false, reason: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
