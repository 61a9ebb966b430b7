import { describe, expect, it } from 'vitest';
import { fieldsOf, type TextField } from '../hpack/testing/blocks.ts';
import { type FieldSection, FLAG_HOP_BY_HOP } from '../message/field-section.ts';
import { FRAMING_NONE, FRAMING_STREAM } from '../message/head-index.ts';
import type { ResponseHead } from '../message/response-head.ts';
import { blockOf, readResponse, readTrailers } from './testing/messages.ts';

const OK: TextField = [':status', '200'];

describe('readResponseFields', () => {
  it.each<[rule: string, fields: readonly TextField[], code: string]>([
    ['RFC 9113 8.3.2: no status', [['x', '1']], 'MISSING_PSEUDO_FIELD'],
    ['RFC 9113 8.3.2: nothing at all', [], 'MISSING_PSEUDO_FIELD'],
    ['RFC 9113 8.3: two', [OK, OK], 'REPEATED_PSEUDO_FIELD'],
    ['RFC 9113 8.3: one of requests', [OK, [':path', '/']], 'UNKNOWN_PSEUDO_FIELD'],
    ['RFC 9113 8.3: behind a field', [OK, ['x', '1'], OK], 'LATE_PSEUDO_FIELD'],
    ['RFC 9110 15: two digits', [[':status', '20']], 'BAD_STATUS'],
    ['RFC 9110 15: four digits', [[':status', '2000']], 'BAD_STATUS'],
    ['RFC 9110 15: letters', [[':status', '2x0']], 'BAD_STATUS'],
    ['RFC 9110 15: 099', [[':status', '099']], 'BAD_STATUS'],
    ['RFC 9110 15: 600', [[':status', '600']], 'BAD_STATUS'],
    ['RFC 9110 15: nothing', [[':status', '']], 'BAD_STATUS'],
    ['RFC 9113 8.6: 101', [[':status', '101']], 'BAD_STATUS'],
    ['RFC 9113 8.1: 1xx that ends the stream', [[':status', '103']], 'BAD_INTERIM'],
    ['RFC 9113 8.2: a name in upper case', [OK, ['X', '1']], 'BAD_HEADER_NAME'],
    ['RFC 9113 8.2.1: LF in a value', [OK, ['x', 'a\nb']], 'BAD_HEADER_VALUE'],
    ['RFC 9113 8.2.2: Connection', [OK, ['connection', 'close']], 'CONNECTION_FIELD'],
    ['RFC 9113 8.2.2: TE', [OK, ['te', 'trailers']], 'CONNECTION_FIELD'],
    ['RFC 9113 8.2.2: Transfer-Encoding', [OK, ['transfer-encoding', 'chunked']], 'CONNECTION_FIELD'],
    ['RFC 9110 8.6: a length that is no number', [OK, ['content-length', '1x']], 'BAD_CONTENT_LENGTH'],
    [
      'RFC 9112 6.3: a length twice',
      [OK, ['content-length', '0'], ['content-length', '0']],
      'REPEATED_CONTENT_LENGTH',
    ],
    ['RFC 9113 8.1.1: a length without DATA', [OK, ['content-length', '1']], 'BODY_LENGTH'],
  ])('refuses: %s', (_, fields, code) => {
    expect(readResponse(blockOf(fields))).toBe(code);
  });

  it.each<
    [
      rule: string,
      status: string,
      isEnd: boolean,
      wasHead: boolean,
      wasTunnel: boolean,
      framing: number,
      isDropped: boolean,
    ]
  >([
    ['a body', '200', false, false, false, FRAMING_STREAM, false],
    ['RFC 9110 9.3.2: HEAD', '200', true, true, false, FRAMING_NONE, false],
    ['RFC 9110 9.3.2: HEAD, ended by an empty DATA', '200', false, true, false, FRAMING_NONE, false],
    ['RFC 9110 15.4.5: 304', '304', true, false, false, FRAMING_NONE, false],
    ['RFC 9110 8.6: 204', '204', true, false, false, FRAMING_NONE, true],
    ['RFC 9110 8.6: 1xx', '103', false, false, false, FRAMING_NONE, true],
    ['RFC 9110 8.6: 2xx to CONNECT', '200', false, false, true, FRAMING_NONE, true],
    ['RFC 9110 9.3.6: another status to CONNECT', '404', false, false, true, FRAMING_STREAM, false],
  ])('frames: %s', (_, status, isEnd, wasHead, wasTunnel, framing, isDropped) => {
    const fields: TextField[] = [
      [':status', status],
      ['content-length', '5'],
    ];
    const head = readResponse(blockOf(fields), isEnd, wasHead, wasTunnel) as ResponseHead;
    expect([head.status, head.framing, head.contentLength]).toEqual([Number(status), framing, 5]);
    expect((head.flags[0]! & FLAG_HOP_BY_HOP) !== 0).toBe(isDropped);
  });

  it('gives a response without content where the stream ends with it', () => {
    const head = readResponse(blockOf([OK, ['x', '1']])) as ResponseHead;
    expect([head.status, head.framing, head.reason(), head.httpMajor]).toEqual([200, FRAMING_NONE, '', 2]);
    expect(head.buffer.toString('latin1', head.linesStart, head.end)).toBe('x: 1\r\n\r\n');
    expect(fieldsOf(head)).toEqual([['x', '1']]);
  });
});

describe('readTrailerFields', () => {
  it.each<[rule: string, field: TextField, code: string]>([
    ['RFC 9113 8.1: a pseudo-header field', [':status', '200'], 'UNKNOWN_PSEUDO_FIELD'],
    ['RFC 9113 8.3: one that is not defined', [':x', '1'], 'UNKNOWN_PSEUDO_FIELD'],
    ['RFC 9113 8.2.1: a bad name', ['X', '1'], 'BAD_HEADER_NAME'],
    ['RFC 9113 8.2.1: a bad value', ['x', 'a\r\nb: c'], 'BAD_HEADER_VALUE'],
    ['RFC 9113 8.2.2: Connection', ['connection', 'close'], 'CONNECTION_FIELD'],
  ])('refuses: %s', (_, field, code) => {
    expect(readTrailers([['x', '1'], field])).toBe(code);
  });

  it.each(['content-length', 'host', 'te', 'trailer'])('RFC 9110 6.5.1: drops %s', (name) => {
    const section = readTrailers([
      ['grpc-status', '0'],
      [name, '1'],
    ]) as FieldSection;
    expect([section.count, section.droppedCount]).toEqual([2, 1]);
    expect([...section.flags.subarray(0, 2)]).toEqual([0, FLAG_HOP_BY_HOP]);
  });
});
