/**
 * The handshake of WebSocket has fields in HTTP/1.1 that HTTP/2 does without (RFC 6455 section 4,
 * RFC 8441 section 5): they are made where a tunnel passes from the one to the other.
 */
import { createHash, randomBytes } from 'node:crypto';

export const WEBSOCKET = 'websocket';
export const WEBSOCKET_KEY = 'sec-websocket-key';
export const WEBSOCKET_ACCEPT = 'sec-websocket-accept';

/** RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** RFC 6455 section 4.1, point 7: 16 random bytes. */
export function makeWebSocketKey(): string {
  return randomBytes(16).toString('base64');
}

/** RFC 6455 section 4.2.2, point 5.4. */
export function webSocketAccept(key: string): string {
  return createHash('sha1').update(`${key}${GUID}`).digest('base64');
}
