/** What the check says, one finding a line. */
export interface CheckLine {
  readonly result: 'ok' | 'fault' | 'skipped';
  readonly what: string;
  readonly remedy?: string;
}

export function formatCheck(lines: readonly CheckLine[]): string {
  const rows = lines.map(({ result, what, remedy }) => {
    const row = `${result.padEnd(8)} ${what}\n`;
    return remedy === undefined ? row : `${row}         to do: ${remedy}\n`;
  });
  return rows.join('');
}
