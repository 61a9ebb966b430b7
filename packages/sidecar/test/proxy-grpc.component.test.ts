/** gRPC through sidecars, with grpc-js as it is at both ends. */
import { status } from '@grpc/grpc-js';
import {
  callChat,
  callCollect,
  callExpand,
  callUnary,
  createTestAuthority,
  echoService,
  eventually,
  GrpcEcho,
  grpcEchoClient,
  type TestAuthority,
} from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cleanup } from './cleanup.ts';
import { host, startPair } from './proxy-pair.ts';

let authority: TestAuthority;
const cleanup = new Cleanup();

beforeAll(async () => {
  authority = await createTestAuthority();
});
afterEach(() => cleanup.run());

const backends = ['socket', 'handle'] as const;
const ways = [
  ['one sidecar', 'plain.shop'],
  ['two sidecars', 'server.shop'],
] as const;

describe.each(backends.flatMap((backend) => ways.map(([way, to]) => ({ backend, way, to }))))(
  'gRPC over $backend transports, through $way',
  ({ backend, to }) => {
    async function open() {
      const application = await new GrpcEcho().start(host);
      cleanup.add(() => application.stop());
      const pair = await startPair({ backend, authority, cleanup }, application.port);
      const grpc = grpcEchoClient(`${host}:${pair.client.proxy.outboundPort}`, to);
      cleanup.add(() => grpc.close());
      return { ...pair, application, grpc };
    }

    it('carries a unary call with its trailers', async () => {
      const { grpc, client } = await open();
      const { error, message, trailers } = await callUnary(grpc, 'unary', Buffer.from('hello')).result;
      expect(error).toBeNull();
      expect(message.toString()).toBe('hello');
      expect(trailers?.get('x-bytes')).toEqual(['5']);
      await eventually(() =>
        expect(client.accessLog[0]).toMatchObject({
          method: 'POST',
          code: 200,
          flag: '',
          path: echoService.unary.path,
        }),
      );
    });

    it('carries a stream of the client, of the server, and of both', async () => {
      const { grpc } = await open();
      expect(await callCollect(grpc, 50, 1_000)).toBe('50000');
      expect(await callExpand(grpc, 500)).toEqual(Array.from({ length: 500 }, (_, i) => String(i)));
      expect(await callChat(grpc, ['a', 'b', 'c'])).toEqual(['a', 'b', 'c']);
    });

    it('carries messages of 4 MB both ways', async () => {
      const { grpc } = await open();
      const message = Buffer.alloc(4 * 1024 * 1024, 'tulle');
      const answer = await callUnary(grpc, 'unary', message).result;
      expect(answer.error).toBeNull();
      expect(answer.message.equals(message)).toBe(true);
    });

    it('carries an error that comes in trailers alone', async () => {
      const { grpc } = await open();
      const { error } = await callUnary(grpc, 'fail', Buffer.alloc(0)).result;
      expect(error).toMatchObject({ code: status.FAILED_PRECONDITION, details: 'not now, später' });
      expect(error?.metadata.get('x-hint')).toEqual(['look elsewhere']);
    });

    it('cancels at the application what the client cancels, and what runs out of time', async () => {
      const { grpc, application, client, server } = await open();
      const call = callUnary(grpc, 'hang', Buffer.alloc(0));
      await eventually(() => expect(application.hanging).toBe(1));
      call.cancel();
      expect((await call.result).error?.code).toBe(status.CANCELLED);
      await eventually(() => expect(application.cancelled).toBe(1));
      const late = await callUnary(grpc, 'hang', Buffer.alloc(0), 150).result;
      expect(late.error?.code).toBe(status.DEADLINE_EXCEEDED);
      await eventually(() => expect(application.cancelled).toBe(2));
      for (const { proxy } of [client, server]) {
        await eventually(() => {
          const { pools } = proxy.describe() as { pools: { inFlight: number }[] };
          expect(pools.every(({ inFlight }) => inFlight === 0)).toBe(true);
        });
      }
    });

    it('tells the client that nothing serves as unavailable', async () => {
      const { client, grpc } = await open();
      client.services.set(to, { kind: 'timeout' });
      const { error } = await callUnary(grpc, 'unary', Buffer.from('x')).result;
      expect(error?.code).toBe(status.UNAVAILABLE);
    });

    it('carries 1,000 calls at once', async () => {
      const { grpc, application, client } = await open();
      const hanging = Array.from({ length: 1_000 }, () => callUnary(grpc, 'hang', Buffer.alloc(0)));
      await eventually(() => expect(application.hanging).toBe(1_000), { timeoutMs: 20_000 });
      const answer = await callUnary(grpc, 'unary', Buffer.from('meanwhile')).result;
      expect(answer.message.toString()).toBe('meanwhile');
      for (const call of hanging) call.cancel();
      const codes = await Promise.all(hanging.map(async (call) => (await call.result).error?.code));
      expect(new Set(codes)).toEqual(new Set([status.CANCELLED]));
      await eventually(() => expect(application.hanging).toBe(0), { timeoutMs: 10_000 });
      await eventually(() =>
        expect(client.proxy.describe()).toMatchObject({ pools: [{ inFlight: 0, queued: 0 }] }),
      );
    });
  },
);
