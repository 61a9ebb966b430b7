import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAuthority } from './authority.ts';

const parse = (authority: string) => parseAuthority(authority, 'bookshop');

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
const name = fc.array(label, { minLength: 2, maxLength: 5 }).map((labels) => labels.join('.'));
const port = fc.integer({ min: 1, max: 65_535 });

describe('parseAuthority', () => {
  it.each([
    ['catalog', 'catalog.bookshop', 80],
    ['catalog:8080', 'catalog.bookshop', 8080],
    ['Catalog.Shop.svc.CLUSTER.local.', 'catalog.shop.svc.cluster.local', 80],
    ['catalog.shop:', 'catalog.shop', 80],
    ['10.0.0.1:81', '10.0.0.1', 81],
    ['[::1]:80', '::1', 80],
    ['[FD00:0:0::1]', 'fd00::1', 80],
  ])('reads %s', (authority, host, expectedPort) => {
    expect(parse(authority)).toEqual({ host, port: expectedPort });
  });

  it.each([
    '',
    '.',
    ':80',
    'a..b',
    '-a.b',
    'a b',
    'user@host',
    'host/path',
    'host:0',
    'host:65536',
    'host:8a',
    'host:-1',
    '[::1',
    '[::1]x',
    '[fe80::1%eth0]',
    '::1',
    '[]',
    'x'.repeat(254),
    `${'x.'.repeat(126)}xx`,
    'ho\u0000st',
    'hôst.b',
  ])('refuses %j', (authority) => {
    expect(parse(authority)).toBeNull();
  });

  it('is total, and its answer is a fixed point', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 300 }), fc.webAuthority()), (text) => {
        const first = parse(text);
        if (first === null) return;
        const host = first.host.includes(':') ? `[${first.host}]` : first.host;
        expect(parse(`${host}:${first.port}`)).toEqual(first);
        expect(first.host.length).toBeLessThanOrEqual(253);
      }),
    );
  });

  it('does not depend on case, a trailing dot or the default port', () => {
    fc.assert(
      fc.property(name, port, (host, number) => {
        expect(parse(`${host.toUpperCase()}.:${number}`)).toEqual(parse(`${host}:${number}`));
        expect(parse(`${host}:80`)).toEqual(parse(host));
      }),
    );
  });
});
