/** The metrics page of one worker. */
export interface WorkerMetrics {
  readonly worker: number;
  /** In Prometheus' text format. */
  readonly text: string;
}

interface Family {
  readonly header: string[];
  readonly samples: string[];
}

const HEADER = /^# (?:HELP|TYPE) (\S+)/;
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (.+)$/;

/**
 * One page of several: each sample gets the label `worker`, so that none is lost and sums are the reader's to
 * make; each family is described once, as the format demands.
 */
export function mergeMetrics(pages: readonly WorkerMetrics[]): string {
  const families = new Map<string, Family>();
  for (const { worker, text } of pages) addPage(families, worker, text);
  const blocks = [...families.values()].map(({ header, samples }) => [...header, ...samples].join('\n'));
  return blocks.length === 0 ? '' : `${blocks.join('\n')}\n`;
}

function addPage(families: Map<string, Family>, worker: number, text: string): void {
  let family: Family = { header: [], samples: [] };
  const described = new Set(families.keys());
  for (const line of text.split('\n')) {
    const name = HEADER.exec(line)?.[1];
    if (name !== undefined) {
      family = families.get(name) ?? { header: [], samples: [] };
      families.set(name, family);
      if (!described.has(name)) family.header.push(line);
      continue;
    }
    const sample = SAMPLE.exec(line);
    if (sample === null) continue;
    const [, metric, labels = '', value] = sample;
    const rest = labels === '' ? '' : `,${labels}`;
    family.samples.push(`${metric}{worker="${worker}"${rest}} ${value}`);
  }
}
