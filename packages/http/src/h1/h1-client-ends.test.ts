import { describe, expect, it } from 'vitest';
import { TransportError } from '../transport/transport.ts';
import { H1ClientUnderTest } from './testing/h1-client-under-test.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';

describe('connections that end', () => {
  const refused = new TransportError('ECONNREFUSED', 'connect', 'refused');
  const reset = new TransportError('ECONNRESET', 'read', 'reset');
  const alert = new TransportError('ERR_SSL_TLSV13_ALERT', 'handshake', 'alert');

  it.each<[what: string, isUp: boolean, error: TransportError | null, failure: object]>([
    ['before it stands', false, refused, { kind: 'connect', error: refused }],
    ['by an alert after the handshake', true, alert, { kind: 'connect', error: alert }],
    ['by a reset', true, reset, { kind: 'closed', isReused: false, hasResponse: false, error: reset }],
    ['in order', true, null, { kind: 'closed', isReused: false, hasResponse: false, error: null }],
  ])('%s', (_, isUp, error, failure) => {
    const client = new H1ClientUnderTest();
    const request = client.send();
    if (isUp) client.connection.onConnect();
    client.transport.fail(error);
    expect(request.failure).toEqual(failure);
    expect(client.told).toEqual(['retiring', 'closed']);
    expect(client.closeError).toBe(error);
  });

  it.each([
    ['nothing', '', false],
    ['a byte', 'H', true],
    ['part of a body', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh', true],
    ['part of a chunked body', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n', true],
  ])('within a response: %s had come', (_, text, hasResponse) => {
    const client = new H1ClientUnderTest();
    client.connection.onConnect();
    client.send();
    client.receive(ok);
    const request = client.send();
    if (text !== '') client.receive(text);
    client.transport.deliverEnd();
    expect(request.failure).toEqual({ kind: 'closed', isReused: true, hasResponse, error: null });
    expect(client.transport.isAborted).toBe(true);
  });

  it('an idle one tells at once that it is of no more use', async () => {
    for (const end of [
      (c: H1ClientUnderTest) => c.transport.deliverEnd(),
      (c: H1ClientUnderTest) => c.receive(ok),
    ]) {
      const client = new H1ClientUnderTest();
      client.send();
      client.receive(ok);
      end(client);
      expect(client.told).toEqual(['capacity', 'retiring']);
      expect(client.connection.capacity).toBe(0);
      await expect.poll(() => client.told).toContain('closed');
    }
  });

  it('retire() half-closes an idle one, and a busy one after its exchange', () => {
    const client = new H1ClientUnderTest();
    const request = client.send();
    client.connection.retire();
    expect(client.transport.isEnded).toBe(false);
    client.receive(ok);
    expect(request.isEnded).toBe(true);
    expect(client.transport.isEnded).toBe(true);
    expect(client.transport.isAborted).toBe(false);
    expect(client.told).toEqual([]);
    expect(client.connection.capacity).toBe(0);
  });

  it('an aborted stream ends the connection, without an event', async () => {
    const client = new H1ClientUnderTest();
    const request = client.send();
    request.during(() => request.stream.abort('cancel'));
    client.receive(ok);
    expect(client.transport.isAborted).toBe(true);
    await expect.poll(() => client.told).toEqual(['closed']);
    expect(request).toMatchObject({ failure: null, status: 0 });
    expect(client.connection.activeStreams).toBe(0);
  });

  it('no event follows an abort from within one, whatever was read with it', () => {
    for (const rest of ['0\r\nx: y\r\n\r\n', 'x']) {
      const client = new H1ClientUnderTest();
      const request = client.send();
      request.onEvent = (event) => event === 'body' && request.stream.abort('cancel');
      client.receive(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n${rest}`);
      expect(request).toMatchObject({ body: 'a', trailers: null, failure: null });
    }
  });

  it('a pause that came just before the end does not outlive the exchange', () => {
    const client = new H1ClientUnderTest();
    const request = client.send();
    request.onEvent = (event) => event === 'body' && request.stream.pause();
    client.receive('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: y\r\n\r\n');
    expect(request).toMatchObject({ body: 'a', isEnded: true });
    expect(client.transport.isPaused).toBe(false);
    const next = client.send();
    client.receive(ok);
    expect(next.isEnded).toBe(true);
  });

  it('an abort from within an event ends the events', () => {
    const client = new H1ClientUnderTest();
    const request = client.send();
    request.onEvent = () => request.stream.abort('cancel');
    client.receive('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nx');
    expect(request).toMatchObject({ status: 200, body: '', failure: null });
  });
});
