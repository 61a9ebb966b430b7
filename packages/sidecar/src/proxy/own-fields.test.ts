import {
  defaultH1Limits,
  type FieldSection,
  FLAG_HOP_BY_HOP,
  parseRequestHead,
  RequestHead,
} from '@tulle/http';
import { describe, expect, it } from 'vitest';
import type { ClientCertMode, ForwardedMode } from './forwarded-client.ts';
import { asksForHttp1, type ForwardedRequest, OwnFields } from './own-fields.ts';
import { RequestText } from './request-text.ts';

function headOf(lines = ''): RequestHead {
  const head = new RequestHead();
  const bytes = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
  parseRequestHead(head, bytes, 0, bytes.length, defaultH1Limits);
  return head;
}

const plain: ForwardedRequest = { tellsHttp1: false, forwardedClient: null, traceFields: null };

/** The next id, as a log line gets it. */
function nextId(fields: OwnFields): string {
  const text = new RequestText();
  const head = headOf();
  text.capture(head);
  fields.prepare(head, plain);
  fields.captureOwnId(text);
  return text.requestId;
}

describe('OwnFields', () => {
  it('gives an id in the form of a UUID of version 4', () => {
    expect(nextId(new OwnFields())).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it('counts up and carries', () => {
    const fields = new OwnFields({ seed: Buffer.from('00000000000000000000000000ff9ffe', 'hex') });
    expect(nextId(fields)).toMatch(/-000000ff9fff$/);
    expect(nextId(fields)).toMatch(/-000000ffa000$/);
    expect(nextId(new OwnFields({ seed: Buffer.alloc(16, 255) }))).toMatch(/-000000000000$/);
  });

  it('repeats nothing', () => {
    const fields = new OwnFields();
    const seen = new Set<string>();
    for (let i = 0; i < 5_000; i++) seen.add(nextId(fields));
    expect(seen.size).toBe(5_000);
  });

  it.each<[what: string, lines: string, tellsHttp1: boolean, names: string[]]>([
    ['an id where there is none', '', false, ['x-request-id']],
    ['nothing where there is one', 'X-Request-Id: 7\r\n', false, []],
    ['the protocol beside the id of the client', 'X-Request-Id: 7\r\n', true, ['x-tulle-app-protocol']],
    ['both', '', true, ['x-request-id', 'x-tulle-app-protocol']],
  ])('adds %s', (_, lines, tellsHttp1, names) => {
    const section = new OwnFields().prepare(headOf(lines), { ...plain, tellsHttp1 });
    const fields = Array.from({ length: section?.count ?? 0 }, (_, i) => section!.name(i));
    expect(fields).toEqual(names);
    const text = section?.buffer.toString('latin1', section.linesStart, section.linesEnd) ?? '';
    expect(text.split('\r\n').filter(Boolean)).toEqual(
      names.map((name, i) => `${name}: ${section!.value(i)}`),
    );
  });

  it('believes no application that speaks for a sidecar', () => {
    const head = headOf('X-Tulle-App-Protocol: http/1.1\r\nx-tulip: 1\r\n');
    expect(asksForHttp1(head)).toBe(true);
    new OwnFields().prepare(head, plain);
    expect(head.droppedCount).toBe(1);
  });

  /** What the application gets, line by line, without what every request has. */
  function forwarded(head: RequestHead, extra: FieldSection | null): string[] {
    const kept = Array.from({ length: head.count }, (_, i) => i)
      .filter((i) => (head.flags[i]! & FLAG_HOP_BY_HOP) === 0)
      .map((i) => `${head.name(i).toLowerCase()}: ${head.value(i)}`);
    const text = extra?.buffer.toString('latin1', extra.linesStart, extra.linesEnd) ?? '';
    return [...kept, ...text.split('\r\n')].filter(
      (line) => line !== '' && !/^(host|x-request-id):/.test(line),
    );
  }

  const peer = { address: '10.1.0.7', certificate: 'By=spiffe://b;Hash=00ff;URI=spiffe://a' };
  const spoofed =
    'X-Forwarded-For: 1.1.1.1\r\nForwarded: for=1.1.1.1\r\nx-forwarded-for: 2.2.2.2\r\nX-Forwarded-Client-Cert: URI=spiffe://x\r\n';

  it.each<[ForwardedMode, string, string[]]>([
    ['append', '', ['x-forwarded-for: 10.1.0.7']],
    ['append', spoofed, ['forwarded: for=1.1.1.1', 'x-forwarded-for: 1.1.1.1, 2.2.2.2, 10.1.0.7']],
    ['set', spoofed, ['x-forwarded-for: 10.1.0.7']],
    ['off', spoofed, ['x-forwarded-for: 1.1.1.1', 'forwarded: for=1.1.1.1', 'x-forwarded-for: 2.2.2.2']],
  ])('tells the application who calls: %s, after %j', (forwardedFor, lines, expected) => {
    const fields = new OwnFields({ forwarding: { forwardedFor, clientCert: 'sanitize' } });
    const head = headOf(lines);
    expect(forwarded(head, fields.prepare(head, { ...plain, forwardedClient: peer }))).toEqual(expected);
  });

  it.each<[ClientCertMode, 'peer' | 'plain client' | 'application', string[]]>([
    ['sanitize', 'peer', []],
    ['sanitize', 'plain client', []],
    ['sanitize', 'application', []],
    ['set', 'peer', [`x-forwarded-client-cert: ${peer.certificate}`]],
    ['set', 'plain client', []],
    ['set', 'application', []],
    ['append', 'peer', [`x-forwarded-client-cert: URI=spiffe://x,${peer.certificate}`]],
    ['append', 'plain client', []],
    ['append', 'application', ['x-forwarded-client-cert: URI=spiffe://x']],
  ])('believes no certificate but what it verified: %s, from a %s', (clientCert, from, expected) => {
    const fields = new OwnFields({ forwarding: { forwardedFor: 'off', clientCert } });
    const head = headOf('X-Forwarded-Client-Cert: URI=spiffe://x\r\n');
    const client = from === 'peer' ? peer : { ...peer, certificate: '' };
    const forwardedClient = from === 'application' ? null : client;
    expect(forwarded(head, fields.prepare(head, { ...plain, forwardedClient }))).toEqual(expected);
  });

  it('writes what it tells at the right places, however long', () => {
    const long = 'a'.repeat(2_000);
    const head = headOf(`X-Forwarded-For: ${long}\r\n`);
    const section = new OwnFields().prepare(head, { ...plain, tellsHttp1: true, forwardedClient: peer })!;
    const fields = Array.from({ length: section.count }, (_, i) => [section.name(i), section.value(i)]);
    expect(fields).toEqual([
      ['x-request-id', expect.stringMatching(/^[0-9a-f-]{36}$/)],
      ['x-tulle-app-protocol', 'http/1.1'],
      ['x-forwarded-for', `${long}, 10.1.0.7`],
    ]);
  });
});
