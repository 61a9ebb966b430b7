/** Prometheus' text exposition, format 0.0.4. */
import type { SeriesTable } from './series-table.ts';

export interface RenderedFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly table: SeriesTable;
  /** Of a histogram. */
  readonly bounds: Float64Array;
}

export function renderFamily(lines: string[], family: RenderedFamily): void {
  const { name, help, type, table } = family;
  lines.push(`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`);
  for (const { labels, at } of table.entries()) {
    const pairs = table.labelNames.map((label, index) => `${label}="${escapeLabel(labels[index] ?? '')}"`);
    if (type === 'histogram') renderHistogram(lines, family, pairs.join(','), at);
    else lines.push(`${name}${braces(pairs.join(','))} ${formatValue(table.values[at]!)}`);
  }
}

function renderHistogram(lines: string[], family: RenderedFamily, pairs: string, at: number): void {
  const { name, table, bounds } = family;
  const { values } = table;
  const before = pairs === '' ? '' : `${pairs},`;
  let cumulative = 0;
  bounds.forEach((bound, index) => {
    cumulative += values[at + index]!;
    lines.push(`${name}_bucket{${before}le="${bound}"} ${cumulative}`);
  });
  cumulative += values[at + bounds.length]!;
  lines.push(
    `${name}_bucket{${before}le="+Inf"} ${cumulative}`,
    `${name}_sum${braces(pairs)} ${formatValue(values[at + bounds.length + 1]!)}`,
    `${name}_count${braces(pairs)} ${cumulative}`,
  );
}

function braces(pairs: string): string {
  return pairs === '' ? '' : `{${pairs}}`;
}

/** JavaScript writes every number as the format wants it, but for the infinite ones. */
function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(value: string): string {
  // Nearly none needs it, and there are tens of thousands on a page.
  if (!/[\\\n"]/.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
