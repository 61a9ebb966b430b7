/** What a response to CONNECT or Upgrade needs to know of its request, which is gone by then. */
import { WEBSOCKET, WEBSOCKET_ACCEPT, WEBSOCKET_KEY, webSocketAccept } from '../exchange/websocket.ts';
import { latin1 } from '../message/bytes.ts';
import { FRAMING_NONE } from '../message/head-index.ts';
import type { RequestHead } from '../message/request-head.ts';
import type { ResponseHead } from '../message/response-head.ts';

/** RFC 9110 section 7.8: a name, with a version or not. */
const ONE_PROTOCOL = /^[!#$%&'*+.^_`|~0-9a-z-]+(\/[!#$%&'*+.^_`|~0-9a-z-]+)?$/;

export interface TunnelRequest {
  readonly isConnect: boolean;
  /** Of an upgrade, as the client wrote it. */
  readonly protocol: string;
  /** Of a WebSocket's handshake. */
  readonly webSocketKey: string | null;
}

export function tunnelRequestOf(head: RequestHead): TunnelRequest | null {
  if (!head.asksForTunnel) return null;
  const protocol = head.hasUpgrade ? latin1(head.buffer, head.protocolStart, head.protocolEnd) : '';
  const isWebSocket = protocol.toLowerCase() === WEBSOCKET;
  return { isConnect: head.isConnect, protocol, webSocketKey: isWebSocket ? head.get(WEBSOCKET_KEY) : null };
}

/**
 * A server may ignore Upgrade (RFC 9110 section 7.8), and this one does: with a body, which would have to
 * come before the tunnel's bytes; and where another HTTP is asked for, since requests within a tunnel
 * would pass unseen. HTTP/2 could carry neither a list nor a method (RFC 8441 section 4).
 */
export function ignoreUpgrade(head: RequestHead): boolean {
  if (head.framing !== FRAMING_NONE && head.contentLength !== 0) return true;
  if (head.method() !== 'GET') return true;
  const protocol = head.upgradeProtocol();
  return !ONE_PROTOCOL.test(protocol) || isHttp(protocol);
}

/** `h2c`, and `HTTP/2.0` or the like (the registry of upgrade tokens, RFC 9110 section 16.7). */
function isHttp(protocol: string): boolean {
  const name = protocol.split('/')[0]!;
  return name === 'h2c' || name === 'h2' || name === 'http';
}

/** Does `head` open the tunnel? From HTTP/2, where no other status says so, by any 2xx (RFC 8441 section 4). */
export function opensTunnel(request: TunnelRequest, head: ResponseHead): boolean {
  const isSuccess = head.status >= 200 && head.status < 300;
  if (request.isConnect) return isSuccess;
  return head.httpMajor === 2 ? isSuccess : head.status === 101;
}

/** The lines that a 101 of HTTP/1.1 has and `head` has not. */
export function switchingLines(request: TunnelRequest, head: ResponseHead): Buffer {
  const named = head.httpMajor === 1 && head.upgradeIndex >= 0 ? head.value(head.upgradeIndex) : '';
  let lines = `connection: upgrade\r\nupgrade: ${named === '' ? request.protocol : named}\r\n`;
  if (request.webSocketKey !== null && head.find(WEBSOCKET_ACCEPT) < 0) {
    lines += `${WEBSOCKET_ACCEPT}: ${webSocketAccept(request.webSocketKey)}\r\n`;
  }
  return Buffer.from(lines, 'latin1');
}
