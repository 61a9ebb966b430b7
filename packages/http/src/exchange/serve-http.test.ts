import { describe, expect, it } from 'vitest';
import { MemoryTransport } from '../h2/testing/memory-transport.ts';
import type { ServerConnectionHandler } from './exchange.ts';
import { defaultHttpLimits, defaultServerTimeouts } from './limits.ts';
import { sendLocalResponse } from './local-response.ts';
import { serveHttp } from './serve-http.ts';

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** RFC 9113 section 6.5: an empty SETTINGS frame. */
const settings = '\0\0\0\x04\0\0\0\0\0';

function served(alpnProtocol: string | null = null) {
  const transport = Object.assign(new MemoryTransport(), { alpnProtocol });
  const paths: string[] = [];
  const state = { output: '', closes: 0, nowMs: 0, transport, paths };
  transport.onWritten = (bytes) => {
    state.output += bytes.toString('latin1');
  };
  const handler: ServerConnectionHandler = {
    onRequest(stream, head) {
      paths.push(`${head.method()} ${head.path()}`);
      sendLocalResponse(stream, 204, [], '');
    },
    onBadRequest(stream, error) {
      if (stream !== null) sendLocalResponse(stream, error.status, [], '');
    },
    onClose() {
      state.closes++;
    },
  };
  const connection = serveHttp(transport, handler, {
    limits: defaultHttpLimits,
    timeouts: { ...defaultServerTimeouts, headMs: 100, idleMs: 1_000 },
    observer: { onLimit() {}, onProtocolError() {} },
    nowMs: () => state.nowMs,
  });
  return { ...state, state, connection };
}

function deliver(transport: MemoryTransport, text: string, cut: number): void {
  for (const part of [text.slice(0, cut), text.slice(cut)]) {
    if (part !== '') transport.deliver(Buffer.from(part, 'latin1'));
  }
}

describe('the version that a client speaks', () => {
  it.each(['GET', 'POST', 'PRI', 'PRIX'])('RFC 9113 section 3.4: %s is HTTP/1.1, at any split', (method) => {
    const text = `${method} /a HTTP/1.1\r\nHost: a\r\n\r\n`;
    for (let cut = 0; cut < text.length; cut++) {
      const { transport, paths, connection } = served();
      deliver(transport, text, cut);
      expect(paths).toEqual([`${method} /a`]);
      expect(connection.httpMajor).toBe(1);
    }
  });

  it('the preface is HTTP/2, at any split', async () => {
    const text = preface + settings;
    for (let cut = 0; cut < text.length; cut++) {
      const { transport, state, connection } = served();
      deliver(transport, text, cut);
      expect(connection.httpMajor).toBe(2);
      // Our SETTINGS, and the acknowledgement of theirs.
      await expect.poll(() => state.output).toContain('\0\0\0\x04\x01\0\0\0\0');
      expect(transport.isOver).toBe(false);
    }
  });

  it('what only begins like the preface is refused', () => {
    const { transport, state } = served();
    transport.deliver(Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'));
    expect(state.output).toContain('HTTP/1.1 505 ');
  });

  it('ALPN decides at once', () => {
    expect(served('h2').connection.httpMajor).toBe(2);
    expect(served('http/1.1').connection.httpMajor).toBe(1);
  });
});

describe('a connection before its first byte', () => {
  it('closes when idle, and sooner within the preface', async () => {
    const idle = served();
    idle.connection.onSweep(999);
    expect(idle.transport.isAborted).toBe(false);
    idle.connection.onSweep(1_000);
    await expect.poll(() => idle.state.closes).toBe(1);
    const begun = served();
    begun.transport.deliver(Buffer.from('PRI'));
    begun.connection.onSweep(100);
    await expect.poll(() => begun.state.closes).toBe(1);
  });

  it('drains, aborts and ends', async () => {
    for (const end of [
      ({ connection }: ReturnType<typeof served>) => connection.drain(),
      ({ transport }: ReturnType<typeof served>) => transport.deliverEnd(),
      ({ connection }: ReturnType<typeof served>) => connection.abort(),
    ]) {
      const one = served();
      expect(one.connection.activeStreams).toBe(0);
      end(one);
      if (one.transport.isEnded) one.transport.deliverEnd();
      await expect.poll(() => one.state.closes).toBe(1);
    }
  });
});
