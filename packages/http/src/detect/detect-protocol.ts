import { type ClientHello, parseClientHello } from './client-hello.ts';

/** What a client's first bytes say that it speaks. */
export type DetectedProtocol =
  /** HTTP/1.x, or HTTP/2 by prior knowledge: serveHttp() tells them apart. */
  | { readonly kind: 'http' }
  | { readonly kind: 'tls'; readonly hello: ClientHello }
  | { readonly kind: 'opaque' }
  /** More bytes will tell. `best`: what to take it for if none come. */
  | { readonly kind: 'undecided'; readonly best: 'http' | 'opaque' };

/** Beyond it nobody is waited for. */
export const MAX_DETECTION_BYTES = 16 * 1024;

/** RFC 9113 section 3.4. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const HTTP_VERSION = Buffer.from(' HTTP/1.');
/** The longest registered method has 17 characters (UPDATEREDIRECTREF). */
const MAX_METHOD_BYTES = 24;
const SPACE = 32;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const TLS_HANDSHAKE = 22;

const http: DetectedProtocol = { kind: 'http' };
const opaque: DetectedProtocol = { kind: 'opaque' };
const maybeHttp: DetectedProtocol = { kind: 'undecided', best: 'http' };
const maybeAnything: DetectedProtocol = { kind: 'undecided', best: 'opaque' };

/**
 * Looks at all that a client has sent so far. HTTP/1 is what has a whole request line with its version (RFC 9112
 * section 3): a method and a target alone could be the inline command of a database.
 */
export function detectProtocol(buffer: Buffer, start: number, end: number): DetectedProtocol {
  const isFull = end - start >= MAX_DETECTION_BYTES;
  const detected = buffer[start] === TLS_HANDSHAKE ? tls(buffer, start, end) : text(buffer, start, end);
  if (detected.kind !== 'undecided' || !isFull) return detected;
  return detected.best === 'http' ? http : opaque;
}

function tls(buffer: Buffer, start: number, end: number): DetectedProtocol {
  const result = parseClientHello(buffer, start, end);
  if (result.kind === 'hello') return { kind: 'tls', hello: result.hello };
  return result.kind === 'incomplete' ? maybeAnything : opaque;
}

function text(buffer: Buffer, start: number, end: number): DetectedProtocol {
  const common = Math.min(end - start, PREFACE.length);
  const isPreface = buffer.compare(PREFACE, 0, common, start, start + common) === 0;
  if (isPreface) return common === PREFACE.length ? http : maybeAnything;
  return requestLine(buffer, skipEmptyLine(buffer, start, end), end);
}

/** A server ignores an empty line before the request line (RFC 9112 section 2.2). */
function skipEmptyLine(buffer: Buffer, start: number, end: number): number {
  let at = start;
  if (at < end && buffer[at] === CARRIAGE_RETURN) at++;
  return at < end && buffer[at] === LINE_FEED ? at + 1 : start;
}

function requestLine(buffer: Buffer, start: number, end: number): DetectedProtocol {
  const methodLimit = Math.min(end, start + MAX_METHOD_BYTES);
  let at = start;
  while (at < methodLimit && isMethodByte(buffer[at]!)) at++;
  if (at === end && at - start < MAX_METHOD_BYTES) return maybeAnything;
  if (at === start || buffer[at] !== SPACE) return opaque;
  const lineEnd = buffer.indexOf(LINE_FEED, at);
  if (lineEnd >= 0 && lineEnd < end) return isVersioned(buffer, at, lineEnd) ? http : opaque;
  return isTargetText(buffer, at + 1, end) ? maybeHttp : opaque;
}

/** Methods in use are upper case, with hyphens (`M-SEARCH`, `VERSION-CONTROL`). */
function isMethodByte(byte: number): boolean {
  return (byte >= 65 && byte <= 90) || byte === 45;
}

/** The line ends with ` HTTP/1.` and a digit. */
function isVersioned(buffer: Buffer, start: number, lineEnd: number): boolean {
  const end = buffer[lineEnd - 1] === CARRIAGE_RETURN ? lineEnd - 1 : lineEnd;
  const at = end - 1 - HTTP_VERSION.length;
  if (at <= start) return false;
  const digit = buffer[end - 1]!;
  const isDigit = digit >= 48 && digit <= 57;
  return isDigit && buffer.compare(HTTP_VERSION, 0, HTTP_VERSION.length, at, end - 1) === 0;
}

function isTargetText(buffer: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (buffer[i]! < SPACE || buffer[i]! === 127) return buffer[i] === 13;
  return true;
}
