/** Rows as aligned columns under their titles. */
export function formatTable(titles: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const lines = [titles, ...rows.map((row) => row.map(formatCell))];
  const widths = titles.map((_, index) => Math.max(...lines.map((line) => line[index]!.length)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, index) => cell.padEnd(widths[index]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function formatCell(value: unknown): string {
  return value === undefined || value === null || value === '' ? '-' : printable(String(value));
}

/** Control characters would let a peer's text write over the operator's terminal. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}
