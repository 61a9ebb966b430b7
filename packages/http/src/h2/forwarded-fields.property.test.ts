/** Fields that come by HTTP/2 and leave by it, head after head of one connection. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { DEFAULT_TABLE_BYTES } from '../hpack/dynamic-table.ts';
import { HpackDecoder } from '../hpack/hpack-decoder.ts';
import { HpackEncoder } from '../hpack/hpack-encoder.ts';
import { decodeBlock, type TextField } from '../hpack/testing/blocks.ts';
import type { RequestHead } from '../message/request-head.ts';
import { blockOf, readRequest } from './testing/messages.ts';
import { writeRequestFields } from './write-request-fields.ts';

const out = Buffer.alloc(16_384);
const pseudoFields: readonly TextField[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/p'],
  [':authority', 'a.example'],
];

describe('a connection that forwards HTTP/2 as HTTP/2', () => {
  const some = fc.tuple(
    fc.constantFrom('accept', 'accept-language', 'user-agent', 'x-a', 'x-b', 'x-c', 'authorization'),
    fc.constantFrom('', 'a', 'b', 'c'.repeat(30)),
    fc.integer({ min: 0, max: 9 }),
  );
  const messages = fc.array(fc.array(some, { maxLength: 8 }), { minLength: 1, maxLength: 4 });

  it('keeps every field, in its order, however often they come again', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.nat(3), { maxLength: 30 }), fc.boolean(), (kinds, order, isSmall) => {
        const forward = new Forward(isSmall ? 150 : 4096);
        for (const at of order) {
          const fields: TextField[] = [
            ...pseudoFields,
            ...(kinds[at % kinds.length] ?? []).map(
              ([name, v, dice]): TextField =>
                dice === 0 || name === 'authorization' ? [name, v, true] : [name, v],
            ),
          ];
          expect(forward.pass(fields)).toEqual(fields);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('finds the fields of the same head by one comparison', () => {
    const forward = new Forward(4096);
    const fields: TextField[] = [...pseudoFields, ['x-a', '1'], ['x-b', '2'], ['x-c', '3'], ['x-d', '4']];
    for (let i = 0; i < 3; i++) forward.pass(fields);
    const find = vi.spyOn(forward.encoder.lookup, 'isAt');
    expect(forward.pass(fields)).toEqual(fields);
    // Path and authority.
    expect(find).toHaveBeenCalledTimes(2);
  });

  const learnt: TextField[] = [...pseudoFields, ['x-a', '1'], ['x-b', '2'], ['x-c', '3'], ['x-d', '4']];

  it.each<[what: string, fields: readonly TextField[]]>([
    [
      'with another value',
      [
        ['x-a', '1'],
        ['x-b', '2'],
        ['x-c', '9'],
        ['x-d', '4'],
      ],
    ],
    [
      'with another name',
      [
        ['x-a', '1'],
        ['x-b', '2'],
        ['x-z', '3'],
        ['x-d', '4'],
      ],
    ],
    [
      'with one that is sensitive now',
      [
        ['x-a', '1'],
        ['x-b', '2'],
        ['x-c', '3', true],
        ['x-d', '4'],
      ],
    ],
    [
      'with fewer',
      [
        ['x-a', '1'],
        ['x-b', '2'],
        ['x-c', '3'],
      ],
    ],
    [
      'with more',
      [
        ['x-a', '1'],
        ['x-b', '2'],
        ['x-c', '3'],
        ['x-d', '4'],
        ['x-e', '5'],
      ],
    ],
    [
      'in another order',
      [
        ['x-d', '4'],
        ['x-c', '3'],
        ['x-b', '2'],
        ['x-a', '1'],
      ],
    ],
  ])('keeps a head like the last one, %s', (_, fields) => {
    const forward = new Forward(4096);
    for (let i = 0; i < 3; i++) forward.pass(learnt);
    for (let i = 0; i < 3; i++) {
      expect(forward.pass([...pseudoFields, ...fields])).toEqual([...pseudoFields, ...fields]);
      expect(forward.pass(learnt)).toEqual(learnt);
    }
  });

  it('says TE once, wherever it stands', () => {
    const forward = new Forward(4096);
    for (const before of [3, 1]) {
      const fields = learnt.slice(4);
      const te: TextField = ['te', 'trailers'];
      const mixed = [...pseudoFields, ...fields.slice(0, before), te, ...fields.slice(before)];
      for (let i = 0; i < 5; i++) expect(forward.pass(mixed)).toEqual([...learnt, te]);
      for (let i = 0; i < 5; i++) expect(forward.pass([...learnt, te])).toEqual([...learnt, te]);
    }
  });
});

/** Two connections, as a proxy has them: blocks of literals in, and what a peer reads of ours. */
class Forward {
  readonly encoder: HpackEncoder;
  readonly #decoder = new HpackDecoder(DEFAULT_TABLE_BYTES);

  constructor(maxTableBytes: number) {
    this.encoder = new HpackEncoder({ maxTableBytes });
  }

  pass(fields: readonly TextField[]): TextField[] {
    const head = readRequest(blockOf(fields)) as RequestHead;
    const end = writeRequestFields(this.encoder, out, 0, head, null, null);
    return decodeBlock(this.#decoder, Buffer.from(out.subarray(0, end))).fields;
  }
}
