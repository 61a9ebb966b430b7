/** The HTTP/1.1 codec's hot paths, ns per operation: `node benchmarks/micro/http-h1.ts [seconds]`. */
import {
  BodyReader,
  copyBytes,
  defaultH1Limits,
  FRAMING_CHUNKED,
  parseRequestHead,
  parseResponseHead,
  RequestHead,
  ResponseHead,
  writeRequestHead,
  writeResponseHead,
} from '@tulle/http';

import { measure } from './measure.ts';
import { typicalRequest as request, typicalResponse as response } from './typical-heads.ts';

const secondsEach = Number(process.argv[2] ?? 1);

const chunk = `400\r\n${'x'.repeat(1024)}\r\n`;
const body = Buffer.from(`${chunk.repeat(16)}0\r\n\r\n`);
const small = Buffer.from(`${'10\r\n0123456789abcdef\r\n'.repeat(64)}0\r\n\r\n`);

const requestHead = new RequestHead();
const responseHead = new ResponseHead();
const reader = new BodyReader();
const out = Buffer.allocUnsafeSlow(65536);
const lines = Buffer.from('x-request-id: 0123456789abcdef\r\n');

function parseRequest(): number {
  return parseRequestHead(requestHead, request, 0, request.length, defaultH1Limits);
}

function parseResponse(): number {
  return parseResponseHead(responseHead, response, 0, response.length, defaultH1Limits, false);
}

function scan(bytes: Buffer): number {
  reader.reset(FRAMING_CHUNKED, -1);
  return reader.scan(bytes, 0, bytes.length);
}

const cases: Record<string, () => number> = {
  'parse request head, 11 lines': parseRequest,
  'write request head, 1 line dropped, 1 added': () =>
    writeRequestHead(out, 0, requestHead, null, lines, lines.length),
  'parse and write request head': () => {
    parseRequest();
    return writeRequestHead(out, 0, requestHead, null, lines, lines.length);
  },
  'find the last header': () => requestHead.find('cache-control'),
  'read authority and path as strings': () => requestHead.authority().length + requestHead.path().length,
  'parse response head, 8 lines': parseResponse,
  'write response head, 1 line dropped': () => writeResponseHead(out, 0, responseHead, null, null, 0),
  'scan 16 chunks of 1 KiB': () => scan(body),
  'scan 64 chunks of 16 bytes': () => scan(small),
  'copy 16 bytes': () => copyBytes(out, 0, body, 0, 16),
  'copy 64 bytes': () => copyBytes(out, 0, body, 0, 64),
};

parseRequest();
parseResponse();
for (const [name, run] of Object.entries(cases)) {
  if (run() < 0) throw new Error(`${name} fails`);
  measure(run, secondsEach / 4);
  console.log(`${name.padEnd(46)}${measure(run, secondsEach).toFixed(1).padStart(9)} ns`);
}
