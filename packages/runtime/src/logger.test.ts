import { describe, expect, it } from 'vitest';
import { createLogger, type LogLevel, silentLogger } from './logger.ts';

function record(level: LogLevel) {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => lines.push(JSON.parse(line));
  return { lines, logger: createLogger({ level, fields: { program: 'test' }, write }) };
}

describe('createLogger', () => {
  it('writes one JSON line with level, time, fields and message', () => {
    const { lines, logger } = record('info');
    logger.child({ part: 'a' }).warn('port taken', { port: 80 });
    expect(lines).toEqual([
      { level: 'warn', time: expect.any(String), program: 'test', part: 'a', port: 80, msg: 'port taken' },
    ]);
    expect(new Date(lines[0]!.time as string).toISOString()).toBe(lines[0]!.time);
  });

  it('leaves out what is below its level, which may change while it runs', () => {
    const { lines, logger } = record('warn');
    logger.info('a');
    logger.level = 'debug';
    logger.debug('b');
    logger.level = 'silent';
    logger.error('c');
    expect(logger.level).toBe('silent');
    expect(lines.map(({ msg }) => msg)).toEqual(['b']);
  });

  it('can be silent', () => {
    expect(silentLogger.level).toBe('silent');
  });
});
