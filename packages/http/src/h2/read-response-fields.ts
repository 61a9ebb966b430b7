/** A response's fields (RFC 9113 section 8.3.2). */
import { KIND_CONTENT_LENGTH, KIND_PLAIN, KIND_STATUS, KIND_TE } from '../hpack/field-kind.ts';
import { FRAMING_NONE, FRAMING_STREAM } from '../message/head-index.ts';
import type { ResponseHead } from '../message/response-head.ts';
import {
  H2_BAD_INTERIM,
  H2_BAD_STATUS,
  H2_CONNECTION_FIELD,
  H2_FIELDS_TOO_LARGE,
  H2_LENGTH_WITHOUT_BODY,
  H2_MISSING_PSEUDO,
  H2_REPEATED_PSEUDO,
  H2_UNKNOWN_PSEUDO,
} from './field-errors.ts';
import {
  dropPseudoFields,
  endHead,
  errorOfKind,
  isPseudoKind,
  noteContentLength,
  takeKind,
} from './settle-fields.ts';

/**
 * Makes the section that HpackDecoder has decoded into `head` a response: 0, or a key of h2FieldErrors.
 * `isEnd`: END_STREAM came with it. The buffer must have two bytes of room behind the lines. With FRAMING_NONE no
 * content follows, though an empty DATA frame may. `requestAskedForTunnel`: CONNECT, or that of RFC 8441.
 */
export function readResponseFields(
  head: ResponseHead,
  isEnd: boolean,
  requestWasHead: boolean,
  requestAskedForTunnel: boolean,
): number {
  head.httpMajor = 2;
  head.keepAlive = true;
  const error =
    readStatus(head) || readFields(head) || settleBody(head, isEnd, requestWasHead, requestAskedForTunnel);
  if (error !== 0) return error;
  return endHead(head) ? 0 : H2_FIELDS_TOO_LARGE;
}

/** One pseudo-header field, `:status`, with three digits (RFC 9110 section 15); 101 is HTTP/1.1's alone (RFC 9113 section 8.6). */
function readStatus(head: ResponseHead): number {
  let index = 0;
  for (; index < head.count; index++) {
    const kind = takeKind(head, index);
    if (!isPseudoKind(kind)) {
      head.flags[index]! |= kind;
      break;
    }
    if (kind !== KIND_STATUS) return H2_UNKNOWN_PSEUDO;
    if (index > 0) return H2_REPEATED_PSEUDO;
  }
  if (index === 0) return H2_MISSING_PSEUDO;
  const start = head.valueStart[0]!;
  const hundreds = head.buffer[start]! - 48;
  const tens = head.buffer[start + 1]! - 48;
  const ones = head.buffer[start + 2]! - 48;
  const isStatus = hundreds >= 1 && hundreds <= 5 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9;
  if (head.valueEnd[0]! - start !== 3 || !isStatus) return H2_BAD_STATUS;
  head.status = hundreds * 100 + tens * 10 + ones;
  dropPseudoFields(head, 1);
  return head.status === 101 ? H2_BAD_STATUS : 0;
}

function readFields(head: ResponseHead): number {
  for (let i = 0; i < head.count; i++) {
    const kind = takeKind(head, i);
    if (kind === KIND_PLAIN) continue;
    // RFC 9113 section 8.2.2: TE is for requests.
    const error =
      kind === KIND_CONTENT_LENGTH
        ? noteContentLength(head, i)
        : kind === KIND_TE
          ? H2_CONNECTION_FIELD
          : errorOfKind(kind);
    if (error !== 0) return error;
  }
  return 0;
}

function settleBody(
  head: ResponseHead,
  isEnd: boolean,
  requestWasHead: boolean,
  requestAskedForTunnel: boolean,
): number {
  const { status } = head;
  // RFC 9113 section 8.1.
  if (status < 200 && isEnd) return H2_BAD_INTERIM;
  const isTunnel = requestAskedForTunnel && status >= 200 && status < 300;
  if (status < 200 || status === 204 || isTunnel) {
    // RFC 9110 section 8.6: these must not have it at all.
    if (head.lengthIndex >= 0) head.drop(head.lengthIndex);
    head.framing = FRAMING_NONE;
  } else if (requestWasHead || status === 304) head.framing = FRAMING_NONE;
  else if (isEnd && head.contentLength > 0) return H2_LENGTH_WITHOUT_BODY;
  else head.framing = isEnd ? FRAMING_NONE : FRAMING_STREAM;
  return 0;
}
