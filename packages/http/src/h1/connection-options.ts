import { equalsIgnoreCase, latin1, TOKEN } from '../message/bytes.ts';
import type { HeadIndex } from '../message/head-index.ts';
import { H1_BAD_CONNECTION } from './errors.ts';

/** What the Connection lines of a head asked for, as bits. */
export const OPTION_CLOSE = 1;
export const OPTION_KEEP_ALIVE = 2;
export const OPTION_UPGRADE = 4;

/** Each costs a look at every line: a bound against a quadratic head. */
const MAX_NAMED_FIELDS = 32;

/**
 * Reads the Connection lines and flags the fields that they name (RFC 9110 section 7.6.1). Gives
 * option bits, or a negated error: a list that is malformed, or that names a field which frames or
 * routes the message, so that a client cannot have it stripped between two hops.
 */
export function readConnectionOptions(head: HeadIndex): number {
  let options = 0;
  let named = 0;
  for (let line = head.connectionIndex; line >= 0; line = head.findFrom('connection', line + 1)) {
    let i = head.valueStart[line]!;
    const end = head.valueEnd[line]!;
    while (i < end) {
      const start = skipSeparators(head.buffer, i, end);
      i = start;
      while (i < end && TOKEN[head.buffer[i]!] === 1) i++;
      if (i === start) {
        if (i === end) break;
        return -H1_BAD_CONNECTION;
      }
      if (!isDelimited(head.buffer, i, end)) return -H1_BAD_CONNECTION;
      const option = optionOf(head.buffer, start, i - start);
      if (option > 0) options |= option;
      else if (option < 0 || ++named > MAX_NAMED_FIELDS) return -H1_BAD_CONNECTION;
      else dropNamed(head, start, i - start);
    }
  }
  return options;
}

/** Commas and white space; RFC 9110 section 5.6.1.2 has recipients ignore empty elements. */
function skipSeparators(buffer: Buffer, at: number, end: number): number {
  let i = at;
  while (i < end && (buffer[i] === 44 || buffer[i] === 32 || buffer[i] === 9)) i++;
  return i;
}

/** Only white space may stand between a token and the next comma. */
function isDelimited(buffer: Buffer, at: number, end: number): boolean {
  let i = at;
  while (i < end && (buffer[i] === 32 || buffer[i] === 9)) i++;
  return i === end || buffer[i] === 44;
}

/** An option bit, 0 for a field's name, -1 for a field that must not be named. */
function optionOf(buffer: Buffer, at: number, length: number): number {
  switch (length) {
    case 4:
      return equalsIgnoreCase(buffer, at, 'host') ? -1 : 0;
    case 5:
      return equalsIgnoreCase(buffer, at, 'close') ? OPTION_CLOSE : 0;
    case 7:
      return equalsIgnoreCase(buffer, at, 'upgrade') ? OPTION_UPGRADE : 0;
    case 10:
      return equalsIgnoreCase(buffer, at, 'keep-alive') ? OPTION_KEEP_ALIVE : 0;
    case 14:
      return equalsIgnoreCase(buffer, at, 'content-length') ? -1 : 0;
    case 17:
      return equalsIgnoreCase(buffer, at, 'transfer-encoding') ? -1 : 0;
    default:
      return 0;
  }
}

function dropNamed(head: HeadIndex, at: number, length: number): void {
  // `TE: trailers` is decided on its own: it is what TE's own line says, not what Connection says.
  if (length === 2 && equalsIgnoreCase(head.buffer, at, 'te')) return;
  const name = latin1(head.buffer, at, at + length).toLowerCase();
  for (let line = head.find(name); line >= 0; line = head.findFrom(name, line + 1)) head.drop(line);
}
