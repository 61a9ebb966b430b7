import type { RouteMatch } from '@tulle/model';
import { describe, expect, it } from 'vitest';
import { compileRouteMatch, type MatchInput } from './route-match.ts';

const none: RouteMatch = { path: null, method: null, headers: [] };

function request(path: string, method = 'GET', headers: Record<string, string> = {}): MatchInput {
  return { method, path, header: (name) => headers[name] ?? null };
}

describe('HTTPRouteMatch.path, PathPrefix: element-wise, trailing slash ignored', () => {
  it.each([
    ['/foo', '/foo', true],
    ['/foo', '/foo/', true],
    ['/foo', '/foo/bar', true],
    ['/foo', '/foobar', false],
    ['/foo', '/fo', false],
    ['/foo/', '/foo', true],
    ['/foo/', '/foo/bar', true],
    ['/foo/', '/foobar', false],
    ['/foo/bar', '/foo/bar/baz', true],
    ['/foo/bar', '/foo/barbaz', false],
    ['/Foo', '/foo', false],
    ['/', '/anything', true],
    ['/', '/', true],
  ])('prefix %s, path %s: %s', (value, path, expected) => {
    expect(compileRouteMatch({ ...none, path: { kind: 'prefix', value } })(request(path))).toBe(expected);
  });
});

describe('HTTPRouteMatch.path, Exact and RegularExpression', () => {
  it.each([
    ['exact', '/foo', '/foo', true],
    ['exact', '/foo', '/foo/', false],
    ['exact', '/foo', '/FOO', false],
    ['regex', '/v[0-9]+/.*', '/v12/books', true],
    ['regex', '/v[0-9]+', '/v12/books', false],
    ['regex', '/v[0-9]+', '/api/v12', false],
    ['regex', '/a|/b', '/b', true],
    ['regex', '/a|/b', '/bc', false],
    ['regex', '/\\d\\w\\S', '/1ab', true],
  ] as const)('%s %s, path %s: %s', (kind, value, path, expected) => {
    expect(compileRouteMatch({ ...none, path: { kind, value } })(request(path))).toBe(expected);
  });

  it('is linear where a backtracking engine is exponential', () => {
    const matches = compileRouteMatch({ ...none, path: { kind: 'regex', value: '/(a+)+b' } });
    const startMs = performance.now();
    expect(matches(request(`/${'a'.repeat(5_000)}`))).toBe(false);
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });

  it('refuses what is not RE2 syntax, naming the pattern', () => {
    expect(() => compileRouteMatch({ ...none, path: { kind: 'regex', value: '(' } })).toThrow(/"\("/);
    expect(() => compileRouteMatch({ ...none, path: { kind: 'regex', value: '(a)\\1' } })).toThrow(/RE2/);
  });
});

describe('HTTPRouteMatch.method and .headers', () => {
  it('compares methods by case', () => {
    const matches = compileRouteMatch({ ...none, method: 'POST' });
    expect(matches(request('/', 'POST'))).toBe(true);
    expect(matches(request('/', 'post'))).toBe(false);
    expect(matches(request('/', 'GET'))).toBe(false);
  });

  it.each([
    ['exact', 'blue', { color: 'blue' }, true],
    ['exact', 'blue', { color: 'Blue' }, false],
    ['exact', 'blue', { color: 'blue, red' }, false],
    ['exact', '', {}, false],
    ['regex', 'b.*', { color: 'blue' }, true],
    ['regex', 'lu', { color: 'blue' }, false],
    ['regex', '.*', {}, false],
  ] as const)('%s %j against %j: %s', (kind, value, headers, expected) => {
    const matches = compileRouteMatch({ ...none, headers: [{ kind, name: 'color', value }] });
    expect(matches(request('/', 'GET', headers))).toBe(expected);
  });
});

describe('HTTPRouteMatch as a whole', () => {
  it('holds for every request when it names nothing', () => {
    expect(compileRouteMatch(none)(request('/x'))).toBe(true);
  });

  it('is the conjunction of all that it names', () => {
    const matches = compileRouteMatch({
      path: { kind: 'prefix', value: '/v2' },
      method: 'GET',
      headers: [
        { kind: 'exact', name: 'version', value: 'two' },
        { kind: 'regex', name: 'color', value: 'blue|green' },
      ],
    });
    const good = { version: 'two', color: 'green' };
    expect(matches(request('/v2/x', 'GET', good))).toBe(true);
    expect(matches(request('/v1/x', 'GET', good))).toBe(false);
    expect(matches(request('/v2/x', 'PUT', good))).toBe(false);
    expect(matches(request('/v2/x', 'GET', { version: 'two' }))).toBe(false);
    expect(matches(request('/v2/x', 'GET', { version: 'two', color: 'red' }))).toBe(false);
  });
});
