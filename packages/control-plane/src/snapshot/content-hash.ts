import { createHash } from 'node:crypto';

/** 96 bits: two contents of one mesh never meet by chance, and the version stays short on the wire. */
const hexDigits = 24;

/** A hash of what the value says, whatever the order of its keys: the same after a restart. */
export function contentHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, hexDigits);
}

/** JSON with the keys of objects in order. Not RFC 8785: the mesh's numbers are integers, its keys ASCII. */
function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const record = value as Readonly<Record<string, unknown>>;
  const members = Object.keys(record)
    .filter((key) => record[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key])}`);
  return `{${members.join(',')}}`;
}
