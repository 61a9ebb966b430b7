import { Agent, request } from 'node:http';
import type { VersionSample } from './version-shift.ts';

/** One page load. `versions` are those of the catalog that had a hand in it. */
export interface PageSample {
  readonly startMs: number;
  readonly endMs: number;
  /** Empty: the page was whole. */
  readonly fault: string;
  readonly versions: readonly string[];
}

const maxInFlight = 200;
const samplesKept = 60_000;
const tickMs = 5;

/**
 * Loads pages from web's application port at a fixed rate, over kept-alive connections. The rate is open:
 * a slow answer does not slow the next request down, so that a stall shows.
 */
export class Load {
  readonly #options: { readonly host: string; readonly port: number; readonly pagesPerSecond: number };
  readonly #agent = new Agent({ keepAlive: true, maxSockets: maxInFlight });
  readonly #samples: PageSample[] = [];
  #timer: NodeJS.Timeout | null = null;
  #startMs = 0;
  #sent = 0;
  #inFlight = 0;

  constructor(options: { readonly host: string; readonly port: number; readonly pagesPerSecond: number }) {
    this.#options = options;
  }

  requests = 0;
  failed = 0;

  start(): void {
    this.#startMs = performance.now();
    this.#timer = setInterval(() => this.#sendDue(), tickMs);
  }

  /** Sends no more, and waits for what is under way. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    while (this.#inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    this.#agent.destroy();
  }

  /** The pages that ended in [fromMs, toMs), in the order of their ends. */
  pagesBetween(fromMs: number, toMs = Number.POSITIVE_INFINITY): readonly PageSample[] {
    return this.#samples.filter(({ endMs }) => endMs >= fromMs && endMs < toMs);
  }

  versionsBetween(fromMs: number, toMs = Number.POSITIVE_INFINITY): readonly VersionSample[] {
    return this.pagesBetween(fromMs, toMs).flatMap(({ endMs, versions }) =>
      versions.map((version) => ({ atMs: endMs, version })),
    );
  }

  #sendDue(): void {
    const due = Math.floor(((performance.now() - this.#startMs) / 1_000) * this.#options.pagesPerSecond);
    // After a long stall of this process itself, what was missed is not made up for in one burst.
    if (due - this.#sent > this.#options.pagesPerSecond) this.#sent = due - 1;
    for (; this.#sent < due && this.#inFlight < maxInFlight; this.#sent++) this.#send();
  }

  #send(): void {
    this.#inFlight++;
    const startMs = performance.now();
    const { host, port } = this.#options;
    let isDone = false;
    const done = (fault: string, versions: readonly string[]) => {
      // A connection that breaks in the middle of an answer reports itself more than once.
      if (isDone) return;
      isDone = true;
      this.#inFlight--;
      this.requests++;
      if (fault !== '') this.failed++;
      this.#samples.push({ startMs, endMs: performance.now(), fault, versions });
      if (this.#samples.length > samplesKept) this.#samples.splice(0, samplesKept / 2);
    };
    const outgoing = request({ host, port, path: '/', agent: this.#agent, timeout: 8_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (fault) => done(fault.message, []));
      response.on('end', () => {
        const page = readPage(Buffer.concat(chunks).toString('utf8'));
        const fault = response.statusCode === 200 ? '' : `${response.statusCode}: ${page.faults.join(', ')}`;
        done(fault, page.versions);
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 8 s')));
    outgoing.on('error', (fault) => done(fault.message, []));
    outgoing.end();
  }
}

interface PagePart {
  readonly status: number;
  readonly reason: string;
  readonly version: string | null;
}

/** What web's page says of its parts: see services/web.ts. */
function readPage(text: string): {
  readonly versions: readonly string[];
  readonly faults: readonly string[];
} {
  let parts: readonly [string, PagePart][];
  try {
    parts = Object.entries(JSON.parse(text) as Record<string, PagePart>);
  } catch {
    return { versions: [], faults: ['the page is no JSON'] };
  }
  return {
    versions: parts.flatMap(([, { version }]) => (version === null ? [] : [version])),
    faults: parts
      .filter(([, { status }]) => status !== 200)
      .map(([name, { status, reason }]) => `${name} ${status}${reason === '' ? '' : ` ${reason}`}`),
  };
}
