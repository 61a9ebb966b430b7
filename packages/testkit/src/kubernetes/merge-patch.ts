type Json = Record<string, unknown>;

/** RFC 7396: what the patch names is replaced, objects field by field, and null takes away. */
export function merged<T extends object>(target: T, patch: object): T {
  const result = { ...target } as Json;
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = isObject(value) ? merged(isObject(result[name]) ? result[name] : {}, value) : value;
  }
  return result as T;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
