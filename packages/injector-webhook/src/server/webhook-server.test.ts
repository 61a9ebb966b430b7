import { readFileSync } from 'node:fs';
import { Agent, request as send } from 'node:https';
import { join } from 'node:path';
import { MetricsRegistry, silentLogger, systemClock, TulleError } from '@tulle/runtime';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nextMaterial } from '../certificate/next-material.ts';
import { allowed, type ReviewAnswer } from '../review/review.ts';
import { createInjectorMetrics } from './injector-metrics.ts';
import { WebhookServer } from './webhook-server.ts';

const review = readFileSync(join(import.meta.dirname, '../../corpus/review/pod.json'), 'utf8');

describe('the webhook server', () => {
  const metrics = new MetricsRegistry();
  const series = createInjectorMetrics(metrics);
  let server: WebhookServer;
  let agent: Agent;
  let answer: () => ReviewAnswer | Promise<ReviewAnswer>;
  let heard = (_line: string) => {};
  const logger = {
    ...silentLogger,
    debug: (message: string) => heard(`debug: ${message}`),
    error: (message: string) => heard(`error: ${message}`),
  };

  const renew = () => nextMaterial(null, { names: ['localhost'], nowMs: Date.now() });

  beforeEach(async () => {
    answer = () => ({
      ...allowed,
      outcome: 'injected',
      reason: 'injected',
      patch: [{ op: 'add', path: '/a', value: 1 }],
    });
    const material = await renew();
    agent = new Agent({ ca: material.authoritiesPem, keepAlive: true });
    server = new WebhookServer({
      host: '127.0.0.1',
      port: 0,
      certificate: material,
      handlers: { '/inject': () => answer() },
      drainDelayMs: 0,
      clock: systemClock,
      logger,
      metrics: series,
    });
    await server.start();
  });

  afterEach(async () => {
    agent.destroy();
    await server.stop(1_000);
  });

  function post(path: string, body: string | Buffer, method = 'POST') {
    return new Promise<{ status: number; text: string; connection: string | undefined }>(
      (resolve, reject) => {
        const { port } = server;
        const options = { host: '127.0.0.1', servername: 'localhost', port: port!, path, method, agent };
        const request = send(options, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          const { statusCode = 0, headers } = response;
          response.once('end', () => resolve({ status: statusCode, text, connection: headers.connection }));
        });
        request.once('error', reject);
        request.end(body);
      },
    );
  }

  test('answers a review with its uid, and counts it', async () => {
    const { status, text } = await post('/inject?timeout=5s', review);
    expect(status).toBe(200);
    const { response } = JSON.parse(text);
    expect(response).toMatchObject({ uid: 'u-1', allowed: true, patchType: 'JSONPatch' });
    expect(JSON.parse(Buffer.from(response.patch, 'base64').toString())).toEqual([
      { op: 'add', path: '/a', value: 1 },
    ]);
    expect(metrics.render()).toContain(
      'tulle_injector_reviews_total{webhook="inject",outcome="injected",reason="injected"} 1',
    );
  });

  test.each([
    ['/nowhere', review, 'POST', 404, 'no such webhook; there are /inject'],
    ['/inject', '', 'GET', 405, 'a review is sent by POST'],
    ['/inject', '{', 'POST', 400, 'not an AdmissionReview: the body is not JSON'],
    ['/inject', '{}', 'POST', 400, 'not an AdmissionReview: apiVersion: is required'],
    ['/__proto__', review, 'POST', 404, 'no such webhook'],
    ['//', review, 'POST', 404, 'no such webhook'],
  ])('answers %s with %s by %s with %i', async (path, body, method, status, reason) => {
    const found = await post(path, body, method);
    expect(found.status).toBe(status);
    expect(found.text.startsWith(reason)).toBe(true);
  });

  test('refuses a body beyond its limit', async () => {
    const { status } = await post('/inject', Buffer.alloc(8 * 1024 * 1024 + 1, 32));
    expect(status).toBe(413);
  });

  test('says 503 where there is no answer yet, so that the failurePolicy decides, and 500 for a fault', async () => {
    answer = () => {
      throw new TulleError('X', 'not ready: no roots', { source: 'internal', isRetryable: true });
    };
    expect(await post('/inject', review)).toMatchObject({ status: 503, text: 'not ready: no roots\n' });
    answer = () => Promise.reject(new Error('broken'));
    expect(await post('/inject', review)).toMatchObject({ status: 500 });
  });

  test('makes no noise of a client that goes away before it has sent its review', async () => {
    const told = new Promise<string>((resolve) => {
      heard = resolve;
    });
    const { port } = server;
    const options = { host: '127.0.0.1', servername: 'localhost', port: port!, path: '/inject', agent };
    const request = send({ ...options, method: 'POST', headers: { 'content-length': 1_000 } });
    request.on('error', () => {});
    request.write('{', () => request.destroy());
    expect(await told).toBe('debug: no review');
  });

  test('uses a new certificate for new connections', async () => {
    await post('/inject', review);
    const next = await renew();
    server.replaceCertificate(next);
    // The connection that stands is used on.
    expect((await post('/inject', review)).status).toBe(200);
    agent.destroy();
    agent = new Agent({ ca: next.authoritiesPem });
    expect((await post('/inject', review)).status).toBe(200);
  });

  test('answers what is under way when it stops, and closes the connection after it', async () => {
    let release = (_: ReviewAnswer) => {};
    const asked = new Promise<void>((resolve) => {
      answer = () => {
        resolve();
        return new Promise((done) => {
          release = done;
        });
      };
    });
    const pending = post('/inject', review);
    await asked;
    const stopped = server.stop(5_000);
    expect(server.isDraining).toBe(true);
    release(allowed);
    expect(await pending).toMatchObject({ status: 200, connection: 'close' });
    await stopped;
  });
});
