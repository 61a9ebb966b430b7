/** The known name that a misspelt one most likely means; null where none is near. */
export function nearestName(name: string, known: readonly string[]): string | null {
  // A name of any length can be written; comparing takes the product of both lengths.
  const asked = name.slice(0, 64);
  const scored = known.map((candidate) => ({ candidate, distance: editDistance(asked, candidate) }));
  const best = scored.reduce((a, b) => (b.distance < a.distance ? b : a), {
    candidate: '',
    distance: Number.POSITIVE_INFINITY,
  });
  return best.distance <= Math.max(2, Math.floor(best.candidate.length / 3)) ? best.candidate : null;
}

/** Levenshtein's: letters to add, drop or change. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
