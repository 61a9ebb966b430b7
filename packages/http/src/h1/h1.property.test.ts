/** Properties that hold for any message: independence of splits, and meaning kept by rewriting. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FRAMING_CHUNKED, type HeadIndex } from '../message/head-index.ts';
import { RequestHead } from '../message/request-head.ts';
import { HeadStash } from './head-stash.ts';
import { defaultH1Limits, type H1Limits } from './limits.ts';
import { parseRequestHead } from './parse-request-head.ts';
import { parseRequest, parseResponse, requestOf, responseOf } from './testing/parse.ts';
import { readBody } from './testing/read-body.ts';
import { writeChunkHeader } from './write-chunk.ts';
import { writeRequestHead, writeResponseHead } from './write-head.ts';

const CORPUS = new URL('../../corpus/', import.meta.url);
const corpus = ['h1-request-head', 'h1-response-head'].flatMap((target) =>
  readdirSync(new URL(`${target}/`, CORPUS))
    // By hand: those that fuzzing found are many, and replayed by test/fuzz.component.test.ts.
    .filter((name) => !/^[0-9a-f]{12}\.bin$/.test(name))
    .toSorted()
    .map((name) => ({ name, bytes: readFileSync(new URL(`${target}/${name}`, CORPUS)) })),
);

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
const fieldName = token.filter(
  (name) =>
    !/^(host|te|expect|upgrade|connection|keep-alive|content-length|proxy-connection|transfer-encoding)$/i.test(
      name,
    ),
);
const fieldValue = fc.stringMatching(/^([!-~\x80-\xff]([ \t!-~\x80-\xff]{0,30}[!-~\x80-\xff])?)?$/);
const field = fc.tuple(fieldName, fieldValue);
const path = fc.stringMatching(/^\/[!"$-~]{0,30}$/);
const framing = fc.constantFrom('', 'Content-Length: 7\r\n', 'Transfer-Encoding: chunked\r\n');
const hop = fc.constantFrom(
  '',
  'Connection: close\r\n',
  'Keep-Alive: a\r\nConnection: x-a\r\nX-A: 1\r\n',
  'TE: trailers\r\n',
);

const requestText = fc
  .record({
    method: token,
    path,
    before: fc.array(field, { maxLength: 6 }),
    after: fc.array(field, { maxLength: 6 }),
    framing,
    hop,
  })
  .filter(({ method }) => method !== 'CONNECT')
  .map(
    (r) =>
      `${r.method} ${r.path} HTTP/1.1\r\n${lines(r.before)}Host: a.example\r\n${r.framing}${lines(r.after)}${r.hop}\r\n`,
  );

/** Well-formed text with a few bytes replaced, removed or doubled. */
const damaged = fc
  .tuple(
    requestText,
    fc.array(fc.tuple(fc.nat(), fc.constantFrom('\r', '\n', '\0', ' ', ':', '\t', ',', '', '\r\n', '\xff')), {
      maxLength: 3,
    }),
  )
  .map(([text, damages]) =>
    damages.reduce((t, [at, by]) => {
      const i = at % t.length;
      return t.slice(0, i) + by + t.slice(i + 1);
    }, text),
  );

function lines(fields: readonly (readonly [string, string])[]): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}

/** All that a head means, as a plain value. */
function meaning(head: HeadIndex) {
  const fields = [];
  for (let i = 0; i < head.count; i++) fields.push([head.name(i), head.value(i), head.flags[i]]);
  const { framing: kind, contentLength, keepAlive, httpMinor, hasUpgrade, hasTeTrailers } = head;
  return { fields, kind, contentLength, keepAlive, httpMinor, hasUpgrade, hasTeTrailers };
}

function outcomeOf(text: Buffer, limits: H1Limits) {
  const result = parseRequest(text, limits);
  if (result === null || typeof result === 'string') return result;
  return { ...meaning(result.head), path: result.head.path(), after: result.after };
}

/** Feeds the text in slices, through the stash, at shifting places of a dirty buffer. */
function outcomeInSlices(text: Buffer, cuts: readonly number[], limits: H1Limits) {
  const head = new RequestHead();
  const stash = new HeadStash();
  let at = 0;
  for (const cut of [...new Set(cuts.map((c) => c % (text.length + 1)))]
    .toSorted((a, b) => a - b)
    .concat(text.length)) {
    const slice = Buffer.concat([Buffer.from('\r\n\r\n'), text.subarray(at, cut), Buffer.from('\r\n\r\n')]);
    at = cut;
    const joined = stash.join(slice, 4, slice.length - 4, limits.maxHeadBytes);
    if (joined === null) continue;
    const after = parseRequestHead(head, joined, 0, joined.length, limits);
    if (after !== 0) {
      if (after < 0) return parseRequest(joined, limits);
      return { ...meaning(head), path: head.path(), after };
    }
    stash.keep(joined, 0, joined.length);
  }
  // The stash holds an error in an unfinished line back until the line ends: ask for it.
  return outcomeOf(stash.join(Buffer.alloc(0), 0, 0, 0) ?? Buffer.alloc(0), limits);
}

const limits: H1Limits = { ...defaultH1Limits, maxHeadBytes: 400, maxHeaderCount: 12, maxTargetBytes: 25 };

describe('any split of the input', () => {
  it('gives the same head, or the same error', () => {
    fc.assert(
      fc.property(damaged, fc.array(fc.nat(), { maxLength: 8 }), (text, cuts) => {
        const bytes = Buffer.from(text, 'latin1');
        expect(outcomeInSlices(bytes, cuts, limits)).toEqual(outcomeOf(bytes, limits));
      }),
      { numRuns: 1500 },
    );
  });

  it('gives the same body, or the same error', () => {
    const chunk = fc.tuple(fc.stringMatching(/^[\r\n0-9a-z]{1,40}$/), fc.constantFrom('', ';a', ';a=b'));
    const body = fc
      .tuple(fc.array(chunk, { maxLength: 6 }), fc.constantFrom('', 'A: b\r\n', 'A:\r\nB: c\r\n'))
      .map(([chunks, trailers]) => {
        const parts = chunks.map(
          ([data, extension]) => `${data.length.toString(16)}${extension}\r\n${data}\r\n`,
        );
        return `${parts.join('')}0\r\n${trailers}\r\nrest`;
      });
    const damage = fc.option(fc.tuple(fc.nat(), fc.constantFrom('\r', '\n', 'x', '')), { freq: 2 });
    fc.assert(
      fc.property(body, damage, fc.array(fc.nat(), { maxLength: 10 }), (text, change, cuts) => {
        const i = change === null ? 0 : change[0] % text.length;
        const bytes = Buffer.from(change === null ? text : text.slice(0, i) + change[1] + text.slice(i + 1));
        const sorted = cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b);
        const whole = readBody(bytes, FRAMING_CHUNKED, -1, [bytes.length]);
        expect(readBody(bytes, FRAMING_CHUNKED, -1, [...sorted, bytes.length])).toEqual(whole);
        if (change === null) expect(whole).toMatchObject({ done: true, consumed: bytes.length - 4 });
      }),
      { numRuns: 1500 },
    );
  });
});

describe('rewriting', () => {
  const out = Buffer.alloc(8192);

  it('keeps what a request means, without what concerns the hop', () => {
    fc.assert(
      fc.property(requestText, (text) => {
        const before = requestOf(text);
        const end = writeRequestHead(out, 0, before, null, null, 0);
        const after = requestOf(out.toString('latin1', 0, end));
        expect([after.method(), after.path(), after.authority()]).toEqual([
          before.method(),
          before.path(),
          before.authority(),
        ]);
        const { fields, keepAlive: _, ...rest } = meaning(before);
        const kept = fields.filter(([, , flags]) => ((flags as number) & 1) === 0);
        const result = meaning(after);
        if (before.hasTeTrailers) expect(result.fields.pop()).toEqual(['connection', 'te', 1]);
        expect(result).toEqual({ ...rest, keepAlive: true, fields: kept });
        // A second hop changes nothing.
        const again = Buffer.alloc(8192);
        expect(again.toString('latin1', 0, writeRequestHead(again, 0, after, null, null, 0))).toBe(
          out.toString('latin1', 0, end),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('gives the same by edits that change nothing', () => {
    fc.assert(
      fc.property(requestText, (text) => {
        const head = requestOf(text);
        const plain = out.toString('latin1', 0, writeRequestHead(out, 0, head, null, null, 0));
        const edits = { remove: [], set: [], add: [] };
        expect(out.toString('latin1', 0, writeRequestHead(out, 0, head, edits, null, 0))).toBe(plain);
      }),
    );
  });

  it('keeps what a response means', () => {
    const response = fc.tuple(
      fc.integer({ min: 100, max: 599 }),
      fieldValue,
      fc.array(field, { maxLength: 8 }),
      framing,
    );
    fc.assert(
      fc.property(response, ([status, reason, fields, frame]) => {
        const before = responseOf(`HTTP/1.1 ${status} ${reason}\r\n${frame}${lines(fields)}\r\n`);
        const end = writeResponseHead(out, 0, before, null, null, 0);
        const after = responseOf(out.toString('latin1', 0, end));
        expect([after.status, after.reason(), after.framing]).toEqual([
          status,
          before.reason(),
          before.framing,
        ]);
        expect(meaning(after).fields).toEqual(
          meaning(before).fields.filter(([, , flags]) => ((flags as number) & 1) === 0),
        );
      }),
    );
  });

  it('reads back the chunks that it writes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 600 }), { maxLength: 5 }), (chunks) => {
        const parts: Buffer[] = [];
        for (const data of chunks) {
          const header = Buffer.alloc(16);
          parts.push(
            header.subarray(0, writeChunkHeader(header, 0, data.length)),
            Buffer.from(data),
            Buffer.from('\r\n'),
          );
        }
        const bytes = Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
        const read = readBody(bytes, FRAMING_CHUNKED, -1, [bytes.length]);
        expect(read).toMatchObject({ done: true, payload: Buffer.concat(chunks).toString('latin1') });
      }),
      { numRuns: 200 },
    );
  });
});

describe('the corpus', () => {
  it.each(corpus)('$name: same outcome at every split, under every mutation of a byte', ({ bytes }) => {
    const whole = outcomeOf(bytes, defaultH1Limits);
    for (let cut = 1; cut < bytes.length; cut++) {
      expect(outcomeInSlices(bytes, [cut], defaultH1Limits)).toEqual(whole);
    }
    const mutant = Buffer.from(bytes);
    for (let i = 0; i < bytes.length; i++) {
      for (const byte of [0, 9, 10, 13, 32, 58, 127, 255, bytes[i]! ^ 1]) {
        mutant[i] = byte;
        // Whatever comes: an answer, never an exception.
        parseRequest(mutant);
        parseResponse(mutant);
        readBody(mutant, FRAMING_CHUNKED, -1, [i, bytes.length]);
      }
      mutant[i] = bytes[i]!;
    }
  });
});
