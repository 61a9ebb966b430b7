import {
  type ClientStream,
  type ClientStreamHandler,
  defaultH1Limits,
  parseRequestHead,
  parseResponseHead,
  RequestHead,
  ResponseHead,
  type ServerStream,
  type StreamFailure,
  TransportError,
} from '@tulle/http';
import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { RequestTracer } from '../tracing/request-tracer.ts';
import { Avoidance } from './avoidance.ts';
import type { DownstreamContext } from './downstream-context.ts';
import type { EndpointPool } from './endpoint-pool.ts';
import { OwnFields } from './own-fields.ts';
import { RequestCopies } from './request-copy.ts';
import { RequestRelay } from './request-relay.ts';
import type { RequestStack } from './request-stack.ts';
import { rescue, rescueUpstream } from './rescue.ts';
import { Retries } from './retries.ts';
import { RetryBudget } from './retry-budget.ts';
import { proxySettings } from './settings.ts';
import { Sweep } from './sweep.ts';
import { EndpointSlot } from './upstreams.ts';

/** A stream of either side: tells what was asked of it. */
class FakeStream {
  readonly calls: string[] = [];
  /** Of the response. */
  sentFields = 0;
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
    this.sentFields = head.count - head.droppedCount;
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

/** An endpoint whose pool opens `streams`, one after the other. */
function endpointOf(streams: FakeStream[], isMeshed = false, opened: string[] = []): EndpointSlot {
  const mesh = isMeshed ? { spiffeId: 'spiffe://a/ns/b/sa/c', port: 15_006 } : null;
  const endpoint = { key: '10.0.0.1:80', address: '10.0.0.1', port: 80, workload: '', owner: '', mesh };
  const openAs = (how: string) => (_major: number, _handler: ClientStreamHandler) => {
    opened.push(how);
    return streams.shift() as unknown as ClientStream;
  };
  const avoidance = new Avoidance(() => 0.5);
  const pool = {
    endpoint,
    inFlight: 0,
    open: openAs('any'),
    openFresh: openAs('fresh'),
    avoidance,
  } as unknown as EndpointPool;
  return new EndpointSlot(pool, 'shop/a:80');
}

interface SetUp {
  /** Endpoints that a lost request may go to, in their order. */
  readonly others?: readonly EndpointSlot[];
  readonly isMeshed?: boolean;
  readonly mayUpstreamEnd?: boolean;
}

function setUp(httpMajor: 1 | 2, method: string, options: SetUp = {}) {
  const { others = [], isMeshed = false, mayUpstreamEnd = false } = options;
  const opened: string[] = [];
  const upstreams = [new FakeStream(), new FakeStream(false)];
  const slot = endpointOf([...upstreams], isMeshed, opened);
  const { pool } = slot;
  const clock = new FakeClock();
  const finished: string[] = [];
  const retries: string[] = [];
  const left = [...others];
  const budget = new RetryBudget(0);
  const stack: RequestStack = {
    route: () => {
      relay.exchange.appMajor = httpMajor;
      return slot;
    },
    routeAgain: () => left.shift() ?? null,
    holdForEndpoint: () => false,
    rescue,
    rescueUpstream,
    finish: ({ exchange }) => void finished.push(`${exchange.code} ${exchange.reason}`),
  };
  const relay: RequestRelay = new RequestRelay({
    settings: proxySettings({ host: '', workload: 'a/b', backend: 'socket' }),
    stack,
    clock,
    sweep: new Sweep(clock),
    metrics: {} as DownstreamContext['metrics'],
    mayUpstreamEnd: () => mayUpstreamEnd,
    overload: {} as DownstreamContext['overload'],
    tracer: new RequestTracer('outbound', 0, () => 1),
    ownFields: new OwnFields(),
    copies: new RequestCopies(16),
    retries: new Retries({ stack, budget, count: (result) => void retries.push(result) }),
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
    slot,
    opened,
    budget,
    stream,
    upstreams: upstreams as [FakeStream, FakeStream],
    finished,
    retries,
    body,
    begin: (isEnd: boolean) => relay.begin(stream as unknown as ServerStream, head, isEnd),
    fail: (failure: StreamFailure) => relay.responseHandler.onAbort(failure),
    /** The endpoint's answer, with a reason as a sidecar gives one. */
    answer: (status: number, reason: string) => {
      const answered = new ResponseHead();
      const text = Buffer.from(`HTTP/1.1 ${status} X\r\nx-tulle-reason: ${reason}\r\n\r\n`);
      parseResponseHead(answered, text, 0, text.length, defaultH1Limits, false, false);
      relay.responseHandler.onResponse(answered, false);
    },
  };
}

const refused: StreamFailure = { kind: 'refused' };
const unreachable: StreamFailure = {
  kind: 'connect',
  error: new TransportError('TRANSPORT_CONNECT', 'connect', 'connection refused'),
};
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
    expect(retries).toEqual(['sent']);
  });

  it.each([
    { mayUpstreamEnd: false, method: 'POST', how: 'any' },
    { mayUpstreamEnd: true, method: 'POST', how: 'fresh' },
    { mayUpstreamEnd: true, method: 'GET', how: 'any' },
  ])('takes $how connection for a $method where the application may end: $mayUpstreamEnd', (given) => {
    const { begin, opened } = setUp(1, given.method, { mayUpstreamEnd: given.mayUpstreamEnd });
    begin(true);
    expect(opened).toEqual([given.how]);
  });

  it('sends again twice at most', () => {
    const others = [new FakeStream(false), new FakeStream(false), new FakeStream(false)];
    const slots = others.map((one) => endpointOf([one]));
    const { begin, fail, stream, finished, retries } = setUp(2, 'POST', { others: slots });
    begin(true);
    fail(unreachable);
    fail(refused);
    fail(unreachable);
    expect(finished).toEqual(['502 connect_failed']);
    expect(stream.calls.at(-1)).toMatch(/ end$/);
    expect(retries).toEqual(['sent', 'sent']);
    expect(others.map(({ calls }) => calls)).toEqual([['POST /p end'], ['POST /p end'], []]);
    expect(slots.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0]);
  });

  it('sends no body again that is longer than what is kept', () => {
    const { begin, body, fail, upstreams, finished } = setUp(2, 'POST');
    begin(false);
    body('x'.repeat(17), true);
    fail(refused);
    expect(upstreams[1].calls).toEqual([]);
    expect(finished).toEqual(['503 upstream_refused']);
  });

  const cases: [what: string, httpMajor: 1 | 2, method: string, failure: StreamFailure, where: string][] = [
    ['GET on a dying connection', 1, 'GET', dying, 'same or other'],
    ['POST on a dying connection', 1, 'POST', dying, 'nowhere'],
    ['POST on a dying shared connection', 2, 'POST', dying, 'nowhere'],
    ['GET on a dying shared connection', 2, 'GET', dying, 'same or other'],
    ['GET of which part of the answer came', 1, 'GET', { ...dying, hasResponse: true }, 'nowhere'],
    ['GET on a fresh connection', 2, 'GET', { ...dying, isReused: false }, 'other'],
    ['POST on a fresh connection', 2, 'POST', { ...dying, isReused: false }, 'nowhere'],
    ['POST that was refused', 2, 'POST', refused, 'same or other'],
    ['POST to an endpoint that cannot be reached', 2, 'POST', unreachable, 'other'],
    ['GET that was reset', 2, 'GET', { kind: 'reset', code: 8 }, 'nowhere'],
  ];
  it.each(cases)('%s: where it is sent again', (_, httpMajor, method, failure, where) => {
    const alone = setUp(httpMajor, method);
    alone.begin(true);
    alone.fail(failure);
    const isSentThere = where === 'same or other';
    expect(alone.upstreams[1].calls).toEqual(isSentThere ? [`${method} /p end`] : []);
    expect(alone.finished).toHaveLength(isSentThere ? 0 : 1);

    const other = new FakeStream(false);
    const accompanied = setUp(httpMajor, method, { others: [endpointOf([other])] });
    accompanied.begin(true);
    accompanied.fail(failure);
    expect(accompanied.upstreams[1].calls).toEqual([]);
    expect(other.calls).toEqual(where === 'nowhere' ? [] : [`${method} /p end`]);
  });

  it('repeats once what may have been processed, wherever', () => {
    const others = [new FakeStream(), new FakeStream()];
    const { begin, fail, finished } = setUp(2, 'GET', { others: others.map((one) => endpointOf([one])) });
    begin(true);
    fail(dying);
    fail(dying);
    expect(others[1]!.calls).toEqual([]);
    expect(finished).toEqual(['502 upstream_closed']);
  });

  it('passes an endpoint over that cannot be reached, until a later request is answered', () => {
    const { begin, fail, slot } = setUp(2, 'GET', { others: [endpointOf([new FakeStream()])] });
    begin(true);
    fail(unreachable);
    expect(slot.isAvoided).toBe(true);
  });

  it('sends nothing again beyond the budget, and counts that', () => {
    const other = new FakeStream();
    const { begin, fail, budget, retries, finished } = setUp(2, 'GET', { others: [endpointOf([other])] });
    begin(true);
    while (budget.take());
    fail(unreachable);
    expect(retries).toEqual(['over_budget']);
    expect(other.calls).toEqual([]);
    expect(finished).toEqual(['502 connect_failed']);
  });

  it('counts what has no other endpoint', () => {
    const { begin, fail, retries } = setUp(2, 'GET');
    begin(true);
    fail(unreachable);
    expect(retries).toEqual(['no_endpoint']);
  });

  describe('and the answer of a sidecar says so', () => {
    it.each([
      ['connect_failed', 'POST', true],
      ['upstream_refused', 'POST', true],
      ['upstream_closed', 'POST', false],
      ['upstream_closed', 'GET', true],
      ['pool_overflow', 'GET', false],
      ['anything', 'GET', false],
    ])('%s to %s: sent again or passed on', (reason, method, isSentAgain) => {
      const other = new FakeStream();
      const others = [endpointOf([other], true)];
      const { begin, answer, upstreams, stream, slot } = setUp(1, method, { others, isMeshed: true });
      begin(true);
      answer(502, reason);
      expect(other.calls).toEqual(isSentAgain ? [`${method} /p end`] : []);
      expect(upstreams[0].calls.at(-1)).toBe(isSentAgain ? 'abort cancel' : `${method} /p end`);
      expect(stream.calls).toEqual(isSentAgain ? ['resume'] : ['502']);
      expect(slot.isAvoided).toBe(reason === 'connect_failed');
    });

    it('is not believed where an application gives it, and does not reach the client', () => {
      const other = new FakeStream();
      const { begin, answer, stream } = setUp(1, 'GET', { others: [endpointOf([other])] });
      begin(true);
      answer(502, 'connect_failed');
      expect(other.calls).toEqual([]);
      expect(stream.calls).toEqual(['502']);
      expect(stream.sentFields).toBe(0);
    });
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
