/** The shortest input near `input` that still fails: takes ever smaller pieces out, within `maxRuns`. */
export async function minimise(
  input: Buffer,
  stillFails: (candidate: Buffer) => Promise<boolean>,
  maxRuns = 2_000,
): Promise<Buffer> {
  let best = input;
  let runs = 0;
  for (let piece = Math.ceil(best.length / 2); piece >= 1 && runs < maxRuns; piece = Math.floor(piece / 2)) {
    for (let at = 0; at < best.length && runs < maxRuns; ) {
      const candidate = Buffer.concat([best.subarray(0, at), best.subarray(at + piece)]);
      runs++;
      if (await stillFails(candidate)) best = candidate;
      else at += piece;
    }
  }
  return best;
}
