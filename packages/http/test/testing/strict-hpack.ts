/**
 * A second HPACK decoder, to judge the first: RFC 7541 as it reads, on strings and arrays, slow and plain. It
 * shares no code and no table with the codec.
 */
export type HpackField = readonly [name: string, value: string, isNeverIndexed: boolean];

/** The block is not HPACK. */
export class HpackRefusal extends Error {
  override readonly name = 'HpackRefusal';
}

/** Appendix A: `name value`, by index from 1 on. */
const STATIC_TABLE = `
:authority|:method GET|:method POST|:path /|:path /index.html|:scheme http|:scheme https|:status 200|:status 204|:status 206
:status 304|:status 400|:status 404|:status 500|accept-charset|accept-encoding gzip, deflate|accept-language|accept-ranges|accept
access-control-allow-origin|age|allow|authorization|cache-control|content-disposition|content-encoding|content-language
content-length|content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host|if-match|if-modified-since
if-none-match|if-range|if-unmodified-since|last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range
referer|refresh|retry-after|server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate`
  .trim()
  .split(/[|\n]/)
  .map((entry) => /^(\S+) ?(.*)$/.exec(entry)!.slice(1) as [string, string]);

/** Appendix B: the symbols of each length; the code is canonical. Texts are ranges of bytes. */
const SYMBOLS_BY_LENGTH: Readonly<Record<number, string>> = {
  5: '48-50 97 99 101 105 111 115 116',
  6: '32 37 45-47 51-57 61 65 95 98 100 102-104 108-110 112 114 117',
  7: '58 66-87 89 106 107 113 118-122',
  8: '38 42 44 59 88 90',
  10: '33 34 40 41 63',
  11: '39 43 124',
  12: '35 62',
  13: '0 36 64 91 93 126',
  14: '94 125',
  15: '60 96 123',
  19: '92 195 208',
  20: '128 130 131 162 184 194 224 226',
  21: '153 161 167 172 176 177 179 209 216 217 227 229 230',
  22: '129 132-134 136 146 154 156 160 163 164 169 170 173 178 181 185-187 189 190 196 198 228 232 233',
  23: '1 135 137-141 143 147 149-152 155 157 158 165 166 168 174 175 180 182 183 188 191 197 231 239',
  24: '9 142 144 145 148 159 171 206 215 225 236 237',
  25: '199 207 234 235',
  26: '192 193 200-202 205 210 213 218 219 238 240 242 243 255',
  27: '203 204 211 212 214 221-223 241 244-248 250-254',
  28: '2-8 11 12 14-21 23-31 127 220 249',
  30: '10 13 22 256',
};
const EOS = 256;
const symbolOfCode = new Map<string, number>();
let nextCode = 0;
for (let length = 5; length <= 30; length++, nextCode *= 2) {
  for (const range of (SYMBOLS_BY_LENGTH[length] ?? '').split(' ').filter((text) => text !== '')) {
    const [first, last = first] = range.split('-').map(Number) as [number, number?];
    for (let symbol = first; symbol <= last!; symbol++) {
      symbolOfCode.set((nextCode++).toString(2).padStart(length, '0'), symbol);
    }
  }
}

export class StrictHpackDecoder {
  #table: HpackField[] = [];
  #capacity = 4096;
  readonly #maxCapacity: number;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  /** `maxCapacity`: what SETTINGS_HEADER_TABLE_SIZE announced. */
  constructor(maxCapacity: number) {
    this.#maxCapacity = maxCapacity;
  }

  /** The table's size as section 4.1 counts it. */
  get tableBytes(): number {
    return this.#table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  }

  get tableCount(): number {
    return this.#table.length;
  }

  /** Throws HpackRefusal. */
  decode(block: Buffer): HpackField[] {
    this.#block = block;
    this.#at = 0;
    const fields: HpackField[] = [];
    let updates = 0;
    while (this.#at < block.length) {
      const first = block[this.#at]!;
      if ((first & 0b1110_0000) === 0b0010_0000) {
        if (fields.length > 0 || ++updates > 2) refuse('a size update out of place');
        this.#resize(this.#integer(5));
      } else fields.push(this.#field(first));
    }
    return fields;
  }

  #field(first: number): HpackField {
    if (first >= 0b1000_0000) {
      const [name, value] = this.#entry(this.#integer(7));
      return [name, value, false];
    }
    const isInserted = first >= 0b0100_0000;
    const index = this.#integer(isInserted ? 6 : 4);
    const name = index === 0 ? this.#string() : this.#entry(index)[0];
    const field: HpackField = [name, this.#string(), !isInserted && (first & 0b0001_0000) !== 0];
    if (isInserted) {
      this.#table.unshift(field);
      this.#evict();
    }
    return field;
  }

  #entry(index: number): readonly [string, string, ...unknown[]] {
    const entry = index <= 61 ? STATIC_TABLE[index - 1] : this.#table[index - 62];
    return entry ?? refuse(`no entry ${index}`);
  }

  #resize(capacity: number): void {
    if (capacity > this.#maxCapacity) refuse(`a table of ${capacity} bytes`);
    this.#capacity = capacity;
    this.#evict();
  }

  /** Section 4.4; an entry larger than the table empties it. */
  #evict(): void {
    while (this.tableBytes > this.#capacity) this.#table.pop();
  }

  /** Section 5.1. */
  #integer(prefixBits: number): number {
    const most = 2 ** prefixBits - 1;
    let value = this.#byte() & most;
    if (value < most) return value;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      // RFC 7541 section 5.1 leaves the limit to us, "in value or octet length": four bytes after the prefix.
      if (scale > 2 ** 21) refuse('an integer out of all proportion');
      if (byte < 128) return value;
    }
  }

  #byte(): number {
    return this.#block[this.#at++] ?? refuse('cut short');
  }

  /** Section 5.2. */
  #string(): string {
    const isHuffman = (this.#block[this.#at] ?? 0) >= 128;
    const length = this.#integer(7);
    const bytes = this.#block.subarray(this.#at, this.#at + length);
    if (bytes.length < length) refuse('cut short');
    this.#at += length;
    return isHuffman ? huffmanText(bytes) : bytes.toString('latin1');
  }
}

function huffmanText(bytes: Buffer): string {
  let text = '';
  let code = '';
  for (const byte of bytes) {
    for (const bit of byte.toString(2).padStart(8, '0')) {
      code += bit;
      const symbol = symbolOfCode.get(code);
      if (symbol === EOS) refuse('EOS within a string');
      if (symbol === undefined) continue;
      text += String.fromCharCode(symbol);
      code = '';
    }
  }
  if (code.length > 7 || code.includes('0')) refuse('padding that is not the beginning of EOS');
  return text;
}

function refuse(reason: string): never {
  throw new HpackRefusal(reason);
}
