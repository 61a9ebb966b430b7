/** curl, nghttp and h2load as clients of a proxy made of the codecs, with node's servers behind it. */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingPrograms } from './debian-programs.ts';
import { type ForwardingProxy, startForwarding } from './forwarding-proxy.ts';
import { type NodeOrigin, nodeOrigin, pattern } from './node-peers.ts';

const reason = missingPrograms(['curl', 'nghttp', 'h2load'], process.env.CI === 'true');
const run = promisify(execFile);
/** 7.88, Debian 12's, cannot use a connection twice by prior knowledge, whatever the server. */
const curlMajor =
  reason === null
    ? Number(/^curl (\d+)/.exec(execFileSync('curl', ['--version'], { encoding: 'latin1' }))?.[1])
    : 0;
const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const megabytes = 8 * 2 ** 20;

describe.skipIf(reason !== null)(`curl and nghttp${reason === null ? '' : `, ${reason}`}`, () => {
  const chains = (['socket', 'handle'] as const).flatMap((backend) =>
    ([1, 2] as const).map((back) => ({ backend, back })),
  );

  describe.each(chains)('$backend backend, HTTP/$back out', ({ backend, back }) => {
    let origin: NodeOrigin;
    let proxy: ForwardingProxy;
    let url = '';
    let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
    const body = pattern(1_000_000);
    let file = '';

    beforeAll(async () => {
      origin = await nodeOrigin(back);
      proxy = await startForwarding({ backend, upstreamPort: origin.port, upstreamMajor: back });
      url = `http://127.0.0.1:${proxy.port}`;
      directory = await temporaryDirectory();
      file = join(directory.path, 'body');
      await writeFile(file, body);
    });
    afterAll(async () => {
      await proxy.close();
      await origin.close();
      await directory[Symbol.asyncDispose]();
    });

    const curl = (...args: string[]) =>
      run('curl', ['-sS', '--max-time', '20', ...args], { encoding: 'buffer', maxBuffer: megabytes });
    const text = async (program: string, ...args: string[]) =>
      (await run(program, args, { maxBuffer: megabytes, timeout: 25_000 })).stdout;

    describe.each(['--http2-prior-knowledge', '--http1.1'])('curl %s', (version) => {
      it('downloads', async () => {
        const { stdout } = await curl(version, `${url}/size/1000000`);
        expect(sha(stdout)).toBe(sha(body));
      });

      it('uploads with a length, after Expect: 100-continue', async () => {
        const { stdout } = await curl(
          version,
          '-H',
          'Expect: 100-continue',
          '--data-binary',
          `@${file}`,
          `${url}/echo`,
        );
        expect(sha(stdout)).toBe(sha(body));
      });

      it('uploads without a length', async () => {
        const { stdout } = await curl(
          version,
          '-H',
          'Content-Length:',
          '-H',
          'Transfer-Encoding: chunked',
          '-T',
          file,
          `${url}/echo`,
        );
        expect(sha(stdout)).toBe(sha(body));
      });

      const cannotReuse = version === '--http2-prior-knowledge' && curlMajor < 8;
      const why = cannotReuse ? ' (not with this curl, which fails so against any server)' : '';

      it.skipIf(cannotReuse)(`asks by HEAD, and then on the same connection${why}`, async () => {
        const written = ['-w', '%{num_connects}'];
        const asks = [
          version,
          ...written,
          '-I',
          `${url}/size/77`,
          '--next',
          version,
          ...written,
          `${url}/size/3`,
        ];
        const { stdout } = await curl(...asks);
        expect(stdout.toString('latin1').toLowerCase()).toContain('content-length: 77');
        expect(stdout.toString('latin1').endsWith('0'), 'no new connection').toBe(true);
      });

      it.skipIf(cannotReuse)(`gets many at once${why}`, async () => {
        const paths = Array.from({ length: 30 }, (_, i) => `${url}/size/${10_000 + i}`);
        const { stdout } = await curl(version, '--parallel', '--parallel-max', '30', ...paths);
        expect(stdout.length).toBe(30 * 10_000 + (30 * 29) / 2);
      });

      it('is told of a failure upstream', async () => {
        await expect(curl(version, `${url}/reset`)).rejects.toThrow();
      });
    });

    it('nghttp, with its priorities, downloads several', async () => {
      const args = ['-v', '--null-out', ...[1, 2, 3].map((i) => `${url}/size/${i}00000`)];
      const log = await text('nghttp', ...args);
      expect(log.match(/:status: 200/g)?.length).toBe(3);
      expect(log).toContain('PRIORITY');
      expect(log).not.toContain('RST_STREAM');
    });

    it('nghttp, with CONTINUATION, padding and small windows', async () => {
      const args = ['--continuation', '--padding=200', '--window-bits=14', '--connection-window-bits=15'];
      const log = await text('nghttp', '-v', '--null-out', ...args, `${url}/size/300000`);
      expect(log).toContain(':status: 200');
      expect(log, 'too large for one frame').toMatch(/send HEADERS frame <length=1[78]\d\d\d,/);
      expect(log).not.toContain('RST_STREAM');
    });

    it('nghttp uploads, with trailers', async () => {
      const args = ['-d', file, '--no-content-length', '--trailer', 'x-sum: 7', '-H', 'te: trailers'];
      const log = await text('nghttp', '-v', '--null-out', ...args, `${url}/echo`);
      expect(log).toContain(':status: 200');
      expect(log).toMatch(/recv .*x-sum: 7/);
      expect(log).not.toContain('RST_STREAM');
    });

    it('nghttp without a table, and with a small one', async () => {
      for (const bits of ['0', '64']) {
        const log = await text(
          'nghttp',
          '-v',
          '--null-out',
          `--header-table-size=${bits}`,
          `${url}/size/1`,
          `${url}/size/2`,
        );
        expect(log.match(/:status: 200/g)?.length).toBe(2);
        expect(log).not.toContain('COMPRESSION_ERROR');
      }
    });

    it.each([
      ['2,000 small ones', ['-n', '2000', '-c', '4', '-m', '50'], '/size/1000', 2000],
      ['64 KB ones', ['-n', '400', '-c', '4', '-m', '20'], '/size/65536', 400],
      ['1 MB ones', ['-n', '40', '-c', '2', '-m', '10'], '/size/1000000', 40],
      ['small ones by HTTP/1.1', ['-n', '1000', '-c', '8', '--h1'], '/size/1000', 1000],
    ])('h2load: %s', async (_, args, path, count) => {
      const log = await text('h2load', ...args, `${url}${path}`);
      expect(log).toContain(`${count} succeeded, 0 failed, 0 errored, 0 timeout`);
    });

    it('h2load posts', async () => {
      const small = join(directory.path, 'small');
      await writeFile(small, (await readFile(file)).subarray(0, 5000));
      const log = await text('h2load', '-n', '500', '-c', '4', '-m', '25', '-d', small, `${url}/echo`);
      expect(log).toContain('500 succeeded, 0 failed, 0 errored, 0 timeout');
    });
  });
});
