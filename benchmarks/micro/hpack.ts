/** HPACK's hot paths, ns per operation: `node benchmarks/micro/hpack.ts [seconds]`. */
import {
  defaultH1Limits,
  FieldSection,
  parseRequestHead,
  parseResponseHead,
  RequestHead,
  ResponseHead,
} from '@tulle/http';
import { readRequestFields } from '../../packages/http/src/h2/read-request-fields.ts';
import { readResponseFields } from '../../packages/http/src/h2/read-response-fields.ts';
import { writeRequestFields } from '../../packages/http/src/h2/write-request-fields.ts';
import { writeResponseFields } from '../../packages/http/src/h2/write-response-fields.ts';
import { HpackDecoder } from '../../packages/http/src/hpack/hpack-decoder.ts';
import { HpackEncoder, type HpackEncoderOptions } from '../../packages/http/src/hpack/hpack-encoder.ts';
import { decodeHuffman, encodeHuffman } from '../../packages/http/src/hpack/huffman.ts';
import { measure } from './measure.ts';

import { typicalRequest as request, typicalResponse as response } from './typical-heads.ts';

const secondsEach = Number(process.argv[2] ?? 1);

const traceparent = request.indexOf('0af7651916');
const limits = { maxSectionBytes: 60_000, maxCount: 128 };
const requestHead = new RequestHead();
const responseHead = new ResponseHead();
const section = new FieldSection();
const out = Buffer.allocUnsafeSlow(65_536);
const text = Buffer.allocUnsafeSlow(130_000);

parseRequestHead(requestHead, request, 0, request.length, defaultH1Limits);
parseResponseHead(responseHead, response, 0, response.length, defaultH1Limits, false);

/** The `count`-th block of a connection that sends the same head over and over. */
function requestBlock(options: HpackEncoderOptions, count: number): { block: Buffer; decoder: HpackDecoder } {
  const encoder = new HpackEncoder(options);
  const decoder = new HpackDecoder(4096);
  let block = Buffer.alloc(0);
  for (let i = 0; i < count; i++) {
    nextTrace(i);
    if (i > 0) decoder.decode(block, 0, block.length, section, text, 0, limits);
    block = Buffer.from(out.subarray(0, writeRequestFields(encoder, out, 0, requestHead, null, null)));
  }
  return { block, decoder };
}

function responseBlock(count: number): { block: Buffer; decoder: HpackDecoder } {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(4096);
  let block = Buffer.alloc(0);
  for (let i = 0; i < count; i++) {
    if (i > 0) decoder.decode(block, 0, block.length, section, text, 0, limits);
    block = Buffer.from(out.subarray(0, writeResponseFields(encoder, out, 0, responseHead, null, null)));
  }
  return { block, decoder };
}

/** Each request is traced by another id: it never comes to be indexed. */
function nextTrace(i: number): void {
  for (let k = 0; k < 7; k++) request[traceparent + k] = 97 + ((i >> (2 * k)) & 3);
}

const cases: Record<string, () => number> = {};

function addDecode(name: string, { block, decoder }: { block: Buffer; decoder: HpackDecoder }): void {
  cases[`${name}, ${block.length} bytes`] = () =>
    1 - decoder.decode(block, 0, block.length, section, text, 0, limits);
}

const steady = requestBlock({}, 4);
const steadyResponse = responseBlock(4);
addDecode('decode request, indexed but one', steady);
addDecode('decode request, all literal', requestBlock({}, 1));
addDecode('decode request, all literal, Huffman', requestBlock({ usesHuffman: true }, 1));
addDecode('decode response, indexed', steadyResponse);
addDecode('decode response, all literal', responseBlock(1));

/** Not overwritten by the cases above. */
const requestText = Buffer.allocUnsafeSlow(130_000);
const responseText = Buffer.allocUnsafeSlow(130_000);
const decodedRequest = new RequestHead();
const decodedResponse = new ResponseHead();
cases['decode and read request, indexed but one'] = () => {
  const { block, decoder } = steady;
  decoder.decode(block, 0, block.length, decodedRequest, requestText, 0, limits);
  return 1 - readRequestFields(decodedRequest, true, defaultH1Limits);
};
cases['decode and read response, indexed'] = () => {
  const { block, decoder } = steadyResponse;
  decoder.decode(block, 0, block.length, decodedResponse, responseText, 0, limits);
  return 1 - readResponseFields(decodedResponse, false, false, false);
};

const plain = new HpackEncoder();
const huffman = new HpackEncoder({ usesHuffman: true });
const tableless = new HpackEncoder({ maxTableBytes: 0 });
const tablelessHuffman = new HpackEncoder({ maxTableBytes: 0, usesHuffman: true });
const all = new HpackEncoder({ admission: 'all' });
let trace = 0;
const encodeWith = (encoder: HpackEncoder) => () => {
  nextTrace(trace++);
  return writeRequestFields(encoder, out, 0, requestHead, null, null);
};
cases['encode request, indexed but one'] = encodeWith(plain);
cases['encode request, indexed but one, Huffman'] = encodeWith(huffman);
cases['encode request, every value indexed'] = encodeWith(all);
cases['encode request, no table'] = encodeWith(tableless);
cases['encode request, no table, Huffman'] = encodeWith(tablelessHuffman);
const responses = new HpackEncoder();
cases['encode response, indexed'] = () => writeResponseFields(responses, out, 0, responseHead, null, null);
cases['encode request that was decoded'] = () => {
  return writeRequestFields(plain, out, 0, decodedRequest, null, null);
};

const words = Buffer.from('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)');
const identity = Uint8Array.from({ length: 256 }, (_, i) => i);
const coded = Buffer.from(out.subarray(0, encodeHuffman(out, 0, words, 0, words.length, identity)));
cases[`Huffman encode, ${words.length} bytes`] = () =>
  encodeHuffman(out, 0, words, 0, words.length, identity);
cases[`Huffman decode, ${words.length} bytes`] = () =>
  decodeHuffman(coded, 0, coded.length, text, 0, text.length);

for (const [name, run] of Object.entries(cases)) {
  if (run() <= 0) throw new Error(`${name} fails`);
  measure(run, secondsEach / 4);
  console.log(`${name.padEnd(56)}${measure(run, secondsEach).toFixed(1).padStart(9)} ns`);
}
