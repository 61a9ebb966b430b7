import { createHash } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import {
  appPort,
  callChat,
  callCollect,
  callExpand,
  callUnary,
  eventually,
  GrpcEcho,
  grpcEchoClient,
  Mesh,
  metricSum,
  pod,
  sidecarMetrics,
} from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const client = pod('client');
const grpcServer = pod('grpc-server');
const chatServer = pod('chat-server');
const outboundPort = 15_001;

describe('what applications may speak through a mesh of real processes', () => {
  let mesh: Mesh;
  let grpcApplication: GrpcEcho;
  let chatApplication: Server;

  beforeAll(async () => {
    const pods = [client, grpcServer, chatServer];
    mesh = await Mesh.create({ pods });
    await mesh.apply({ pods, services: { echo: ['grpc-server'], chat: ['chat-server'] } });
    await mesh.startControlPlane();
    grpcApplication = await new GrpcEcho().start(grpcServer.address, appPort);
    chatApplication = await startChat(chatServer.address);
    await mesh.startSidecars(client, grpcServer, chatServer);
  });

  afterAll(async () => {
    grpcApplication?.stop();
    chatApplication?.close();
    await mesh?.[Symbol.asyncDispose]();
  });

  it('is gRPC, unary and streaming, by grpc-js as it is at both ends', async () => {
    const grpc = grpcEchoClient(`${client.address}:${outboundPort}`, 'echo');
    try {
      const large = Buffer.alloc(4 * 1024 * 1024, 'tulle');
      const { error, message, trailers } = await callUnary(grpc, 'unary', large).result;
      expect(error).toBeNull();
      expect(message.equals(large)).toBe(true);
      expect(trailers?.get('x-bytes')).toEqual([String(large.length)]);
      expect(await callCollect(grpc, 20, 10_000)).toBe('200000');
      expect(await callExpand(grpc, 100)).toHaveLength(100);
      expect(await callChat(grpc, ['a', 'b', 'c'])).toEqual(['a', 'b', 'c']);
      const call = callUnary(grpc, 'hang', Buffer.alloc(0));
      await eventually(() => expect(grpcApplication.hanging).toBe(1));
      call.cancel();
      await eventually(() => expect(grpcApplication.cancelled).toBe(1));
    } finally {
      grpc.close();
    }
    const served = {
      direction: 'outbound',
      destination_service: 'shop/echo:80',
      security: 'mtls',
      code: '200',
    };
    expect(metricSum(await sidecarMetrics(client), 'tulle_requests_total', served)).toBeGreaterThanOrEqual(4);
  });

  it('is WebSocket, opened by HTTP/1.1 at both ends', async () => {
    const socket = connect(outboundPort, client.address);
    let heard = '';
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
    });
    socket.write(
      'GET / HTTP/1.1\r\nHost: chat\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await eventually(() => expect(heard).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n$/));
    // RFC 6455 section 1.3 has this very pair.
    expect(heard).toContain('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    heard = '';
    socket.write('through the mesh');
    await eventually(() => expect(heard).toBe('through the mesh'));
    socket.end();
    await eventually(() => expect(heard).toBe('through the meshbye'));
    socket.destroy();
  });
});

/** Takes every WebSocket, echoes its bytes, and says bye. */
async function startChat(address: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket: Socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (head: Buffer) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(head.toString('latin1'))?.[1] ?? '';
      const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
      const accept = createHash('sha1').update(`${key}${guid}`).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.on('data', (chunk: Buffer) => socket.write(chunk));
    });
    socket.on('end', () => socket.end('bye'));
  });
  await new Promise<void>((resolve) => server.listen(appPort, address, resolve));
  return server;
}
