/** Why a message is not accepted, and the status that a server answers (RFC 9110 section 15). */

export interface H1Error {
  readonly code: string;
  readonly status: 400 | 414 | 431 | 501 | 505;
  readonly reason: string;
}

export const H1_BAD_METHOD = 1;
export const H1_BAD_TARGET = 2;
export const H1_TARGET_TOO_LONG = 3;
export const H1_BAD_VERSION = 4;
export const H1_UNSUPPORTED_VERSION = 5;
export const H1_BAD_LINE_END = 6;
export const H1_BAD_HEADER_NAME = 7;
export const H1_BAD_HEADER_VALUE = 8;
export const H1_OBS_FOLD = 9;
export const H1_SPACE_BEFORE_COLON = 10;
export const H1_HEAD_TOO_LARGE = 11;
export const H1_TOO_MANY_HEADERS = 12;
export const H1_MISSING_HOST = 13;
export const H1_REPEATED_HOST = 14;
export const H1_BAD_HOST = 15;
export const H1_BAD_CONTENT_LENGTH = 16;
export const H1_REPEATED_CONTENT_LENGTH = 17;
export const H1_LENGTH_AND_ENCODING = 18;
export const H1_UNSUPPORTED_ENCODING = 19;
export const H1_REPEATED_ENCODING = 20;
export const H1_ENCODING_IN_1_0 = 21;
export const H1_BAD_CONNECTION = 22;
export const H1_BAD_STATUS = 23;
export const H1_BAD_CHUNK_SIZE = 24;
export const H1_CHUNK_EXTENSION_TOO_LONG = 25;
export const H1_BAD_CHUNK_END = 26;
export const H1_BAD_TRAILER = 27;
export const H1_FORBIDDEN_TRAILER = 28;
export const H1_TRAILERS_TOO_LARGE = 29;
export const H1_CONNECT_WITH_BODY = 30;
export const H1_PADDED_ENCODING = 31;

/** By the number that a parser gives (negated) or a BodyReader holds. */
export const h1Errors: Readonly<Record<number, H1Error>> = {
  [H1_BAD_METHOD]: {
    code: 'BAD_METHOD',
    status: 400,
    reason: 'the method is not a token of at most 32 bytes',
  },
  [H1_BAD_TARGET]: {
    code: 'BAD_TARGET',
    status: 400,
    reason: 'the request target has none of the four forms',
  },
  [H1_TARGET_TOO_LONG]: { code: 'TARGET_TOO_LONG', status: 414, reason: 'the request target is too long' },
  [H1_BAD_VERSION]: { code: 'BAD_VERSION', status: 400, reason: 'the start line has no HTTP version' },
  [H1_UNSUPPORTED_VERSION]: {
    code: 'UNSUPPORTED_VERSION',
    status: 505,
    reason: 'only HTTP/1.x is spoken here',
  },
  [H1_BAD_LINE_END]: { code: 'BAD_LINE_END', status: 400, reason: 'a line does not end in CRLF' },
  [H1_BAD_HEADER_NAME]: { code: 'BAD_HEADER_NAME', status: 400, reason: 'a header name is not a token' },
  [H1_BAD_HEADER_VALUE]: {
    code: 'BAD_HEADER_VALUE',
    status: 400,
    reason: 'a header value holds a control byte',
  },
  [H1_OBS_FOLD]: { code: 'OBS_FOLD', status: 400, reason: 'a header line is folded' },
  [H1_SPACE_BEFORE_COLON]: {
    code: 'SPACE_BEFORE_COLON',
    status: 400,
    reason: 'white space precedes a colon',
  },
  [H1_HEAD_TOO_LARGE]: { code: 'HEAD_TOO_LARGE', status: 431, reason: 'the head is too large' },
  [H1_TOO_MANY_HEADERS]: { code: 'TOO_MANY_HEADERS', status: 431, reason: 'the head has too many lines' },
  [H1_MISSING_HOST]: { code: 'MISSING_HOST', status: 400, reason: 'an HTTP/1.1 request names no host' },
  [H1_REPEATED_HOST]: { code: 'REPEATED_HOST', status: 400, reason: 'Host is repeated' },
  [H1_BAD_HOST]: { code: 'BAD_HOST', status: 400, reason: 'Host is not a host and port' },
  [H1_BAD_CONTENT_LENGTH]: {
    code: 'BAD_CONTENT_LENGTH',
    status: 400,
    reason: 'Content-Length is not a number',
  },
  [H1_REPEATED_CONTENT_LENGTH]: {
    code: 'REPEATED_CONTENT_LENGTH',
    status: 400,
    reason: 'Content-Length is repeated',
  },
  [H1_LENGTH_AND_ENCODING]: {
    code: 'LENGTH_AND_ENCODING',
    status: 400,
    reason: 'both Content-Length and Transfer-Encoding are given',
  },
  [H1_UNSUPPORTED_ENCODING]: {
    code: 'UNSUPPORTED_ENCODING',
    status: 501,
    reason: 'a transfer coding other than chunked is given',
  },
  [H1_REPEATED_ENCODING]: { code: 'REPEATED_ENCODING', status: 400, reason: 'Transfer-Encoding is repeated' },
  [H1_ENCODING_IN_1_0]: { code: 'ENCODING_IN_1_0', status: 400, reason: 'HTTP/1.0 has no Transfer-Encoding' },
  [H1_BAD_CONNECTION]: {
    code: 'BAD_CONNECTION',
    status: 400,
    reason: 'Connection is malformed or names a field that frames or routes the message',
  },
  [H1_BAD_STATUS]: { code: 'BAD_STATUS', status: 400, reason: 'the status is not a number from 100 to 599' },
  [H1_BAD_CHUNK_SIZE]: {
    code: 'BAD_CHUNK_SIZE',
    status: 400,
    reason: 'a chunk size is not a hexadecimal number',
  },
  [H1_CHUNK_EXTENSION_TOO_LONG]: {
    code: 'CHUNK_EXTENSION_TOO_LONG',
    status: 400,
    reason: 'chunk extensions are too long',
  },
  [H1_BAD_CHUNK_END]: { code: 'BAD_CHUNK_END', status: 400, reason: 'a chunk does not end in CRLF' },
  [H1_BAD_TRAILER]: { code: 'BAD_TRAILER', status: 400, reason: 'a trailer line is malformed' },
  [H1_FORBIDDEN_TRAILER]: {
    code: 'FORBIDDEN_TRAILER',
    status: 400,
    reason: 'a trailer names a field that frames or routes the message',
  },
  [H1_TRAILERS_TOO_LARGE]: { code: 'TRAILERS_TOO_LARGE', status: 431, reason: 'the trailers are too large' },
  [H1_CONNECT_WITH_BODY]: { code: 'CONNECT_WITH_BODY', status: 400, reason: 'CONNECT frames a body' },
  [H1_PADDED_ENCODING]: {
    code: 'PADDED_ENCODING',
    status: 400,
    reason: 'white space that readers take differently surrounds the transfer coding',
  },
};

/** The error behind a parser's negative answer or a BodyReader's errorCode. */
export function h1ErrorOf(code: number): H1Error {
  const error = h1Errors[Math.abs(code)];
  if (error === undefined) throw new RangeError(`no HTTP/1.1 error has the number ${code}`);
  return error;
}
