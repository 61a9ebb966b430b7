import { connect, createServer, type Socket } from 'node:net';
import { platform } from 'node:process';
import { expect, test } from 'vitest';
import { loadOriginalDestination, originalDestinationBy } from './original-destination.ts';

const answering = (hex: string) =>
  originalDestinationBy((_fd, _level, _name, value) => {
    value.fill(0);
    Buffer.from(hex.replaceAll(' ', ''), 'hex').copy(value);
    return 0;
  });

test('a sockaddr_in is read, with the port in network order', () => {
  expect(answering('0200 1f90 0a600001')(9, 4)).toEqual({ address: '10.96.0.1', port: 8080 });
});

test('a sockaddr_in6 is read past its flow label', () => {
  const original = answering('0a00 01bb 000b1234 20010db8000000000000000000000010 00000000');
  expect(original(9, 6)).toEqual({ address: '2001:db8::10', port: 443 });
});

test('each family asks at its own level', () => {
  const asked: number[][] = [];
  const original = originalDestinationBy((fd, level, name) => {
    asked.push([fd, level, name]);
    return 2;
  });
  original(7, 4);
  original(8, 6);
  expect(asked).toEqual([
    [7, 0, 80],
    [8, 41, 80],
  ]);
});

test.each([
  ['ENOENT', 2],
  ['ENOPROTOOPT', 92],
  ['EOPNOTSUPP', 95],
])('%s means: not redirected', (_name, errno) => {
  expect(originalDestinationBy(() => errno)(9, 4)).toBeNull();
});

test('another error says which descriptor and errno', () => {
  const original = originalDestinationBy(() => 9);
  expect(() => original(41, 4)).toThrow('cannot ask descriptor 41 for its original destination: errno 9');
});

test.runIf(platform === 'linux')(
  'the kernel tells no other destination of a connection that nothing redirected',
  async () => {
    const original = await loadOriginalDestination();
    const accepted = Promise.withResolvers<Socket>();
    const server = createServer((socket) => accepted.resolve(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const client = connect(port, '127.0.0.1');
    const socket = await accepted.promise;
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
    // Null without connection tracking, else its own local address.
    expect([null, { address: '127.0.0.1', port }]).toContainEqual(original(fd, 4));
    expect(original(fd, 6)).toBeNull();
    client.destroy();
    socket.destroy();
    server.close();
  },
);
