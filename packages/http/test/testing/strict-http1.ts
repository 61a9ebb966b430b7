/**
 * A second reader of HTTP/1.1, to judge the first: straight from the ABNF of RFC 9110 and 9112, on strings,
 * slow and plain. What the ABNF does not generate it refuses, and wherever readers are known to differ it
 * takes no side but refuses too. It shares no code with the codec.
 */
export type Field = readonly [name: string, value: string];

export interface StrictHead {
  /** The parts of the start line. */
  readonly start: readonly [string, string, string];
  readonly fields: readonly Field[];
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  /** After the empty line. */
  readonly after: number;
}

export interface StrictMessage extends StrictHead {
  readonly body: string;
  readonly trailers: readonly Field[];
  /** Where the message ends in the text. */
  readonly end: number;
}

/** The text is no message. `incomplete`: but it may become one. */
export class StrictRefusal extends Error {
  override readonly name = 'StrictRefusal';
  readonly isIncomplete: boolean;

  constructor(reason: string, isIncomplete = false) {
    super(reason);
    this.isIncomplete = isIncomplete;
  }
}

export interface ResponseContext {
  /** Of the request. */
  readonly method: string;
  /** The connection ended after the text. */
  readonly isClosed: boolean;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"';
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([\\x21-\\x7e]+) (HTTP/1\\.[0-9])$`);
const STATUS_LINE = /^(HTTP\/1\.[0-9]) ([1-5][0-9]{2}) ([\t \x21-\x7e\x80-\xff]*)$/;
const FIELD_LINE = new RegExp(`^(${TOKEN}):[\\t ]*([\\t \\x21-\\x7e\\x80-\\xff]*)$`);
const CHUNK_LINE = new RegExp(
  `^([0-9A-Fa-f]{1,13})(?:[\\t ]*;[\\t ]*${TOKEN}(?:[\\t ]*=[\\t ]*(?:${TOKEN}|${QUOTED}))?)*$`,
);
const ORIGIN_FORM = /^\/[^#]*$/;
const ABSOLUTE_FORM = /^https?:\/\/[^/?#@]+([/?][^#]*)?$/i;
const AUTHORITY_FORM = /^[^/?#@]+:[0-9]+$/;
const HOST = /^[A-Za-z0-9._~!$&'()*+,;=%:[\]-]*$/;
const NOT_IN_TRAILERS =
  /^(connection|content-length|host|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i;

/** The request that begins at `at`. Throws StrictRefusal. */
export function readStrictRequest(text: string, at = 0): StrictMessage {
  return readBody(text, readStrictRequestHead(text, at));
}

export function readStrictRequestHead(text: string, at = 0): StrictHead {
  const head = readHead(text, at);
  const start = REQUEST_LINE.exec(head.startLine);
  if (start === null) refuse(`request line ${JSON.stringify(head.startLine)}`);
  const [, method, target, version] = start as unknown as [string, string, string, string];
  checkTarget(method, target);
  checkHost(head.fields, version);
  const framing = framingOf(head.fields, version) ?? 'none';
  const hasBody = framing === 'chunked' || Number(valuesOf(head.fields, 'content-length')[0] ?? 0) > 0;
  if (method === 'CONNECT' && hasBody) refuse('CONNECT frames a body (RFC 9110 section 9.3.6)');
  return { ...head, start: [method, target, version], framing };
}

/** The response that begins at `at`: to a request of that method. Throws StrictRefusal. */
export function readStrictResponse(text: string, at: number, context: ResponseContext): StrictMessage {
  const head = readStrictResponseHead(text, at, context.method);
  if (head.framing === 'close' && !context.isClosed) refuse('the connection goes on', true);
  return readBody(text, head);
}

export function readStrictResponseHead(text: string, at: number, method: string): StrictHead {
  const head = readHead(text, at);
  const start = STATUS_LINE.exec(head.startLine);
  if (start === null) refuse(`status line ${JSON.stringify(head.startLine)}`);
  const [, version, status, reason] = start as unknown as [string, string, string, string];
  const stated = framingOf(head.fields, version);
  const isTunnel = status === '101' || (method === 'CONNECT' && status.startsWith('2'));
  const hasNone = status.startsWith('1') || status === '204' || isTunnel;
  if (hasNone && stated !== null) refuse(`a ${status} frames a body (RFC 9110 section 8.6)`);
  const isBodiless = hasNone || status === '304' || method === 'HEAD';
  const framing = isBodiless ? 'none' : (stated ?? 'close');
  return { ...head, start: [version, status, reason], framing };
}

function refuse(reason: string, isIncomplete = false): never {
  throw new StrictRefusal(reason, isIncomplete);
}

/** The line at `at` without its CRLF; CR and LF have no other place in it (RFC 9112 section 2.2). */
function readLine(text: string, at: number): { line: string; after: number } {
  const end = text.indexOf('\r\n', at);
  const line = text.slice(at, end < 0 ? text.length : end);
  if (/[\r\n\0]/.test(end < 0 ? line.replace(/\r$/, '') : line)) refuse('CR, LF or NUL within a line');
  if (end < 0) refuse('no end of line', true);
  return { line, after: end + 2 };
}

function readHead(text: string, at: number): { startLine: string; fields: Field[]; after: number } {
  const start = readLine(text, at);
  return { startLine: start.line, ...readFields(text, start.after) };
}

/** Up to the empty line. A folded line is no field-line, hence refused (RFC 9112 section 5.2). */
function readFields(text: string, from: number): { fields: Field[]; after: number } {
  const fields: Field[] = [];
  for (let at = from; ; ) {
    const { line, after } = readLine(text, at);
    if (line === '') return { fields, after };
    const [, name, value] = FIELD_LINE.exec(line) ?? refuse(`field line ${JSON.stringify(line)}`);
    fields.push([name!, value!.replace(/[\t ]+$/, '')]);
    at = after;
  }
}

export function valuesOf(fields: readonly Field[], lowerCaseName: string): string[] {
  return fields.filter(([name]) => name.toLowerCase() === lowerCaseName).map(([, value]) => value);
}

/** RFC 9112 section 3.2. */
function checkTarget(method: string, target: string): void {
  const isAsterisk = target === '*' && method === 'OPTIONS';
  const isKnown =
    method === 'CONNECT'
      ? AUTHORITY_FORM.test(target)
      : ORIGIN_FORM.test(target) || ABSOLUTE_FORM.test(target) || isAsterisk;
  if (!isKnown) refuse(`target ${JSON.stringify(target)} of ${method}`);
}

function checkHost(fields: readonly Field[], version: string): void {
  const hosts = valuesOf(fields, 'host');
  if (hosts.length > 1 || (hosts.length === 0 && version !== 'HTTP/1.0'))
    refuse(`${hosts.length} Host lines`);
  if (!hosts.every((host) => HOST.test(host))) refuse('Host is no host');
}

/** RFC 9112 section 6.3, where two statements, even equal ones, are one too many. Null: none is made. */
function framingOf(fields: readonly Field[], version: string): 'length' | 'chunked' | null {
  const codings = valuesOf(fields, 'transfer-encoding');
  const lengths = valuesOf(fields, 'content-length');
  if (codings.length + lengths.length > 1) refuse('the body is framed twice');
  if (codings.length === 1) {
    if (version === 'HTTP/1.0') refuse('HTTP/1.0 with Transfer-Encoding');
    if (!/^chunked$/i.test(codings[0]!)) refuse(`Transfer-Encoding ${JSON.stringify(codings[0])}`);
    return 'chunked';
  }
  if (lengths.length === 0) return null;
  if (!/^[0-9]{1,16}$/.test(lengths[0]!)) refuse(`Content-Length ${JSON.stringify(lengths[0])}`);
  return 'length';
}

function readBody(text: string, head: StrictHead): StrictMessage {
  const { framing, after } = head;
  const message = { ...head, trailers: [] };
  if (framing === 'none') return { ...message, body: '', end: after };
  if (framing === 'close') return { ...message, body: text.slice(after), end: text.length };
  if (framing === 'chunked') return { ...message, ...readChunks(text, after) };
  const end = after + Number(valuesOf(head.fields, 'content-length')[0]);
  if (text.length < end) refuse('the body is cut short', true);
  return { ...message, body: text.slice(after, end), end };
}

/** RFC 9112 section 7.1. */
function readChunks(text: string, from: number): Pick<StrictMessage, 'body' | 'trailers' | 'end'> {
  let body = '';
  for (let at = from; ; ) {
    const { line, after } = readLine(text, at);
    const [, digits] = CHUNK_LINE.exec(line) ?? refuse(`chunk line ${JSON.stringify(line)}`);
    const size = Number.parseInt(digits!, 16);
    if (size === 0) {
      const { fields, after: end } = readFields(text, after);
      const forbidden = fields.find(([name]) => NOT_IN_TRAILERS.test(name));
      if (forbidden !== undefined) refuse(`trailer ${forbidden[0]}`);
      return { body, trailers: fields, end };
    }
    if (text.length < after + size) refuse('a chunk is cut short', true);
    body += text.slice(after, after + size);
    const end = text.slice(after + size, after + size + 2);
    if (end !== '\r\n'.slice(0, end.length)) refuse('a chunk does not end in CRLF');
    if (end.length < 2) refuse('a chunk is cut short', true);
    at = after + size + 2;
  }
}
