import type { EncodedResource } from '@tulle/xds';
import { encodeEnvelope } from '@tulle/xds';
import type { SnapshotEntry } from '../snapshot/snapshot.ts';

/** Beyond this a client would refuse the message (gRPC's default is 4 MiB, with room for the envelope). */
const maxResourceBytes = 3 * 1024 * 1024;

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
    if (bytes.length <= maxResourceBytes) return { ok: true, bytes };
    return { ok: false, reason: `takes ${bytes.length} bytes; at most ${maxResourceBytes} can be sent` };
  } catch (thrown) {
    return { ok: false, reason: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
