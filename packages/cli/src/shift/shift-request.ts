import { type NamespacedName, type Parsed, parseName, type Violation } from '@tulle/model';

/** Gateway API, BackendRef.weight: 0 to 1,000,000. */
const maxWeight = 1_000_000;

/** A new weight for the backend that these names describe; the route's own namespace where none is given. */
export interface NewWeight {
  readonly namespace: string | null;
  readonly name: string;
  readonly port: number | null;
  readonly weight: number;
  /** As the operator wrote it, for messages. */
  readonly written: string;
}

export interface ShiftRequest {
  readonly route: NamespacedName;
  /** Index or name of the rule; null where the backends tell which one is meant. */
  readonly rule: string | null;
  readonly weights: readonly NewWeight[];
}

/** Reads `<namespace>/<route>` and `[<namespace>/]<backend>[:<port>]=<weight>`s. */
export function parseShiftRequest(
  route: string,
  weights: readonly string[],
  rule: string | null,
): Parsed<ShiftRequest> {
  const violations: Violation[] = [];
  const name = parseName(route);
  if (name === null) violations.push({ path: route, reason: 'a route is named <namespace>/<route>' });
  const parsed = weights.flatMap((text) => parseWeight(text, violations));
  if (name === null || violations.length > 0) return { ok: false, violations };
  return { ok: true, value: { route: name, rule, weights: parsed } };
}

function parseWeight(written: string, violations: Violation[]): readonly NewWeight[] {
  const match = /^(?:([a-z0-9-]+)\/)?([a-z0-9.-]+)(?::(\d{1,5}))?=(.*)$/.exec(written);
  if (match === null) {
    violations.push({
      path: written,
      reason: 'a weight is written <backend>=<weight>, for example catalog-v2=50',
    });
    return [];
  }
  const [, namespace, name, port, weightText] = match;
  const weight = /^\d{1,9}$/.test(weightText!) ? Number(weightText) : Number.NaN;
  if (!(weight <= maxWeight)) {
    violations.push({ path: written, reason: 'a weight is a whole number from 0 to 1,000,000' });
    return [];
  }
  return [
    {
      namespace: namespace ?? null,
      name: name!,
      port: port === undefined ? null : Number(port),
      weight,
      written,
    },
  ];
}
