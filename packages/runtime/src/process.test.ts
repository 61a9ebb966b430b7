import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

const source = new URL('./index.ts', import.meta.url).href;

/** A program that stops as told, and prints when it is ready to hear a signal. */
function program(starting: string) {
  const code = `
    import { createLogger, exitOnSignal } from ${JSON.stringify(source)};
    const logger = createLogger({ level: 'info', write: (line) => process.stdout.write(line) });
    const running = { stop: async () => logger.info('stopped') };
    exitOnSignal(${starting}, { graceMs: 1_000, logger });
    setInterval(() => {}, 1_000);
    setImmediate(() => logger.info('listening'));
  `;
  return spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

it.each([
  ['running', ['listening', 'stopping', 'stopped']],
  ['Promise.resolve(running)', ['listening', 'stopping', 'stopped']],
  ['new Promise(() => {})', ['listening', 'stopping']],
])('ends in order when it is told to, and at once while it is starting: %s', async (starting, told) => {
  const child = program(starting);
  let lines = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (!lines.includes('listening') && text.includes('listening')) child.kill('SIGTERM');
    lines += text;
  });
  const [code] = await once(child, 'close');
  const messages = lines
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { msg: string }).msg);
  expect({ code, messages }).toEqual({ code: 0, messages: told });
});
