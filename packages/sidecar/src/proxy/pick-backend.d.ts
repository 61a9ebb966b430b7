import type { CompiledBackend, CompiledRule } from '../config/mesh-view.ts';
/**
 * The backend at a point of the cumulative weights; `chance` in [0, 1). Null: no backend has weight,
 * which is answered like an invalid one (Gateway API, backendRefs: 500).
 */
export declare function pickBackend(rule: CompiledRule, chance: number): CompiledBackend | null;
