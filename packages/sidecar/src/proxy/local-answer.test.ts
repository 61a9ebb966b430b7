import type { FieldSection, ResponseHead, ServerStream } from '@tulle/http';
import { describe, expect, it } from 'vitest';
import { Exchange } from './exchange.ts';
import { failures } from './failure.ts';
import { sendLocalAnswer } from './local-answer.ts';

/** What a client would get. */
function answerOf(isGrpc: boolean, detail: string) {
  const answer = { status: 0, fields: {} as Record<string, string>, body: '', isEnd: false };
  const stream = {
    isHeadRequest: false,
    sendResponse(head: ResponseHead, _edits: null, _extra: FieldSection | null, isEnd: boolean) {
      answer.status = head.status;
      for (let i = 0; i < head.count; i++) answer.fields[head.name(i)] = head.value(i);
      answer.isEnd = isEnd;
      return true;
    },
    sendBody(buffer: Buffer, start: number, end: number) {
      answer.body += buffer.toString('utf8', start, end);
      return true;
    },
  } as unknown as ServerStream;
  const exchange = new Exchange();
  exchange.begin(0);
  exchange.isGrpc = isGrpc;
  sendLocalAnswer(stream, exchange, { failure: failures.noEndpoint, detail });
  return { ...answer, exchange };
}

describe('sendLocalAnswer', () => {
  it('says why to a program and to a person', () => {
    const { status, fields, body, exchange } = answerOf(false, 'look');
    expect([status, exchange.code, exchange.grpcStatus]).toEqual([503, 503, -1]);
    expect(fields['x-tulle-reason']).toBe('no_endpoint');
    expect(body).toBe('the service has no ready endpoint: look\n');
  });

  it('answers a call of gRPC with trailers only, in its own status and encoding', () => {
    const { status, fields, body, isEnd, exchange } = answerOf(true, '100 % für\nnichts');
    expect({ status, body, isEnd }).toEqual({ status: 200, body: '', isEnd: true });
    expect(fields).toMatchObject({
      'content-type': 'application/grpc',
      'grpc-status': '14',
      'grpc-message': 'the service has no ready endpoint: 100 %25 f%C3%BCr%0Anichts',
      'x-tulle-reason': 'no_endpoint',
    });
    expect([exchange.code, exchange.grpcStatus]).toEqual([200, 14]);
  });
});
