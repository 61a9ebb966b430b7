import { createHash } from 'node:crypto';

/**
 * The form of a state file: one line that says what it is, then the content, as JSON.
 *
 *   tulle-state <format> <kind> <content's SHA-256, hex> <content's bytes>
 */
const magic = 'tulle-state';
/** Raised with every change that an older sidecar would misread. A newer file is ignored, not guessed at. */
const formatVersion = 1;
const maxHeaderBytes = 256;
const HEADER = /^tulle-state ([0-9]{1,9}) ([a-z-]{1,32}) ([0-9a-f]{64}) ([0-9]{1,12})$/;

export type StateKind = 'configuration' | 'certificate';

export type DecodedState =
  | { readonly ok: true; readonly content: unknown }
  | { readonly ok: false; readonly reason: string };

export function encodeState(kind: StateKind, content: unknown): Buffer {
  const bytes = Buffer.from(JSON.stringify(content));
  return Buffer.concat([
    Buffer.from(`${magic} ${formatVersion} ${kind} ${digestOf(bytes)} ${bytes.length}\n`),
    bytes,
  ]);
}

/** The content as it was written, or why this is no whole file of this kind and format. */
export function decodeState(kind: StateKind, bytes: Buffer): DecodedState {
  const headerEnd = bytes.subarray(0, maxHeaderBytes).indexOf(0x0a);
  const header = HEADER.exec(headerEnd < 0 ? '' : bytes.toString('latin1', 0, headerEnd));
  if (header === null) return refused('is no state file');
  const [, version, writtenKind, digest, length] = header;
  if (Number(version) > formatVersion) {
    return refused(`has the newer format ${version}; this sidecar knows ${formatVersion}`);
  }
  if (Number(version) < formatVersion) return refused(`has the old format ${version}`);
  if (writtenKind !== kind) return refused(`holds a ${writtenKind}, not a ${kind}`);
  const content = bytes.subarray(headerEnd + 1);
  if (content.length !== Number(length)) {
    return refused(`has ${content.length} bytes of content, not ${length}: it was cut`);
  }
  if (digestOf(content) !== digest) return refused('does not have the content of its checksum');
  try {
    return { ok: true, content: JSON.parse(content.toString('utf8')) };
  } catch {
    return refused('is not JSON');
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function refused(reason: string): DecodedState {
  return { ok: false, reason };
}
