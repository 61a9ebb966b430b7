import { eventually } from '@tulle/testkit';
import type { Kubectl } from '../kubectl.ts';
import { bookshopImage, bookshopNamespace } from './bookshop.ts';

/** What became of all that was sent so far, as the readers log it twice a second. */
export interface ReaderCounts {
  /** When the line was written. */
  readonly atMs: number;
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly versions: Readonly<Record<string, number>>;
}

export interface ReadersOptions {
  readonly name: string;
  readonly perSecond: number;
  /** `service/path`, taken in turn. */
  readonly targets: readonly string[];
}

/** A pod of the bookshop's namespace that sends a steady stream of requests, each when it is due. */
export class Readers {
  readonly name: string;
  readonly #kubectl: Kubectl;

  private constructor(kubectl: Kubectl, name: string) {
    this.#kubectl = kubectl;
    this.name = name;
  }

  /** Resolves once requests are answered. */
  static async start(kubectl: Kubectl, options: ReadersOptions): Promise<Readers> {
    await kubectl.apply([readersPod(options)]);
    const readers = new Readers(kubectl, options.name);
    await readers.until(({ ok }) => ok > 0, 60_000);
    return readers;
  }

  /** All lines of the log, or those that came since. */
  async lines(sinceMs = 0): Promise<readonly ReaderCounts[]> {
    const since = sinceMs === 0 ? [] : [`--since-time=${new Date(sinceMs).toISOString()}`];
    const pod = ['logs', '-n', bookshopNamespace, this.name, '-c', 'readers', '--timestamps', ...since];
    const text = await this.#kubectl.must(pod);
    return text.split('\n').filter(isWhole).map(readLine);
  }

  async counts(): Promise<ReaderCounts> {
    const pod = ['logs', '-n', bookshopNamespace, this.name, '-c', 'readers', '--timestamps', '--tail=2'];
    const lines = (await this.#kubectl.must(pod)).split('\n').filter(isWhole);
    return readLine(lines.at(-1) ?? '{}');
  }

  /** The first counts that are as they should be. */
  async until(isMet: (counts: ReaderCounts) => boolean, timeoutMs = 20_000): Promise<ReaderCounts> {
    return await eventually(
      async () => {
        const counts = await this.counts();
        if (!isMet(counts))
          throw new Error(`the readers ${this.name} have counted ${JSON.stringify(counts)}`);
        return counts;
      },
      { timeoutMs, intervalMs: 200 },
    );
  }

  async stop(): Promise<void> {
    await this.#kubectl.must([
      'delete',
      'pod',
      this.name,
      '-n',
      bookshopNamespace,
      '--grace-period=1',
      '--wait=false',
    ]);
  }
}

/** What has not been answered, nor given up. */
export function underWay({ sent, ok, failed }: ReaderCounts): number {
  return sent - ok - failed;
}

function isWhole(line: string): boolean {
  return line.endsWith('}');
}

function readLine(line: string): ReaderCounts {
  const at = line.indexOf(' ');
  return { atMs: Date.parse(line.slice(0, at)), ...JSON.parse(line.slice(at + 1)) };
}

function readersPod({ name, perSecond, targets }: ReadersOptions): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: bookshopNamespace, labels: { app: 'readers' } },
    spec: {
      containers: [
        {
          name: 'readers',
          image: bookshopImage,
          imagePullPolicy: 'IfNotPresent',
          args: ['/app/readers.mjs'],
          env: [
            { name: 'RATE', value: `${perSecond}` },
            { name: 'TARGETS', value: targets.join(',') },
            // A request that is only late, on a machine that starts a whole shop beside it, is not lost.
            { name: 'TIMEOUT_MS', value: '15000' },
          ],
        },
      ],
    },
  };
}
