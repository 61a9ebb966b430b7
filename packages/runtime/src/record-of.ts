/**
 * An object of a known type, made key by key. The table names them all, whatever it has there, which the compiler
 * checks, as it does that each value is one of the type's; `Object.fromEntries` would be taken at its word for both.
 */
export function recordOf<Result extends object>(
  table: Readonly<Record<keyof Result & string, unknown>>,
  valueFor: (key: keyof Result & string) => Result[keyof Result & string],
): Result {
  const record: Partial<Result> = {};
  for (const key of Object.keys(table) as (keyof Result & string)[]) record[key] = valueFor(key);
  return record as Result;
}

/** Whether none of its values is null. */
export function isWithoutNull<T extends object>(record: T): record is WithoutNull<T> {
  return Object.values(record).every((value) => value !== null);
}

type WithoutNull<T> = T & { readonly [K in keyof T]: Exclude<T[K], null> };
