import { describe, expect, test } from 'vitest';
import { runCaptured } from '../testing/run-captured.ts';

function answering(body: string, init?: ResponseInit): { get: typeof fetch; urls: string[] } {
  const urls: string[] = [];
  const get = (url: unknown) => {
    urls.push(String(url));
    return Promise.resolve(new Response(body, init));
  };
  return { get: get as typeof fetch, urls };
}

describe('tulle dump', () => {
  test('prints the configuration for reading', async () => {
    const { get, urls } = answering('{"sequence":3}');
    expect(await runCaptured(['dump'], get)).toEqual({ code: 0, out: '{\n  "sequence": 3\n}\n', err: '' });
    expect(urls).toEqual(['http://127.0.0.1:15014/config_dump']);
  });

  test('says what to try when nothing answers', async () => {
    const refused = () => Promise.reject(new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }));
    const { code, err } = await runCaptured(['dump', '--admin', 'http://127.0.0.2:1'], refused);
    expect(code).toBe(1);
    expect(err).toContain(
      'http://127.0.0.2:1/config_dump does not answer (ECONNREFUSED). Is the control plane running?',
    );
  });

  test.each([
    ['not json', {}, /did not answer JSON/],
    ['starting', { status: 503 }, /answered 503: starting/],
  ])('reports the answer %j', async (body, init, reason) => {
    const { code, err } = await runCaptured(['dump'], answering(body, init).get);
    expect(err).toMatch(reason);
    expect(code).toBe(1);
  });

  test('refuses an address that is no URL', async () => {
    expect((await runCaptured(['dump', '--admin', 'localhost:1'])).err).toContain('--admin must be a URL');
  });
});

describe('tulle proxies', () => {
  const web = {
    node: 'bookshop/web',
    identity: 'spiffe://cluster.local/ns/bookshop/sa/web',
    peer: '127.0.10.11:4000',
    connectedAt: '2026-01-01T00:00:00.000Z',
    state: 'synced',
    subscriptions: 7,
    rejections: [],
  };

  test('prints a table, and below it what was rejected', async () => {
    const rejections = [{ typeUrl: 'tulle.mesh.v1.RouteTable', reason: 'rules[0]: bad' }];
    const orders = { ...web, node: 'bookshop/orders', state: 'rejected', rejections, peer: '' };
    const { out } = await runCaptured(['proxies'], answering(JSON.stringify([orders, web])).get);
    expect(out).toBe(
      [
        'PROXY            STATE     SUBSCRIPTIONS  IDENTITY                                   PEER              CONNECTED',
        'bookshop/orders  rejected  7              spiffe://cluster.local/ns/bookshop/sa/web  -                 2026-01-01T00:00:00.000Z',
        'bookshop/web     synced    7              spiffe://cluster.local/ns/bookshop/sa/web  127.0.10.11:4000  2026-01-01T00:00:00.000Z',
        '',
        'bookshop/orders rejected tulle.mesh.v1.RouteTable: rules[0]: bad',
        '',
      ].join('\n'),
    );
  });

  test.each([
    [['proxies', '--json'], [web]],
    [['proxies'], { shape: 'of another version' }],
  ])('%j prints everything where that is asked for, or all that can be done', async (argv, page) => {
    const { out } = await runCaptured(argv, answering(JSON.stringify(page)).get);
    expect(JSON.parse(out)).toEqual(page);
  });

  test('keeps control characters from the terminal', async () => {
    const { out } = await runCaptured(['proxies'], answering('[{"node":"a\\u001b[2Jb"}]').get);
    expect(out).toContain('a?[2Jb');
  });

  test('says when there is none', async () => {
    expect((await runCaptured(['proxies'], answering('[]').get)).out).toBe('no proxy is connected\n');
  });
});

describe('tulle', () => {
  test.each([[[]], [['--help']], [['shift', '--help']]])('%j shows help', async (argv) => {
    const { code, out } = await runCaptured(argv);
    expect(code).toBe(0);
    expect(out).toContain('Usage: tulle');
  });

  test('an unknown command is a usage error', async () => {
    expect((await runCaptured(['nothing'])).code).toBe(2);
  });
});
