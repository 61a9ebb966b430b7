/** Why an HTTP/2 message is not accepted, beyond its fields (RFC 9113 section 8). */
import type { MessageError, StreamFailure } from '../exchange/exchange.ts';

export const bodyLengthMismatch: MessageError = {
  code: 'BODY_LENGTH_MISMATCH',
  status: 400,
  reason: 'the content is not as long as content-length says',
};
export const trailersWithoutEnd: MessageError = {
  code: 'TRAILERS_WITHOUT_END',
  status: 400,
  reason: 'trailers do not end the stream',
};
export const fieldsOnTunnel: MessageError = {
  code: 'FIELDS_ON_TUNNEL',
  status: 400,
  reason: 'a tunnel carries only DATA',
};
export const dataBeforeHead: MessageError = {
  code: 'DATA_BEFORE_HEAD',
  status: 400,
  reason: 'DATA precedes the final response head',
};
export const headTooLarge: MessageError = {
  code: 'HEAD_TOO_LARGE',
  status: 431,
  reason: 'the field section is too large',
};
export const tooManyInterim: MessageError = {
  code: 'TOO_MANY_INTERIM',
  status: 400,
  reason: 'too many interim responses precede the final one',
};
export const windowKeptShut: MessageError = {
  code: 'WINDOW_KEPT_SHUT',
  status: 408,
  reason: 'the peer gives no credit for what is to be sent',
};
export const extendedConnectUnsupported: MessageError = {
  code: 'EXTENDED_CONNECT_UNSUPPORTED',
  status: 501,
  reason: 'the peer does not take extended CONNECT (RFC 8441)',
};

/** The connection, or a stream by its frames, broke a rule of framing. */
export function framingError(reason: string): MessageError {
  return { code: 'H2_FRAMING', status: 400, reason };
}

export function protocolFailure(error: MessageError): StreamFailure {
  return { kind: 'protocol', error };
}
