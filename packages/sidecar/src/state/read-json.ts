/** What a state file holds is read like any other input: each function gives the value, or throws with its path. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function objectAt(value: unknown, path: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new TypeError(`${path}: must be an object`);
}

export function listAt<T>(value: unknown, path: string, item: (value: unknown, path: string) => T): T[] {
  if (!Array.isArray(value)) throw new TypeError(`${path}: must be a list`);
  return value.map((each, index) => item(each, `${path}[${index}]`));
}

export function textAt(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  throw new TypeError(`${path}: must be a text`);
}

export function timeAt(value: unknown, path: string): number {
  // Beyond it, no Date.
  if (typeof value === 'number' && value >= 0 && value <= 8.64e15) return value;
  throw new TypeError(`${path}: must be a time`);
}

export function bytesAt(value: unknown, path: string): Uint8Array {
  return new Uint8Array(Buffer.from(textAt(value, path), 'base64'));
}
