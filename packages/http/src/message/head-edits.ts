/** What filters change in a head. Null where nothing is changed: the head is then copied in runs. */
export interface HeadEdits {
  /** Names in any case. */
  readonly remove: readonly string[];
  /** Replaces every header of that name. */
  readonly set: readonly (readonly [name: string, value: string])[];
  readonly add: readonly (readonly [name: string, value: string])[];
  /** Path with query, in origin-form; requests only. */
  readonly path?: string;
}

/** The names, in lower case, whose fields are not passed on. */
export function removedNames(edits: HeadEdits): Set<string> {
  const names = new Set<string>();
  for (const name of edits.remove) names.add(name.toLowerCase());
  for (const [name] of edits.set) names.add(name.toLowerCase());
  return names;
}
