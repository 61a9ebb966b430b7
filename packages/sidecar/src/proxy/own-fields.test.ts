import { defaultH1Limits, parseRequestHead, RequestHead } from '@tulle/http';
import { describe, expect, it } from 'vitest';
import { asksForHttp1, OwnFields } from './own-fields.ts';
import { RequestText } from './request-text.ts';

function headOf(lines = ''): RequestHead {
  const head = new RequestHead();
  const bytes = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
  parseRequestHead(head, bytes, 0, bytes.length, defaultH1Limits);
  return head;
}

/** The next id, as a log line gets it. */
function nextId(fields: OwnFields): string {
  const text = new RequestText();
  const head = headOf();
  text.capture(head);
  fields.prepare(head, false);
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
    const fields = new OwnFields(Buffer.from('00000000000000000000000000ff9ffe', 'hex'));
    expect(nextId(fields)).toMatch(/-000000ff9fff$/);
    expect(nextId(fields)).toMatch(/-000000ffa000$/);
    expect(nextId(new OwnFields(Buffer.alloc(16, 255)))).toMatch(/-000000000000$/);
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
    const section = new OwnFields().prepare(headOf(lines), tellsHttp1);
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
    new OwnFields().prepare(head, false);
    expect(head.droppedCount).toBe(1);
  });
});
