/** One series of a metrics page. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const linePattern = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)$/;
const labelPattern = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const escapes: Readonly<Record<string, string>> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };

/** Reads the Prometheus text format (0.0.4); lines that are none of it are passed over. */
export function parseMetrics(text: string): readonly MetricSample[] {
  const samples: MetricSample[] = [];
  for (const line of text.split('\n')) {
    const match = line.startsWith('#') ? null : linePattern.exec(line);
    if (match === null) continue;
    const labels: Record<string, string> = {};
    for (const [, name, value] of (match[2] ?? '').matchAll(labelPattern))
      labels[name!] = value!.replaceAll(/\\[\\"n]/g, (pair) => escapes[pair]!);
    samples.push({ name: match[1]!, labels, value: Number(match[3]) });
  }
  return samples;
}
