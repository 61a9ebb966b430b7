import { FieldSection, FLAG_SENSITIVE, MAX_HEADER_COUNT } from '../../message/field-section.ts';
import type { DynamicTable } from '../dynamic-table.ts';
import type { DecodeLimits, HpackDecoder } from '../hpack-decoder.ts';
import type { HpackEncoder } from '../hpack-encoder.ts';

/** A field as text; latin1. The third says that it is never indexed. */
export type TextField = readonly [name: string, value: string, isSensitive?: boolean];

export const wideLimits: DecodeLimits = { maxSectionBytes: 60_000, maxCount: MAX_HEADER_COUNT };

/** The bytes of hexadecimal text, white space aside. */
export function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
}

/** Decodes a block that lies within other bytes, to a place within others. */
export function decodeBlock(decoder: HpackDecoder, block: Buffer, limits = wideLimits) {
  const section = new FieldSection();
  const around = Buffer.concat([Buffer.from([0x82]), block, Buffer.from([0x82])]);
  const out = Buffer.alloc(limits.maxSectionBytes + 14, 0xaa);
  const error = decoder.decode(around, 1, around.length - 1, section, out, 7, {
    ...limits,
  });
  return { error, section, out, fields: fieldsOf(section) };
}

export function fieldsOf(section: FieldSection): TextField[] {
  return Array.from({ length: section.count }, (_, i) => {
    const isSensitive = (section.flags[i]! & FLAG_SENSITIVE) !== 0;
    return isSensitive ? [section.name(i), section.value(i), true] : [section.name(i), section.value(i)];
  });
}

export function encodeBlock(encoder: HpackEncoder, fields: readonly TextField[]): Buffer {
  const out = Buffer.alloc(100_000);
  let o = encoder.begin(out, 0);
  for (const [name, value, isSensitive = false] of fields) {
    const [n, v] = [Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1')];
    o = encoder.field(out, o, n, 0, n.length, v, 0, v.length, isSensitive);
  }
  return Buffer.from(out.subarray(0, o));
}

/** The entries, newest first, and the size as RFC 7541 section 4.1 counts it. */
export function tableOf(table: DynamicTable): { entries: TextField[]; size: number } {
  const entries: TextField[] = [];
  for (let age = 1; age <= table.count; age++) {
    const at = table.at(table.inserted - age);
    const [start, name, value] = [table.entries[at]!, table.entries[at + 1]!, table.entries[at + 2]!];
    const line = table.text.toString('latin1', start, start + name + value + 4);
    if (line.slice(name, name + 2) !== ': ' || !line.endsWith('\r\n')) throw new Error(`no line: ${line}`);
    entries.push([line.slice(0, name), line.slice(name + 2, -2)]);
  }
  return { entries, size: table.size };
}
