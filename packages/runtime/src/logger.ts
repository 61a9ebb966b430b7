import { type LevelWithSilent, type LoggerOptions as PinoOptions, pino } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log: constant messages, what varies in fields. Never a token, key or secret. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  child(fields: LogFields): Logger;
  level: LogLevel;
}

export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** A logger that writes JSON lines to standard output. */
export function createLogger(options: LoggerOptions): Logger {
  const pinoOptions: PinoOptions = {
    level: options.level satisfies LevelWithSilent,
    base: options.fields ?? {},
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
  };
  const { write } = options;
  return wrap(write === undefined ? pino(pinoOptions) : pino(pinoOptions, { write }));
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** On each line. */
  readonly fields?: LogFields;
  /** Takes each line instead of standard output. */
  readonly write?: (line: string) => void;
}

/** Says nothing; for tests. */
export const silentLogger: Logger = createLogger({ level: 'silent' });

function wrap(sink: pino.Logger): Logger {
  return {
    debug: (message, fields) => sink.debug(fields ?? {}, message),
    info: (message, fields) => sink.info(fields ?? {}, message),
    warn: (message, fields) => sink.warn(fields ?? {}, message),
    error: (message, fields) => sink.error(fields ?? {}, message),
    child: (fields) => wrap(sink.child(fields)),
    get level() {
      return sink.level as LogLevel;
    },
    set level(level) {
      sink.level = level;
    },
  };
}
