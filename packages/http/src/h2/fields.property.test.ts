/** A message keeps its meaning through the other version, whichever it came in. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestOf, responseOf } from '../h1/testing/parse.ts';
import { writeRequestHead, writeResponseHead } from '../h1/write-head.ts';
import type { TextField } from '../hpack/testing/blocks.ts';
import { FLAG_ENCODING, FLAG_HOP_BY_HOP, FLAG_HOST } from '../message/field-section.ts';
import { FRAMING_CHUNKED, FRAMING_LENGTH, FRAMING_NONE, type HeadIndex } from '../message/head-index.ts';
import type { RequestHead } from '../message/request-head.ts';
import type { ResponseHead } from '../message/response-head.ts';
import { blockOf, readRequest, readResponse, writtenRequest, writtenResponse } from './testing/messages.ts';

const out = Buffer.alloc(16_384);
const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
const OWN =
  /^(host|te|expect|upgrade|connection|cookie|keep-alive|content-length|proxy-connection|transfer-encoding)$/i;
const value = fc.stringMatching(/^([!-~\x80-\xff]([ \t!-~\x80-\xff]{0,30}[!-~\x80-\xff])?)?$/);
const field = fc.tuple(
  token.filter((name) => !OWN.test(name)),
  value,
);
const path = fc.stringMatching(/^\/[!"$-~]{0,30}$/);
const authority = fc.constantFrom('a.example', 'A.example:80', '[::1]:8080');
const method = token.filter((name) => name !== 'CONNECT');
const scheme = fc.constantFrom('http', 'https');

/** What a request says, in terms that both versions have. */
function meaningOf(head: RequestHead) {
  const { framing, contentLength } = head;
  const hasBody = framing !== FRAMING_NONE && contentLength !== 0;
  return {
    request: [head.method(), head.path(), head.authority(), head.isHead, head.expectContinue],
    upgrade: head.upgradeProtocol(),
    hasTeTrailers: head.hasTeTrailers,
    contentLength,
    hasBody,
    fields: fieldsOf(head),
  };
}

/** The fields that are passed on; names have no case. TE is told by `hasTeTrailers`. */
function fieldsOf(head: HeadIndex): string[][] {
  const fields: string[][] = [];
  for (let i = 0; i < head.count; i++) {
    if ((head.flags[i]! & (FLAG_HOP_BY_HOP | FLAG_ENCODING | FLAG_HOST)) !== 0) continue;
    const name = head.name(i).toLowerCase();
    if (name !== 'te') fields.push([name, head.value(i)]);
  }
  return fields;
}

function hasBody(head: HeadIndex): boolean {
  return head.framing === FRAMING_CHUNKED || (head.framing === FRAMING_LENGTH && head.contentLength > 0);
}

function throughH2(head: RequestHead): RequestHead {
  const again = readRequest(writtenRequest(head).block, !hasBody(head) && !head.asksForTunnel);
  if (typeof again === 'string') throw new Error(`not accepted: ${again}`);
  return again;
}

function h1Text(head: RequestHead): string {
  return out.toString('latin1', 0, writeRequestHead(out, 0, head, null, null, 0));
}

const lines = (fields: readonly (readonly [string, string])[]) =>
  fields.map(([name, v]) => `${name}: ${v}\r\n`).join('');

const requestText = fc
  .record({
    method,
    path,
    authority,
    isAbsolute: fc.boolean(),
    before: fc.array(field, { maxLength: 5 }),
    after: fc.array(field, { maxLength: 5 }),
    framing: fc.constantFrom(
      '',
      'Content-Length: 7\r\n',
      'Content-Length: 0\r\n',
      'Transfer-Encoding: chunked\r\n',
    ),
    special: fc.constantFrom(
      '',
      'Connection: close\r\nKeep-Alive: a\r\n',
      'TE: trailers\r\nConnection: TE\r\n',
      'Expect: 100-continue\r\n',
      'Cookie: a=b\r\nConnection: x\r\nX: 1\r\n',
    ),
  })
  .map(({ isAbsolute, ...r }) => {
    const target = isAbsolute ? `http://${r.authority}${r.path}` : r.path;
    const host = isAbsolute ? 'other.example' : r.authority;
    return `${r.method} ${target} HTTP/1.1\r\n${lines(r.before)}Host: ${host}\r\n${r.framing}${lines(r.after)}${r.special}\r\n`;
  });

describe('a request of HTTP/1.1, by way of HTTP/2', () => {
  it('means the same there, and when it is HTTP/1.1 again', () => {
    fc.assert(
      fc.property(requestText, (text) => {
        const before = requestOf(text);
        const between = throughH2(before);
        expect(meaningOf(between)).toEqual(meaningOf(before));
        // The body's framing is for the connection to write: here it says that it comes in chunks.
        const framing = hasBody(before) && before.contentLength < 0 ? 'transfer-encoding: chunked\r\n' : '';
        const after = requestOf(h1Text(between).replace(/\r\n$/, `${framing}\r\n`));
        expect(meaningOf(after)).toEqual(meaningOf(before));
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps an upgrade', () => {
    fc.assert(
      fc.property(
        path,
        fc.constantFrom('websocket', 'foo/2'),
        fc.array(field, { maxLength: 4 }),
        (p, to, more) => {
          const before = requestOf(
            `GET ${p} HTTP/1.1\r\nHost: a\r\n${lines(more)}Connection: upgrade\r\nUpgrade: ${to}\r\n\r\n`,
          );
          const between = throughH2(before);
          expect(between.method()).toBe('CONNECT');
          expect([between.upgradeProtocol(), between.path()]).toEqual([to, p]);
          // Upgrade and Connection are for the connection to write.
          const text = h1Text(between).replace(/\r\n$/, `connection: upgrade\r\nupgrade: ${to}\r\n\r\n`);
          expect(meaningOf(requestOf(text))).toEqual(meaningOf(before));
        },
      ),
    );
  });
});

describe('a request of HTTP/2, by way of HTTP/1.1', () => {
  const request = fc
    .record({ method, path, authority, scheme, fields: fc.array(field, { maxLength: 8 }), te: fc.boolean() })
    .map((r): TextField[] => [
      [':method', r.method],
      [':scheme', r.scheme],
      [':path', r.path],
      [':authority', r.authority],
      ...r.fields.map(([name, v]): TextField => [name.toLowerCase(), v]),
      ...(r.te ? [['te', 'trailers'] as TextField] : []),
    ]);

  it('means the same, save that the scheme is the connection’s own', () => {
    fc.assert(
      fc.property(request, (fields) => {
        const before = readRequest(blockOf(fields)) as RequestHead;
        expect(writtenRequest(before).fields).toEqual(fields);
        const between = requestOf(h1Text(before));
        expect(meaningOf(between)).toEqual(meaningOf(before));
        const after = throughH2(between);
        expect(meaningOf(after)).toEqual(meaningOf(before));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a response, by way of the other version', () => {
  const status = fc.integer({ min: 200, max: 599 });
  const fields = fc.array(field, { maxLength: 8 });

  it('means the same', () => {
    fc.assert(
      fc.property(status, value, fields, (code, reason, some) => {
        const before = responseOf(`HTTP/1.1 ${code} ${reason}\r\n${lines(some)}\r\n`);
        const between = readResponse(writtenResponse(before).block) as ResponseHead;
        expect([between.status, fieldsOf(between)]).toEqual([code, fieldsOf(before)]);
        const after = responseOf(
          out.toString('latin1', 0, writeResponseHead(out, 0, between, null, null, 0)),
        );
        expect([after.status, fieldsOf(after)]).toEqual([code, fieldsOf(before)]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('any block', () => {
  const pseudo = fc.constantFrom(':method', ':scheme', ':path', ':authority', ':protocol', ':status', ':x');
  const name = fc.oneof(pseudo, fc.constantFrom('cookie', 'host', 'content-length', 'te', 'x', 'X', ''));
  const text = fc.oneof(
    fc.constantFrom('GET', 'CONNECT', 'http', '/', '*', 'a:1', 'a', '5', '200', 'trailers'),
    fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );

  it('makes a message that HTTP/1.1 carries as it is, or none', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, text), { maxLength: 12 }), fc.boolean(), (fields, isEnd) => {
        const good: TextField[] = [
          [':method', 'GET'],
          [':scheme', 'http'],
          [':path', '/'],
          [':authority', 'a:1'],
        ];
        for (const all of [fields, [...good, ...fields]]) {
          const head = readRequest(blockOf(all), isEnd);
          if (typeof head === 'string') continue;
          const again = requestOf(h1Text(head));
          expect([again.path(), again.authority(), fieldsOf(again)]).toEqual([
            head.path(),
            head.authority(),
            fieldsOf(head),
          ]);
        }
        readResponse(blockOf(fields), isEnd);
      }),
      { numRuns: 2000 },
    );
  });
});
