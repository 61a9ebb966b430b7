import { expect, it } from 'vitest';
import { H1ClientUnderTest } from './testing/h1-client-under-test.ts';
import { H1ServerUnderTest, nextTurn } from './testing/h1-server-under-test.ts';
import { http2Response } from './testing/http2-heads.ts';
import { fieldsOf, responseOf } from './testing/parse.ts';

const get = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';
const none = { remove: [], set: [], add: [] };

it.each([
  ['that fits with the head', 70_000, 1],
  ['that does not', 73_700, 2],
])('a run %s follows the head in as few writes as can be', (_, length, writes) => {
  const server = new H1ServerUnderTest();
  server.onServe = (request) =>
    request.respond(`HTTP/1.1 200 OK\nContent-Length: ${length}`, 'x'.repeat(length));
  server.receive(get);
  expect(server.output).toBe(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}`);
  expect(server.transport.writes).toBe(writes);
});

it('what edits add is given room, after what has gathered', () => {
  const server = new H1ServerUnderTest();
  const value = 'v'.repeat(40_000);
  server.onServe = ({ stream }) => {
    const head = responseOf('HTTP/1.1 204 No Content\r\n\r\n');
    expect(stream.sendResponse(head, { ...none, add: [['x', value]] }, fieldsOf('y: z'), true)).toBe(true);
  };
  server.receive(get + get);
  expect(server.output).toBe(`HTTP/1.1 204 No Content\r\nx: ${value}\r\ny: z\r\n\r\n`.repeat(2));
});

it('trailers that are dropped do not leave', () => {
  const server = new H1ServerUnderTest();
  server.onServe = (request) => {
    const trailers = fieldsOf('a: 1', 'b: 2', 'c: 3');
    trailers.drop(1);
    request.respond('HTTP/1.1 200 OK', 'hi', false);
    request.stream.sendTrailers(trailers);
  };
  server.receive(get);
  expect(server.output).toContain('\r\n0\r\na: 1\r\nc: 3\r\n\r\n');
});

it('RFC 9110 section 8.6: 204 of HTTP/2 has no length here', () => {
  const server = new H1ServerUnderTest();
  server.onServe = ({ stream }) => {
    const head = http2Response(
      [
        [':status', '204'],
        ['content-length', '0'],
      ],
      true,
    );
    stream.sendResponse(head, null, null, true);
  };
  server.receive(get);
  expect(server.output).toBe('HTTP/1.1 204 No Content\r\n\r\n');
});

it('a chunked request of which nothing comes loses its coding', async () => {
  const client = new H1ClientUnderTest();
  client.send('GET / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked', true);
  await nextTurn();
  expect(client.output).toBe('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
});

it('RFC 9110 section 10.1.1: after 100 (Continue) a final response need not close', () => {
  const server = new H1ServerUnderTest();
  server.onServe = (request) => {
    request.interim('HTTP/1.1 100 Continue');
    request.respond('HTTP/1.1 200 OK\nContent-Length: 2', undefined, false);
  };
  server.receive('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n');
  server.receive('ab');
  server.last.send('hi', true);
  expect(server.output).not.toContain('close');
  expect(server.transport.isOver).toBe(false);
});

it('a client that does not take what has gathered is read no further', async () => {
  const server = new H1ServerUnderTest();
  server.onServe = (request) => {
    request.respond('HTTP/1.1 200 OK\nContent-Length: 50000', 'x'.repeat(50_000));
  };
  server.transport.take(false);
  for (let i = 0; i < 5; i++) server.receive(get);
  expect(server.requests).toHaveLength(3);
  server.transport.take(true);
  await expect.poll(() => server.requests.length).toBe(5);
});
