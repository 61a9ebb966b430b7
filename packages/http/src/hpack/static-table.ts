/** RFC 7541 appendix A, in the form of the dynamic table: lines of text, and four numbers an entry. */
import { ENTRY_FIELDS, equalsName } from './dynamic-table.ts';
import { kindOfName } from './field-kind.ts';
import { hashName } from './hash-bytes.ts';

/** By index; an entry without `: ` has an empty value. */
const FIELDS: readonly string[] = [
  '',
  ':authority',
  ':method: GET',
  ':method: POST',
  ':path: /',
  ':path: /index.html',
  ':scheme: http',
  ':scheme: https',
  ':status: 200',
  ':status: 204',
  ':status: 206',
  ':status: 304',
  ':status: 400',
  ':status: 404',
  ':status: 500',
  'accept-charset',
  'accept-encoding: gzip, deflate',
  'accept-language',
  'accept-ranges',
  'accept',
  'access-control-allow-origin',
  'age',
  'allow',
  'authorization',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'etag',
  'expect',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'link',
  'location',
  'max-forwards',
  'proxy-authenticate',
  'proxy-authorization',
  'range',
  'referer',
  'refresh',
  'retry-after',
  'server',
  'set-cookie',
  'strict-transport-security',
  'transfer-encoding',
  'user-agent',
  'vary',
  'via',
  'www-authenticate',
];

/** The last index of the static table; the dynamic table's newest entry is the next. */
export const STATIC_COUNT: number = FIELDS.length - 1;

const lines = FIELDS.map((field) => (field.includes(': ') ? `${field}\r\n` : `${field}: \r\n`));

/** The lines `name: value` CRLF, one after the other. */
export const staticText: Buffer = Buffer.from(lines.join(''));

/** As DynamicTable's entries: offset, name's bytes, value's bytes, kind; the entry of index 0 is no field. */
export const staticEntries: Int32Array = new Int32Array(ENTRY_FIELDS * lines.length);

const SLOTS = 256;
/** The first index of a name, by its hash, with linear probing; 0 is free. */
const slots = new Uint8Array(SLOTS);

let offset = 0;
for (let index = 0; index < lines.length; index++) {
  const line = lines[index]!;
  const nameLength = line.indexOf(': ');
  staticEntries.set(
    [offset, nameLength, line.length - nameLength - 4, kindOfName(staticText, offset, offset + nameLength)],
    index * ENTRY_FIELDS,
  );
  const hash = hashName(staticText, offset, offset + nameLength);
  if (index > 0 && staticIndexOfHash(hash, staticText, offset, offset + nameLength) === 0) {
    let slot = hash & (SLOTS - 1);
    while (slots[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
    slots[slot] = index;
  }
  offset += line.length;
}

/** The first entry with that name, in any case, whose hash is given; 0 without one. */
export function staticIndexOfHash(hash: number, buffer: Buffer, start: number, end: number): number {
  for (let slot = hash & (SLOTS - 1); slots[slot] !== 0; slot = (slot + 1) & (SLOTS - 1)) {
    const index = slots[slot]!;
    if (equalsName(staticText, staticEntries, index * ENTRY_FIELDS, buffer, start, end)) return index;
  }
  return 0;
}
