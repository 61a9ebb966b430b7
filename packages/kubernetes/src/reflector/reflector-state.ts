/** What a reflector is about. Times are by the wall clock. */
export type ReflectorState =
  | (StateTimes & { readonly kind: 'starting' | 'listing' | 'watching' | 'stopped' })
  /** The API server does not serve the resource: its CustomResourceDefinition is not installed. */
  | (StateTimes & { readonly kind: 'absent' })
  /** The API server cannot be reached, or refuses. What was read before still stands. */
  | (StateTimes & { readonly kind: 'retrying'; readonly reason: string });

interface StateTimes {
  readonly sinceMs: number;
  /** When the API server last said anything of this resource; null: never. */
  readonly lastEventMs: number | null;
}
