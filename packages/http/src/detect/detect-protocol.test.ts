import { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseClientHello } from './client-hello.ts';
import { detectProtocol, MAX_DETECTION_BYTES } from './detect-protocol.ts';

const detect = (bytes: Buffer | string) => {
  const buffer = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  return detectProtocol(buffer, 0, buffer.length);
};

/** What node's own client sends first. */
function helloOf(options: { servername?: string; ALPNProtocols?: string[] }): Promise<Buffer> {
  return new Promise((resolve) => {
    const wire = new Duplex({
      read() {},
      write(bytes: Buffer, _encoding, done) {
        resolve(Buffer.from(bytes));
        done();
      },
    });
    connect({ ...options, socket: wire, rejectUnauthorized: false }).on('error', () => {});
  });
}

describe('detectProtocol', () => {
  it.each([
    ['GET / HTTP/1.1\r\n', 'http'],
    ['GET / HTTP/1.0\n', 'http'],
    ['\r\nPOST /a?b=c HTTP/1.1\r\nhost: a\r\n', 'http'],
    ['OPTIONS * HTTP/1.1\r\n', 'http'],
    ['M-SEARCH * HTTP/1.1\r\n', 'http'],
    ['CONNECT a:443 HTTP/1.1\r\n', 'http'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'http'],
    ['PRI * HTTP/2.0\r\n\r\nXX', 'opaque'],
    ['GET key\r\n', 'opaque'],
    ['get key\r\n', 'opaque'],
    ['GET /\r\n', 'opaque'],
    ['PING\r\n', 'opaque'],
    ['*1\r\n$4\r\nPING\r\n', 'opaque'],
    ['\x00\x00\x00\x08\x04\xd2\x16\x2f', 'opaque'],
    ['\x16\x03\x01\x40\x01', 'opaque'],
    ['\x16\x02', 'opaque'],
    ['GET /\x00', 'opaque'],
    ['A'.repeat(25), 'opaque'],
  ])('%j is %s', (bytes, kind) => {
    expect(detect(bytes).kind).toBe(kind);
  });

  it.each([
    ['', 'opaque'],
    ['P', 'opaque'],
    ['PRI * HT', 'opaque'],
    ['GET', 'opaque'],
    ['GET /index', 'http'],
    ['GET / HTTP/1.1\r', 'http'],
    ['\x16', 'opaque'],
    ['\x16\x03\x01\x02\x00\x01\x00', 'opaque'],
  ])('%j is not decided yet, and %s if nothing follows', (bytes, best) => {
    expect(detect(bytes)).toEqual({ kind: 'undecided', best });
  });

  it('stops waiting for the end of a request line that has none', () => {
    expect(detect(`GET /${'a'.repeat(MAX_DETECTION_BYTES)}`).kind).toBe('http');
  });

  it('reads name and protocols of a real client, wherever its hello is cut', async () => {
    const hello = await helloOf({ servername: 'Shop.Example', ALPNProtocols: ['h2', 'http/1.1'] });
    for (let length = 1; length < hello.length; length++) {
      expect(detect(hello.subarray(0, length)), `${length} bytes`).toEqual({
        kind: 'undecided',
        best: 'opaque',
      });
    }
    expect(detect(hello)).toEqual({
      kind: 'tls',
      hello: { serverName: 'shop.example', alpnProtocols: ['h2', 'http/1.1'] },
    });
  });

  it('reads a hello without extensions of interest', async () => {
    const hello = await helloOf({});
    expect(detect(hello)).toMatchObject({ kind: 'tls', hello: { serverName: null, alpnProtocols: [] } });
  });

  it('joins a hello that is spread over records', async () => {
    const hello = await helloOf({ servername: 'a.b', ALPNProtocols: ['x'] });
    const message = hello.subarray(5);
    const record = (part: Buffer) =>
      Buffer.concat([Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part]);
    const spread = Buffer.concat([
      record(message.subarray(0, 2)),
      record(message.subarray(2, 90)),
      record(message.subarray(90)),
    ]);
    expect(detect(spread)).toEqual(detect(hello));
  });

  it('never throws, and never changes its mind when more bytes come', () => {
    const start = fc.constantFrom(
      '',
      'GET /',
      'PRI * HTTP',
      '\x16\x03\x01',
      '\x16\x03\x01\x00\x2a\x01\x00\x00',
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), fc.nat(300), (prefix, tail, cut) => {
        const all = Buffer.concat([Buffer.from(prefix, 'latin1'), tail]);
        const early = detect(all.subarray(0, cut));
        if (early.kind !== 'undecided') expect(detect(all)).toEqual(early);
      }),
      { numRuns: 5_000 },
    );
  });

  it('takes a hello with any byte changed for a hello or not, without throwing', async () => {
    const hello = await helloOf({ servername: 'a.b', ALPNProtocols: ['x'] });
    fc.assert(
      fc.property(fc.nat(hello.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(hello);
        changed[at] = byte;
        expect(['hello', 'incomplete', 'not-tls']).toContain(
          parseClientHello(changed, 0, changed.length).kind,
        );
      }),
      { numRuns: 3_000 },
    );
  });
});
