import {
  type ClientStream,
  type ClientStreamHandler,
  defaultH1Limits,
  parseRequestHead,
  RequestHead,
  ResponseHead,
  type ServerStream,
  type StreamFailure,
} from '@tulle/http';
import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import type { DownstreamContext } from './downstream-context.ts';
import type { EndpointPool } from './endpoint-pool.ts';
import { OwnFields } from './own-fields.ts';
import { RequestCopies } from './request-copy.ts';
import { RequestRelay } from './request-relay.ts';
import { rescue, rescueUpstream } from './rescue.ts';
import { proxySettings } from './settings.ts';
import { Sweep } from './sweep.ts';
import { EndpointSlot } from './upstreams.ts';

/** A stream of either side: tells what was asked of it. */
class FakeStream {
  readonly calls: string[] = [];
  readonly isReused: boolean;
  takesMore = true;
  canRespond = true;
  handler: unknown = null;
  isHeadRequest = false;

  constructor(isReused = true) {
    this.isReused = isReused;
  }

  sendRequest(head: RequestHead, _edits: null, _extra: unknown, isEnd: boolean): boolean {
    this.calls.push(`${head.method()} ${head.path()}${isEnd ? ' end' : ''}`);
    return true;
  }

  sendResponse(head: ResponseHead, _edits: null, _extra: unknown, isEnd: boolean): boolean {
    this.canRespond = false;
    this.calls.push(`${head.status}${isEnd ? ' end' : ''}`);
    return true;
  }

  sendBody(buffer: Buffer, start: number, end: number, isEnd: boolean): boolean {
    this.calls.push(`${buffer.toString('latin1', start, end)}${isEnd ? ' end' : ''}`);
    return this.takesMore;
  }

  pause = () => void this.calls.push('pause');
  resume = () => void this.calls.push('resume');
  abort = (reason: string) => void this.calls.push(`abort ${reason}`);
}

function setUp(httpMajor: 1 | 2, method: string) {
  const upstreams = [new FakeStream(), new FakeStream(false)];
  let opened = 0;
  const open = (_major: number, _handler: ClientStreamHandler) =>
    upstreams[opened++] as unknown as ClientStream;
  const endpoint = { key: '10.0.0.1:80', address: '10.0.0.1', port: 80, workload: '', owner: '', mesh: null };
  const pool = { endpoint, inFlight: 0, open, openFresh: open } as unknown as EndpointPool;
  const slot = new EndpointSlot(pool, 'shop/a:80');
  const clock = new FakeClock();
  const finished: string[] = [];
  let retries = 0;
  const relay: RequestRelay = new RequestRelay({
    settings: proxySettings({ host: '', workload: 'a/b', backend: 'socket' }),
    stack: {
      route: () => {
        relay.exchange.appMajor = httpMajor;
        return slot;
      },
      rescue,
      rescueUpstream,
      finish: ({ exchange }) => void finished.push(`${exchange.code} ${exchange.reason}`),
    },
    clock,
    sweep: new Sweep(clock),
    metrics: { retried: () => void retries++ } as unknown as DownstreamContext['metrics'],
    ownFields: new OwnFields(),
    copies: new RequestCopies(16),
    connections: new Set(),
    capturesText: false,
    serverOptions: {} as DownstreamContext['serverOptions'],
  });
  const stream = new FakeStream();
  const head = new RequestHead();
  const bytes = Buffer.from(`${method} /p HTTP/1.1\r\nHost: a\r\n\r\n`);
  parseRequestHead(head, bytes, 0, bytes.length, defaultH1Limits);
  const body = (text: string, isEnd: boolean) => {
    const buffer = Buffer.from(text);
    relay.onBody(buffer, 0, buffer.length, isEnd);
  };
  return {
    relay,
    pool,
    stream,
    upstreams: upstreams as [FakeStream, FakeStream],
    finished,
    retries: () => retries,
    body,
    begin: (isEnd: boolean) => relay.begin(stream as unknown as ServerStream, head, isEnd),
    fail: (failure: StreamFailure) => relay.responseHandler.onAbort(failure),
  };
}

const refused: StreamFailure = { kind: 'refused' };
const dying: StreamFailure = { kind: 'closed', isReused: true, hasResponse: false, error: null };

describe('RequestRelay, when an upstream breaks off', () => {
  it('sends what was not processed again, with all of its body, and lets the client go on', () => {
    const { begin, body, fail, stream, upstreams, retries } = setUp(2, 'POST');
    upstreams[0].takesMore = false;
    begin(false);
    body('one', false);
    expect(stream.calls).toEqual(['pause']);
    fail(refused);
    expect(upstreams[1].calls).toEqual(['POST /p', 'one']);
    expect(stream.calls).toEqual(['pause', 'resume']);
    body('two', true);
    expect(upstreams[1].calls).toEqual(['POST /p', 'one', 'two end']);
    expect(retries()).toBe(1);
  });

  it('sends again once', () => {
    const { begin, fail, stream, finished, retries } = setUp(2, 'GET');
    begin(true);
    fail(refused);
    fail(refused);
    expect(finished).toEqual(['503 upstream_refused']);
    expect(stream.calls.at(-1)).toMatch(/ end$/);
    expect(retries()).toBe(1);
  });

  it('sends no body again that is longer than what is kept', () => {
    const { begin, body, fail, upstreams, finished } = setUp(2, 'POST');
    begin(false);
    body('x'.repeat(17), true);
    fail(refused);
    expect(upstreams[1].calls).toEqual([]);
    expect(finished).toEqual(['503 upstream_refused']);
  });

  it.each<[what: string, httpMajor: 1 | 2, method: string, failure: StreamFailure, isSentAgain: boolean]>([
    ['GET on a dying connection', 1, 'GET', dying, true],
    ['POST on a dying connection', 1, 'POST', dying, false],
    ['POST on a dying shared connection', 2, 'POST', dying, false],
    ['GET on a dying shared connection', 2, 'GET', dying, true],
    ['GET of which part of the answer came', 1, 'GET', { ...dying, hasResponse: true }, false],
    ['GET on a fresh connection', 1, 'GET', { ...dying, isReused: false }, false],
    ['POST that was refused', 2, 'POST', refused, true],
    ['GET that was reset', 2, 'GET', { kind: 'reset', code: 8 }, false],
  ])('%s: sent again or not', (_, httpMajor, method, failure, isSentAgain) => {
    const { begin, fail, upstreams, finished } = setUp(httpMajor, method);
    begin(true);
    fail(failure);
    expect(upstreams[1].calls).toEqual(isSentAgain ? [`${method} /p end`] : []);
    expect(finished).toHaveLength(isSentAgain ? 0 : 1);
  });

  it('sends nothing again once the client has part of the answer', () => {
    const { relay, begin, fail, stream, upstreams, pool } = setUp(2, 'GET');
    begin(true);
    const head = new ResponseHead();
    head.status = 200;
    relay.responseHandler.onResponse(head, false);
    fail(refused);
    expect(upstreams[1].calls).toEqual([]);
    expect(stream.calls).toEqual(['200', 'abort internal']);
    expect(pool.inFlight).toBe(0);
  });
});
