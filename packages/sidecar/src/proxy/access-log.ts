import type { Clock } from '@tulle/runtime';
import type { Exchange } from './exchange.ts';
import type { AccessLogFormat } from './settings.ts';

export interface AccessLogOptions {
  readonly format: AccessLogFormat;
  readonly clock: Clock;
  /** Gets whole lines. */
  write(line: string): void;
}

/** One line an exchange; with `errors` only where a response flag says that it went wrong, as JSON. */
export class AccessLog {
  readonly #options: AccessLogOptions;

  constructor(options: AccessLogOptions) {
    this.#options = options;
  }

  wants(exchange: Exchange): boolean {
    const { format } = this.#options;
    return format === 'errors' ? exchange.flag !== '' : format !== 'off';
  }

  line(direction: 'inbound' | 'outbound', exchange: Exchange, peer: string, durationMs: number): void {
    const { format, clock, write } = this.#options;
    const entry = {
      time: new Date(clock.nowMs()).toISOString(),
      direction,
      method: exchange.text.method,
      path: exchange.text.path,
      authority: exchange.text.authority,
      destination: exchange.destination,
      backend: exchange.backend,
      endpoint: exchange.slot?.endpoint.key ?? '',
      peer,
      code: exchange.code,
      flag: exchange.flag,
      reason: exchange.reason,
      detail: exchange.detail,
      durationMs: Math.round(durationMs * 1_000) / 1_000,
      requestBytes: exchange.requestBytes,
      responseBytes: exchange.responseBytes,
      requestId: exchange.text.requestId,
    };
    write(format === 'text' ? textLine(entry) : `${JSON.stringify({ access: entry })}\n`);
  }
}

/** Values come from clients: what could end a line or leave its quotes is escaped. */
function textLine(entry: Readonly<Record<string, string | number>>): string {
  const { time, direction, method, path, ...rest } = entry;
  const fields = Object.entries(rest)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${typeof value === 'string' ? quoted(value) : value}`);
  return `${time} ${direction} ${quoted(`${method} ${path}`)} ${fields.join(' ')}\n`;
}

function quoted(value: string): string {
  return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
}
