import { styleText } from 'node:util';
import { quantileMs } from './latency-histogram.ts';
import type { PageSample } from './load.ts';
import type { EdgeCounts } from './scrape.ts';

/** One second of the bookshop, as the view shows it. */
export interface ViewState {
  readonly elapsedMs: number;
  /** How long the counts took to come about. */
  readonly intervalMs: number;
  readonly pages: readonly PageSample[];
  readonly edges: readonly EdgeCounts[];
}

type Style = 'bold' | 'dim' | 'green' | 'red' | 'cyan';
type Paint = (style: Style, text: string) => string;

const plainPaint: Paint = (_style, text) => text;
const terminalPaint: Paint = (style, text) => styleText(style, text, { validateStream: false });

/** A narrow terminal cuts lines off, so that as many are erased as were drawn. */
const noWrap = '\u001b[?7l';
const wrap = '\u001b[?7h';

const columns = ['edge', 'req/s', 'ok', 'p50', 'p99', 'versions', 'peer, verified by mutual TLS'] as const;

/** The table of edges, a line each. */
function edgeTable({ intervalMs, edges }: ViewState, paint: Paint): readonly string[] {
  const rows = edges.map((edge) => [
    `${edge.source} -> ${edge.destination}`,
    (edge.requests / (intervalMs / 1_000)).toFixed(0),
    successOf(edge.requests, edge.failures),
    millisecondsOf(quantileMs(edge.latency, 0.5)),
    millisecondsOf(quantileMs(edge.latency, 0.99)),
    versionsOf(edge),
    identityOf(edge),
  ]);
  const widths = columns.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column >= 1 && column <= 4 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  return [
    paint('dim', line(columns)),
    ...rows.map((row, index) => paintRow(line(row), edges[index]!, paint)),
  ];
}

/** The load in one line; beside it, where there is no table, how the catalog's answers split. */
function summaryLine(state: ViewState, isWithSplit: boolean): string {
  const failed = state.pages.filter(({ fault }) => fault !== '').length;
  const times = state.pages.map(({ startMs, endMs }) => endMs - startMs).sort((a, b) => a - b);
  const at = (quantile: number) =>
    millisecondsOf(times[Math.min(times.length - 1, Math.floor(times.length * quantile))] ?? null);
  const meshRequests = state.edges.reduce((sum, { requests }) => sum + requests, 0);
  const perSecond = (count: number) => (count / (state.intervalMs / 1_000)).toFixed(0);
  const parts = [
    `${(state.elapsedMs / 1_000).toFixed(1).padStart(6)} s`,
    `${perSecond(state.pages.length)} pages/s`,
    `${perSecond(meshRequests)} requests/s`,
    `ok ${successOf(state.pages.length, failed)}`,
    `p50 ${at(0.5)} p99 ${at(0.99)}`,
  ];
  const catalog = state.edges.find(({ destination }) => destination === 'catalog');
  if (isWithSplit && catalog !== undefined) parts.push(`catalog ${versionsOf(catalog)}`);
  return parts.join('  ');
}

/** Draws over itself each second on a terminal; elsewhere it writes plain lines. */
export class View {
  readonly #write: (text: string) => void;
  readonly #isTerminal: boolean;
  readonly #startMs = performance.now();
  #linesDrawn = 0;
  #footer: readonly string[] = [];
  #last: ViewState | null = null;

  constructor(options: { readonly write: (text: string) => void; readonly isTerminal: boolean }) {
    this.#write = options.write;
    this.#isTerminal = options.isTerminal;
  }

  get elapsedMs(): number {
    return performance.now() - this.#startMs;
  }

  /** Something that happened: it stays, above the table. */
  say(message: string): void {
    const time = `${(this.elapsedMs / 1_000).toFixed(1).padStart(6)} s`;
    this.#erase();
    this.#write(`${this.#paint('dim', time)}  ${this.#paint('bold', message)}\n`);
    this.#draw();
  }

  /** What stays below the table: instructions. */
  setFooter(lines: readonly string[]): void {
    this.#footer = lines;
    if (!this.#isTerminal) this.#write(`${lines.join('\n')}\n`);
  }

  show(state: ViewState): void {
    if (!this.#isTerminal) {
      this.#write(`${summaryLine(state, true)}\n`);
      return;
    }
    this.#last = state;
    this.#erase();
    this.#draw();
  }

  /** The table of a whole phase, to stay. */
  showTable(title: string, state: ViewState): void {
    this.#erase();
    const table = edgeTable(state, this.#paint).map((line) => `  ${line}`);
    this.#write(`\n${[`  ${this.#paint('bold', title)}`, ...table].join('\n')}\n\n`);
    this.#draw();
  }

  /** Leaves the last frame's place, so that what is written next stands below. */
  end(): void {
    this.#erase();
    this.#last = null;
  }

  get #paint(): Paint {
    return this.#isTerminal ? terminalPaint : plainPaint;
  }

  #draw(): void {
    if (!this.#isTerminal || this.#last === null) return;
    const table = edgeTable(this.#last, this.#paint);
    const lines = [
      '',
      this.#paint('cyan', summaryLine(this.#last, false)),
      '',
      ...table,
      '',
      ...this.#footer,
    ];
    this.#write(`${noWrap}${lines.join('\n')}\n${wrap}`);
    this.#linesDrawn = lines.length;
  }

  #erase(): void {
    if (this.#linesDrawn > 0) this.#write(`\u001b[${this.#linesDrawn}A\u001b[0J`);
    this.#linesDrawn = 0;
  }
}

function paintRow(line: string, edge: EdgeCounts, paint: Paint): string {
  return edge.failures > 0 || edge.plainRequests > 0 ? paint('red', line) : line;
}

function identityOf(edge: EdgeCounts): string {
  if (edge.plainRequests > 0) return `${edge.plainRequests} requests in plain`;
  return Object.keys(edge.byPeer).join(' ') || 'none yet';
}

/** `v1 90 % v2 10 %`, from what the route chose; empty where there is but one backend. */
function versionsOf({ byBackend }: EdgeCounts): string {
  const total = Object.values(byBackend).reduce((sum, count) => sum + count, 0);
  const versions = Object.entries(byBackend)
    .map(([backend, count]) => ({ version: /-(v\d+)$/.exec(backend)?.[1], count }))
    .filter(({ version }) => version !== undefined)
    .sort((a, b) => (a.version! < b.version! ? -1 : 1));
  return versions
    .map(
      ({ version, count }) => `${version} ${total === 0 ? '-' : `${((count / total) * 100).toFixed(0)} %`}`,
    )
    .join('  ');
}

function successOf(requests: number, failures: number): string {
  return requests === 0 ? '-' : `${(((requests - failures) / requests) * 100).toFixed(1)} %`;
}

function millisecondsOf(value: number | null): string {
  return value === null ? '-' : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
