import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningProcess, startProcess } from './start-process.ts';
import { type TemporaryDirectory, temporaryDirectory } from './temporary-directory.ts';

describe('startProcess', () => {
  let directory: TemporaryDirectory;
  const started: RunningProcess[] = [];
  const start = async (source: string, env = {}) => {
    const entry = join(directory.path, 'program.ts');
    await writeFile(entry, source);
    const program = await startProcess({ name: 'program', entry, env });
    started.push(program);
    return program;
  };

  beforeEach(async () => {
    directory = await temporaryDirectory('process');
  });
  afterEach(async () => {
    for (const program of started.splice(0)) await program.stop(0);
    await directory.remove();
  });

  it('collects log lines, finds the awaited one, and ends by signal', async () => {
    const program = await start(
      `const greeting: string = process.env.GREETING ?? 'none';
       console.log('not JSON');
       console.log(JSON.stringify({ level: 'info', msg: 'listening', greeting, home: process.env.HOME ?? null }));
       process.on('SIGTERM', () => process.exit(7));
       setInterval(() => {}, 1000);`,
      { GREETING: 'hello' },
    );
    expect(await program.waitForLog('listening')).toMatchObject({ greeting: 'hello', home: null });
    expect(program.exit).toBeNull();
    expect(await program.stop()).toEqual({ code: 7, signal: null });
  });

  it('waits for a URL', async () => {
    const program = await start(
      `import { createServer } from 'node:http';
       let calls = 0;
       const server = createServer((_, response) => response.writeHead(++calls < 3 ? 503 : 200).end());
       server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ msg: 'up', port: server.address().port })));`,
    );
    const { port } = await program.waitForLog('up');
    await program.waitForReady(`http://127.0.0.1:${port}/`);
  });

  it('shows the last lines of a program that ends before its time', async () => {
    const program = await start(`console.error('no such setting'); process.exit(3);`);
    await expect(program.waitForLog('listening')).rejects.toThrow(
      /ended with 3; waited for.*no such setting/s,
    );
    expect(await program.waitForExit()).toEqual({ code: 3, signal: null });
  });

  it('shows the last lines of a program that keeps the test waiting', async () => {
    const program = await start(
      `console.log('hm'); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`,
    );
    await program.waitForLog('x', 300).catch(() => {});
    await expect(program.waitForLog('x', 200)).rejects.toThrow(/in vain for the log line "x".*hm/s);
    expect(await program.stop(100)).toEqual({ code: null, signal: 'SIGKILL' });
  });
});
