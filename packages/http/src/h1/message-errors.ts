/** What is wrong with a message beyond its bytes (h1/errors.ts): its time, or its place in the exchange. */
import type { MessageError } from '../exchange/exchange.ts';

export const headTimeout: MessageError = {
  code: 'HEAD_TIMEOUT',
  status: 408,
  reason: 'the head of the request did not arrive in time',
};

/** Heads are given little room while the process has little (transport/memory-account.ts). */
export const headUnderPressure: MessageError = {
  code: 'HEAD_UNDER_PRESSURE',
  status: 503,
  reason: 'memory is tight, and the head of the request has not come whole',
};

export const tooManyInterim: MessageError = {
  code: 'TOO_MANY_INTERIM',
  status: 502,
  reason: 'too many interim responses precede the final one',
};

/** RFC 9110 section 15.2.2. */
export const uncalledSwitch: MessageError = {
  code: 'UNCALLED_SWITCH',
  status: 502,
  reason: 'the server switches protocols, and no upgrade was asked for',
};

/** RFC 8441 section 5: to an HTTP/2 client a 2xx would say that the tunnel is open. */
export const upgradeIgnored: MessageError = {
  code: 'UPGRADE_IGNORED',
  status: 502,
  reason: 'the server answered a request for a tunnel as if it were none',
};

/** RFC 6455 section 4.1. */
export const badWebSocketAccept: MessageError = {
  code: 'BAD_WEBSOCKET_ACCEPT',
  status: 502,
  reason: 'Sec-WebSocket-Accept does not belong to the key that was sent',
};
