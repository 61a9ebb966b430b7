/**
 * Why a field section makes no message (RFC 9113 section 8). With status 400 it is malformed: the stream ends
 * with PROTOCOL_ERROR (section 8.1.1). With another it is well-formed, and can be answered.
 */
import type { MessageError } from '../exchange/exchange.ts';

export const H2_BAD_FIELD_NAME = 1;
export const H2_BAD_FIELD_VALUE = 2;
export const H2_CONNECTION_FIELD = 3;
export const H2_BAD_TE = 4;
export const H2_UNKNOWN_PSEUDO = 5;
export const H2_REPEATED_PSEUDO = 6;
export const H2_LATE_PSEUDO = 7;
export const H2_MISSING_PSEUDO = 8;
export const H2_BAD_METHOD = 9;
export const H2_BAD_SCHEME = 10;
export const H2_BAD_PATH = 11;
export const H2_TARGET_TOO_LONG = 12;
export const H2_BAD_AUTHORITY = 13;
export const H2_MISSING_AUTHORITY = 14;
export const H2_REPEATED_HOST = 15;
export const H2_OTHER_HOST = 16;
export const H2_BAD_CONNECT = 17;
export const H2_BAD_CONTENT_LENGTH = 18;
export const H2_REPEATED_CONTENT_LENGTH = 19;
export const H2_LENGTH_WITHOUT_BODY = 20;
export const H2_BAD_STATUS = 21;
export const H2_BAD_INTERIM = 22;
export const H2_FIELDS_TOO_LARGE = 23;

/** By the number that h2/read-*-fields.ts give. */
export const h2FieldErrors: Readonly<Record<number, MessageError>> = {
  [H2_BAD_FIELD_NAME]: malformed('BAD_HEADER_NAME', 'a field name is not a token in lower case'),
  [H2_BAD_FIELD_VALUE]: malformed(
    'BAD_HEADER_VALUE',
    'a field value holds a control byte, or white space at an end',
  ),
  [H2_CONNECTION_FIELD]: malformed('CONNECTION_FIELD', 'a field speaks of the connection'),
  [H2_BAD_TE]: malformed('BAD_TE', 'TE is not `trailers`'),
  [H2_UNKNOWN_PSEUDO]: malformed('UNKNOWN_PSEUDO_FIELD', 'a pseudo-header field is not defined here'),
  [H2_REPEATED_PSEUDO]: malformed('REPEATED_PSEUDO_FIELD', 'a pseudo-header field is repeated'),
  [H2_LATE_PSEUDO]: malformed('LATE_PSEUDO_FIELD', 'a pseudo-header field follows another field'),
  [H2_MISSING_PSEUDO]: malformed('MISSING_PSEUDO_FIELD', 'a pseudo-header field is missing'),
  [H2_BAD_METHOD]: malformed('BAD_METHOD', 'the method is not a token of at most 32 bytes'),
  [H2_BAD_SCHEME]: malformed('BAD_SCHEME', 'the scheme is neither http nor https'),
  [H2_BAD_PATH]: malformed('BAD_TARGET', 'the path is not in origin-form'),
  [H2_TARGET_TOO_LONG]: { code: 'TARGET_TOO_LONG', status: 414, reason: 'the path is too long' },
  [H2_BAD_AUTHORITY]: malformed('BAD_HOST', 'the authority is not a host and port'),
  [H2_MISSING_AUTHORITY]: malformed('MISSING_HOST', 'the request names no host'),
  [H2_REPEATED_HOST]: malformed('REPEATED_HOST', 'Host is repeated'),
  [H2_OTHER_HOST]: malformed('OTHER_HOST', 'Host and :authority differ'),
  [H2_BAD_CONNECT]: malformed(
    'BAD_CONNECT',
    'CONNECT has a scheme, a path or a body, or lacks host and port',
  ),
  [H2_BAD_CONTENT_LENGTH]: malformed('BAD_CONTENT_LENGTH', 'Content-Length is not a number'),
  [H2_REPEATED_CONTENT_LENGTH]: malformed('REPEATED_CONTENT_LENGTH', 'Content-Length is repeated'),
  [H2_LENGTH_WITHOUT_BODY]: malformed('BODY_LENGTH', 'Content-Length announces a body that does not come'),
  [H2_BAD_STATUS]: malformed('BAD_STATUS', 'the status is not a number from 100 to 599, or 101'),
  [H2_BAD_INTERIM]: malformed('BAD_INTERIM', 'an interim response ends the stream'),
  [H2_FIELDS_TOO_LARGE]: { code: 'HEAD_TOO_LARGE', status: 431, reason: 'the fields are too large' },
};

function malformed(code: string, reason: string): MessageError {
  return { code, status: 400, reason };
}
