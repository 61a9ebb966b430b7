/**
 * Fields that frame, route or concern the connection, and so cannot be trailers (RFC 9110 section 6.5.1).
 * HTTP/1.1 refuses a message that has them, HTTP/2 those that speak of the connection; there the others are
 * dropped.
 */
export const FORBIDDEN_TRAILERS: readonly Buffer[] = [
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
].map((name) => Buffer.from(name));

export const LONGEST_FORBIDDEN = 17;
