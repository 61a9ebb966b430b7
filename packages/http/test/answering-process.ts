/** A server of nothing but the codecs, as a process of its own: answers every request by 200 `ok`. Argument: the backend. */
import {
  defaultHttpLimits,
  defaultServerTimeouts,
  listenTcp,
  type ServerConnectionHandler,
  sendLocalResponse,
  serveHttp,
  type TransportBackend,
} from '../src/index.ts';

const handler: ServerConnectionHandler = {
  onRequest: (stream) => sendLocalResponse(stream, 200, [], 'ok'),
  onBadRequest: (stream, { status, reason }) => {
    if (stream !== null) sendLocalResponse(stream, status, [], reason);
  },
  onClose() {},
};

const { port } = await listenTcp({
  host: '127.0.0.1',
  port: 0,
  backend: process.argv[2] as TransportBackend,
  onConnection: (transport) => {
    serveHttp(transport, handler, {
      limits: defaultHttpLimits,
      timeouts: defaultServerTimeouts,
      observer: { onLimit() {}, onProtocolError() {} },
      nowMs: () => performance.now(),
    });
  },
  onError: (error) => {
    throw error;
  },
});
console.log(JSON.stringify({ msg: 'listening', port }));
