/**
 * Why a head is ranges into bytes: forwarding one that nothing touches, from either version to either, against
 * the same head as an array of pairs of strings, and as an object of strings. The rivals are what a careful
 * codec of that form would do: the same parser below, and HPACK whose table holds strings, all indexed but the
 * trace, without checks. ns and heap bytes a request: `node --expose-gc benchmarks/micro/head-forms.ts [seconds]`.
 */
import { defaultH1Limits, parseRequestHead, RequestHead, writeRequestHead } from '@tulle/http';
import { readRequestFields } from '../../packages/http/src/h2/read-request-fields.ts';
import { writeRequestFields } from '../../packages/http/src/h2/write-request-fields.ts';
import { HpackDecoder } from '../../packages/http/src/hpack/hpack-decoder.ts';
import { HpackEncoder } from '../../packages/http/src/hpack/hpack-encoder.ts';
import { measure } from './measure.ts';

const secondsEach = Number(process.argv[2] ?? 1);
const collectGarbage = (globalThis as { gc?: () => void }).gc;

const request = Buffer.from(
  'GET /catalog/items/42?fields=price,stock HTTP/1.1\r\nHost: catalog.shop.svc.cluster.local\r\n' +
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: application/json, text/plain, */*\r\n' +
    'Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\n' +
    'Cookie: session=0123456789abcdef0123456789abcdef\r\nReferer: https://shop.example/items\r\n' +
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nCache-Control: no-cache\r\n\r\n',
);
const limits = { maxSectionBytes: 60_000, maxCount: 128 };
const out = Buffer.allocUnsafeSlow(65_536);
const text = Buffer.allocUnsafeSlow(130_000);
const head = new RequestHead();

/** A message as strings. */
interface Strings<Fields> {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly fields: Fields;
}
type Pairs = (readonly [name: string, value: string])[];
type Named = Record<string, string>;

/** What tells the forms apart: how fields are taken out of bytes, and how they are gone through. */
interface Form<Fields> {
  none(): Fields;
  add(fields: Fields, name: string, value: string): void;
  each(fields: Fields, visit: (name: string, value: string) => void): void;
}

const pairs: Form<Pairs> = {
  none: () => [],
  add(fields, name, value) {
    fields.push([name, value]);
  },
  each(fields, visit) {
    for (const [name, value] of fields) visit(name, value);
  },
};

const named: Form<Named> = {
  none: () => ({}),
  add(fields, name, value) {
    fields[name] = value;
  },
  each(fields, visit) {
    for (const name in fields) visit(name, fields[name]!);
  },
};

function readStringsH1<Fields>(form: Form<Fields>): Strings<Fields> {
  parseRequestHead(head, request, 0, request.length, defaultH1Limits);
  const fields = form.none();
  for (let i = 0; i < head.count; i++) {
    if (i !== head.hostIndex) form.add(fields, head.name(i).toLowerCase(), head.value(i));
  }
  return { method: head.method(), path: head.path(), authority: head.authority(), fields };
}

/** By index, what a table of strings holds in its steady state. */
const table: string[][] = [];
let stringBlock = Buffer.alloc(0);

function readStringsH2<Fields>(form: Form<Fields>): Strings<Fields> {
  const fields = form.none();
  let path = '';
  let authority = '';
  for (let i = 2; i < stringBlock.length; ) {
    const byte = stringBlock[i++]!;
    if (byte === PATH) path = table[byte]![1]!;
    else if (byte === AUTHORITY) authority = table[byte]![1]!;
    else if (byte > 0) form.add(fields, table[byte]![0]!, table[byte]![1]!);
    else {
      const valueAt = i + 1 + stringBlock[i]!;
      const end = valueAt + 1 + stringBlock[valueAt]!;
      const name = stringBlock.toString('latin1', i + 1, valueAt);
      form.add(fields, name, stringBlock.toString('latin1', valueAt + 1, end));
      i = end;
    }
  }
  return { method: 'GET', path, authority, fields };
}

function writeH1<Fields>(form: Form<Fields>, message: Strings<Fields>): number {
  // One string and one write, as node:http does it: the fastest way to turn strings into bytes.
  let lines = `${message.method} ${message.path} HTTP/1.1\r\nhost: ${message.authority}\r\n`;
  form.each(message.fields, (name, value) => {
    lines += `${name}: ${value}\r\n`;
  });
  return out.write(`${lines}\r\n`, 0, 'latin1');
}

const PATH = 252;
const AUTHORITY = 253;
/** From a field to its index. */
const indices = new Map<string, number>();

function writeH2<Fields>(form: Form<Fields>, message: Strings<Fields>): number {
  out[0] = 0x82;
  out[1] = 0x86;
  let o = 2;
  const put = (name: string, value: string): void => {
    const index = indices.get(`${name}:${value}`);
    if (index !== undefined) {
      out[o++] = index;
      return;
    }
    out[o++] = 0;
    out[o++] = name.length;
    o += out.write(name, o, 'latin1');
    out[o++] = value.length;
    o += out.write(value, o, 'latin1');
  };
  put(':path', message.path);
  put(':authority', message.authority);
  form.each(message.fields, put);
  return o;
}

const encoder = new HpackEncoder();
const source = new HpackEncoder();
const decoder = new HpackDecoder(4096);

function readH1(): void {
  parseRequestHead(head, request, 0, request.length, defaultH1Limits);
}

/** The block of the steady state: all indexed but the trace. */
let block = Buffer.alloc(0);
for (let i = 0; i < 4; i++) {
  readH1();
  const at = request.indexOf('traceparent: 00-') + 16;
  request[at] = 97 + i;
  block = Buffer.from(out.subarray(0, writeRequestFields(source, out, 0, head, null, null)));
  decoder.decode(block, 0, block.length, head, text, 0, limits);
}
const strings = readStringsH1(pairs);
for (const [name, value] of [
  ...strings.fields,
  [':path', strings.path],
  [':authority', strings.authority],
] as Pairs) {
  if (name === 'traceparent') continue;
  const index = name === ':path' ? PATH : name === ':authority' ? AUTHORITY : 190 + indices.size;
  indices.set(`${name}:${value}`, index);
  table[index] = [name, value];
}
stringBlock = Buffer.from(out.subarray(0, writeH2(pairs, strings)));

function readH2(): void {
  decoder.decode(block, 0, block.length, head, text, 0, limits);
  if (readRequestFields(head, true, defaultH1Limits) !== 0) throw new Error('not accepted');
}

const readers = { h1: readH1, h2: readH2 };
const writers = {
  h1: () => writeRequestHead(out, 0, head, null, null, 0),
  h2: () => writeRequestFields(encoder, out, 0, head, null, null),
};

console.log(`${''.padEnd(12)}${['ranges', 'pairs', 'object'].map((form) => form.padStart(22)).join('')}`);
for (const from of ['h1', 'h2'] as const) {
  for (const to of ['h1', 'h2'] as const) {
    const read = readers[from];
    const readStrings = from === 'h1' ? readStringsH1 : readStringsH2;
    const write = to === 'h1' ? writeH1 : writeH2;
    const forms = [
      () => {
        read();
        return writers[to]();
      },
      () => write(pairs, readStrings(pairs)),
      () => write(named, readStrings(named)),
    ];
    console.log(`${`${from} to ${to}`.padEnd(12)}${forms.map((run) => costOf(run).padStart(22)).join('')}`);
  }
}

function costOf(run: () => number): string {
  if (run() <= 0) throw new Error('a form fails');
  measure(run, secondsEach / 4);
  collectGarbage?.();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 1000; i++) run();
  const bytes = Math.max(0, (process.memoryUsage().heapUsed - before) / 1000);
  return `${measure(run, secondsEach).toFixed(0)} ns, ${bytes.toFixed(0)} bytes`;
}
