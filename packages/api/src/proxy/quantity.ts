/** Kubernetes' amounts of CPU and memory (resource.Quantity): `50m`, `128Mi`, `1.5`. */

const form = /^(\d+(?:\.\d*)?|\.\d+)(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d{1,2}))?$/;

const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** In cores or bytes, as near as a double comes; null: not a quantity. */
export function quantityValue(text: string): number | null {
  const match = text.length > 32 ? null : form.exec(text);
  if (match === null) return null;
  const [, digits = '', suffix, exponent] = match;
  const factor = suffix === undefined ? 10 ** Number(exponent ?? 0) : factors[suffix]!;
  return Number(digits) * factor;
}
