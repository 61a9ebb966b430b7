import type { CompiledBackend, CompiledRule } from '../config/mesh-view.ts';

/**
 * The backend at a point of the cumulative weights; `chance` in [0, 1). Null: no backend has weight,
 * which is answered like an invalid one (Gateway API, backendRefs: 500).
 */
export function pickBackend(rule: CompiledRule, chance: number): CompiledBackend | null {
  const { backends, totalWeight } = rule;
  if (totalWeight <= 0) return null;
  const point = chance * totalWeight;
  // Linear: a rule has at most 16 backends.
  for (let i = 0; i < backends.length; i++) {
    const backend = backends[i]!;
    if (point < backend.cumulativeWeight) return backend;
  }
  return null;
}
