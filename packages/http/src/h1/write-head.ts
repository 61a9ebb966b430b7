/**
 * Heads into the scratch: the start line, the kept lines in contiguous runs, the proxy's own lines.
 * A head that nothing touches is copied, never rebuilt.
 */
import { copyBytes, TOKEN } from '../message/bytes.ts';
import { FLAG_HOP_BY_HOP, FLAG_HOST } from '../message/field-section.ts';
import { type HeadEdits, removedNames } from '../message/head-edits.ts';
import type { HeadIndex } from '../message/head-index.ts';
import { type RequestHead, TARGET_ABSOLUTE, TARGET_AUTHORITY } from '../message/request-head.ts';
import type { ResponseHead } from '../message/response-head.ts';
import { statusTexts } from '../message/status-texts.ts';

/** The head does not fit the rest of `out`. */
export const NO_ROOM = -1;

const VERSION = Buffer.from(' HTTP/1.1\r\n');
/** Of a status line: `HTTP/1.x`. */
const VERSION_DIGIT = 7;
const GET = Buffer.from('GET');
const HOST = Buffer.from('host: ');
const CONNECTION_TE = Buffer.from('connection: te\r\n');
/** Start line, Host and Connection of our own beside what the head itself holds. */
const MARGIN_BYTES = 128;

/**
 * Writes the request at `offset` of `out`: origin-form target (authority-form for CONNECT), HTTP/1.1, no
 * hop-by-hop lines, Host from the target where it names an authority (RFC 9112 section 3.2.2; of CONNECT too,
 * so that nobody behind is told another host than was decided on). `lines` are preformatted lines, each with
 * its CRLF, `linesLength` bytes of them. Gives the offset after the head, or NO_ROOM. Six plain parameters: an
 * options object would be garbage per message.
 */
export function writeRequestHead(
  out: Buffer,
  offset: number,
  head: RequestHead,
  edits: HeadEdits | null,
  lines: Buffer | null,
  linesLength: number,
): number {
  if (offset + roomFor(head, edits) + linesLength > out.length) return NO_ROOM;
  // With an authority in the target, without Host in HTTP/1.0, or from HTTP/2, Host is ours to write.
  const hasAuthority = head.targetForm === TARGET_ABSOLUTE || head.targetForm === TARGET_AUTHORITY;
  const writesHost = hasAuthority || head.hostIndex < 0 || head.httpMajor === 2;
  let o = offset;
  if (edits === null && !writesHost) {
    o = copyKeptLines(out, o, head, FLAG_HOP_BY_HOP, head.start);
    // The version's digit is the last byte before the start line's CRLF.
    out[offset + head.linesStart - head.start - 3] = 49;
  } else {
    o = writeRequestLine(out, o, head, edits);
    if (writesHost && !setsHost(edits)) o = writeHost(out, o, head);
    const dropped = writesHost && head.hostIndex >= 0 ? FLAG_HOP_BY_HOP | FLAG_HOST : FLAG_HOP_BY_HOP;
    if (edits === null) o = copyKeptLines(out, o, head, dropped, head.linesStart);
    else o = writeEditedLines(out, o, head, dropped, edits);
  }
  if (head.hasTeTrailers) o = copyBytes(out, o, CONNECTION_TE, 0, CONNECTION_TE.length);
  return finishHead(out, o, lines, linesLength);
}

/** As writeRequestHead, for a response: the version is HTTP/1.1, the reason is passed on. */
export function writeResponseHead(
  out: Buffer,
  offset: number,
  head: ResponseHead,
  edits: HeadEdits | null,
  lines: Buffer | null,
  linesLength: number,
): number {
  if (offset + roomFor(head, edits) + linesLength > out.length) return NO_ROOM;
  let o = offset;
  if (edits === null && head.httpMajor === 1 && !lacksSpace(head)) {
    o = copyKeptLines(out, o, head, FLAG_HOP_BY_HOP, head.start);
  } else {
    o = writeStatusLine(out, o, head);
    if (edits === null) o = copyKeptLines(out, o, head, FLAG_HOP_BY_HOP, head.linesStart);
    else o = writeEditedLines(out, o, head, FLAG_HOP_BY_HOP, edits);
  }
  out[offset + VERSION_DIGIT] = 49;
  return finishHead(out, o, lines, linesLength);
}

/** RFC 9112 section 4: the space before the reason is sent even where there is no reason. */
function lacksSpace(head: ResponseHead): boolean {
  return head.buffer[head.reasonStart - 1] !== 32;
}

function writeStatusLine(out: Buffer, offset: number, head: ResponseHead): number {
  if (head.httpMajor === 2) {
    const line = statusLineOf(head.status);
    return copyBytes(out, offset, line, 0, line.length);
  }
  if (!lacksSpace(head)) return copyBytes(out, offset, head.buffer, head.start, head.linesStart);
  let o = copyBytes(out, offset, head.buffer, head.start, head.reasonStart);
  out[o++] = 32;
  out[o++] = 13;
  out[o++] = 10;
  return o;
}

/** HTTP/2 has no reasons: the usual one is given. */
function statusLineOf(status: number): Buffer {
  let line = statusLines[status];
  if (line === undefined) {
    line = Buffer.from(`HTTP/1.1 ${status} ${statusTexts[status] ?? ''}\r\n`);
    statusLines[status] = line;
  }
  return line;
}

/** By status, as they come up: at most 500. */
const statusLines: Record<number, Buffer> = {};

function roomFor(head: HeadIndex, edits: HeadEdits | null): number {
  let bytes = head.end - head.start + MARGIN_BYTES;
  if (edits === null) return bytes;
  bytes += edits.path?.length ?? 0;
  for (const [name, value] of edits.set) bytes += name.length + value.length + 4;
  for (const [name, value] of edits.add) bytes += name.length + value.length + 4;
  return bytes;
}

function writeRequestLine(out: Buffer, offset: number, head: RequestHead, edits: HeadEdits | null): number {
  // RFC 8441 section 5: what HTTP/2 asks for by CONNECT, HTTP/1.1 does by GET.
  const isExtendedConnect = head.httpMajor === 2 && head.hasUpgrade;
  let o = isExtendedConnect
    ? copyBytes(out, offset, GET, 0, GET.length)
    : copyBytes(out, offset, head.buffer, head.methodStart, head.methodEnd);
  out[o++] = 32;
  if (edits?.path !== undefined) {
    assertPath(edits.path);
    o += out.write(edits.path, o, 'latin1');
  } else if (head.targetForm === TARGET_AUTHORITY) {
    o = copyBytes(out, o, head.buffer, head.authorityStart, head.authorityEnd);
  } else {
    o = writePath(out, o, head);
  }
  return copyBytes(out, o, VERSION, 0, VERSION.length);
}

function writePath(out: Buffer, offset: number, head: RequestHead): number {
  const start = head.pathStart;
  if (head.targetForm !== TARGET_ABSOLUTE || head.buffer[start] === 47) {
    return copyBytes(out, offset, head.buffer, start, head.pathEnd);
  }
  return offset + out.write(head.path(), offset, 'latin1');
}

function writeHost(out: Buffer, offset: number, head: RequestHead): number {
  let o = copyBytes(out, offset, HOST, 0, HOST.length);
  o = copyBytes(out, o, head.buffer, head.authorityStart, head.authorityEnd);
  out[o++] = 13;
  out[o++] = 10;
  return o;
}

function setsHost(edits: HeadEdits | null): boolean {
  return edits?.set.some(([name]) => name.toLowerCase() === 'host') ?? false;
}

/** From `from`, which is the start line or the first line after it, all but the dropped lines: as few copies as there are gaps. */
function copyKeptLines(out: Buffer, offset: number, head: HeadIndex, dropped: number, from: number): number {
  const buffer = head.buffer;
  const count = head.count;
  if (head.droppedCount === 0 && dropped === FLAG_HOP_BY_HOP) {
    return copyBytes(out, offset, buffer, from, head.end - 2);
  }
  let o = offset;
  let runStart = from;
  for (let i = 0; i < count; i++) {
    if ((head.flags[i]! & dropped) === 0) continue;
    o = copyBytes(out, o, buffer, runStart, head.nameStart[i]!);
    runStart = i + 1 < count ? head.nameStart[i + 1]! : head.end - 2;
  }
  return copyBytes(out, o, buffer, runStart, head.end - 2);
}

function writeEditedLines(
  out: Buffer,
  offset: number,
  head: HeadIndex,
  dropped: number,
  edits: HeadEdits,
): number {
  const gone = removedNames(edits);
  let o = offset;
  for (let i = 0; i < head.count; i++) {
    if ((head.flags[i]! & dropped) !== 0 || gone.has(head.name(i).toLowerCase())) continue;
    const lineEnd = i + 1 < head.count ? head.nameStart[i + 1]! : head.end - 2;
    o = copyBytes(out, o, head.buffer, head.nameStart[i]!, lineEnd);
  }
  for (const [name, value] of edits.set) o = writeLine(out, o, name, value);
  for (const [name, value] of edits.add) o = writeLine(out, o, name, value);
  return o;
}

/** Writes one line. Throws where name or value would break out of it: that is a fault of ours. */
function writeLine(out: Buffer, offset: number, name: string, value: string): number {
  assertLine(name, value);
  let o = offset + out.write(name, offset, 'latin1');
  out[o++] = 58;
  out[o++] = 32;
  o += out.write(value, o, 'latin1');
  out[o++] = 13;
  out[o++] = 10;
  return o;
}

export function assertLine(name: string, value: string): void {
  for (let i = 0; i < name.length; i++) {
    if (TOKEN[name.charCodeAt(i)] !== 1)
      throw new TypeError(`header name ${JSON.stringify(name)} is not a token`);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (name === '' || /[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]/.test(value)) {
    throw new TypeError(`header ${name} has a value that no header line can carry`);
  }
}

export function assertPath(path: string): void {
  if (!/^(\/[\x21-\x7e]*|\*)$/.test(path))
    throw new TypeError(`path ${JSON.stringify(path)} is not in origin-form`);
}

function finishHead(out: Buffer, offset: number, lines: Buffer | null, linesLength: number): number {
  let o = lines === null ? offset : copyBytes(out, offset, lines, 0, linesLength);
  out[o++] = 13;
  out[o++] = 10;
  return o;
}
