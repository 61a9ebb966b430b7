/**
 * As much of HPACK (RFC 7541) as a test needs to speak it independently of the code under test: literals out,
 * and everything but Huffman strings in. Subjects here do not use Huffman towards a peer; one that did is
 * refused loudly.
 */

const STATIC: readonly (readonly [string, string])[] = `
:authority|:method GET|:method POST|:path /|:path /index.html|:scheme http|:scheme https|:status 200|:status 204
:status 206|:status 304|:status 400|:status 404|:status 500|accept-charset|accept-encoding gzip, deflate
accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|authorization|cache-control
content-disposition|content-encoding|content-language|content-length|content-location|content-range|content-type
cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since
last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after
server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate`
  .trim()
  .split(/[|\n]/)
  .map((entry) => {
    const space = entry.indexOf(' ');
    return space < 0 ? ([entry, ''] as const) : ([entry.slice(0, space), entry.slice(space + 1)] as const);
  });
if (STATIC.length !== 61) throw new Error('RFC 7541 appendix A has 61 entries');

/** First byte patterns of the literal forms (RFC 7541 section 6.2). */
export const WITHOUT_INDEXING = 0x00;
export const NEVER_INDEXED = 0x10;
export const WITH_INDEXING = 0x40;

export function literalField(name: string, value: string, form: number = WITHOUT_INDEXING): Buffer {
  return Buffer.concat([Buffer.from([form]), text(name), text(value)]);
}

export function literalFields(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.map(([name, value]) => literalField(name, value)));
}

/** Section 6.1; the dynamic table begins at 62. */
export function indexedField(index: number): Buffer {
  return integer(index, 7, 0x80);
}

/** Section 6.3. */
export function tableSize(bytes: number): Buffer {
  return integer(bytes, 5, 0x20);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length, 7, 0), bytes]);
}

/** Section 5.1. */
function integer(value: number, prefixBits: number, pattern: number): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.from([pattern | value]);
  const bytes = [pattern | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** One direction of one connection. Throws on what it does not accept. */
export class RawHpackDecoder {
  #table: (readonly [string, string])[] = [];
  #tableBytes = 0;
  #maxBytes: number;
  #announcedBytes: number;
  #mustResize = false;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(maxTableBytes = 4096) {
    this.#maxBytes = maxTableBytes;
    this.#announcedBytes = maxTableBytes;
  }

  /** The subject has acknowledged another table size; a smaller one must be the next block's first word. */
  announce(maxTableBytes: number): void {
    this.#announcedBytes = maxTableBytes;
    this.#mustResize = maxTableBytes < this.#maxBytes;
  }

  decode(block: Buffer): [name: string, value: string][] {
    this.#block = block;
    this.#at = 0;
    const fields: [string, string][] = [];
    const isResized = block.length > 0 && (block[0]! & 0xe0) === 0x20;
    if (this.#mustResize && !isResized) throw new Error('the table did not shrink (RFC 7541 section 4.2)');
    this.#mustResize = false;
    while (this.#at < block.length) {
      const first = block[this.#at]!;
      if (first >= 0x80) fields.push([...this.#entry(this.#integer(7))]);
      else if (first >= 0x40) fields.push(this.#insert(this.#literal(6)));
      else if (first >= 0x20) this.#resize(this.#integer(5), fields.length);
      else fields.push(this.#literal(4));
    }
    return fields;
  }

  #resize(bytes: number, fieldsBefore: number): void {
    if (fieldsBefore > 0) throw new Error('a size update follows a field');
    if (bytes > this.#announcedBytes) throw new Error(`a table of ${bytes} was not announced`);
    this.#maxBytes = bytes;
    this.#evict();
  }

  #insert(field: [string, string]): [string, string] {
    this.#table.unshift(field);
    this.#tableBytes += sizeOf(field);
    this.#evict();
    return field;
  }

  #evict(): void {
    while (this.#tableBytes > this.#maxBytes) this.#tableBytes -= sizeOf(this.#table.pop()!);
  }

  #entry(index: number): readonly [string, string] {
    const entry = index <= STATIC.length ? STATIC[index - 1] : this.#table[index - STATIC.length - 1];
    if (entry === undefined) throw new Error(`no table entry ${index}`);
    return entry;
  }

  #literal(prefixBits: number): [string, string] {
    const index = this.#integer(prefixBits);
    const name = index === 0 ? this.#text() : this.#entry(index)[0];
    return [name, this.#text()];
  }

  #text(): string {
    if (this.#block[this.#at]! >= 0x80) throw new Error('Huffman strings are not read here');
    const length = this.#integer(7);
    const end = this.#at + length;
    if (end > this.#block.length) throw new Error('a string is cut short');
    const value = this.#block.toString('latin1', this.#at, end);
    this.#at = end;
    return value;
  }

  #integer(prefixBits: number): number {
    const most = 2 ** prefixBits - 1;
    let value = this.#block[this.#at++]! & most;
    if (value < most) return value;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#block[this.#at++];
      if (byte === undefined) throw new Error('an integer is cut short');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
}

function sizeOf([name, value]: readonly [string, string]): number {
  return name.length + value.length + 32;
}
