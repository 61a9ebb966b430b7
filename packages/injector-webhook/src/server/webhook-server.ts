/** HTTPS for the API server: reviews in, answers out. What it answers is others' (review/). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { formatViolations } from '@tulle/model';
import { type Clock, type Component, type Logger, messageOf, TulleError } from '@tulle/runtime';
import { formatAnswer } from '../review/format-answer.ts';
import { parseReview } from '../review/parse-review.ts';
import type { ReviewAnswer, ReviewRequest } from '../review/review.ts';
import type { InjectorMetrics } from './injector-metrics.ts';
import { BodyReader } from './read-body.ts';

export interface ServingCertificate {
  readonly chainPem: string;
  /** Never logged. */
  readonly privateKeyPem: string;
}

/** By path. Throws a TulleError where there is no answer yet: the webhook's failurePolicy then decides. */
export type ReviewHandlers = Readonly<
  Record<string, (request: ReviewRequest) => ReviewAnswer | Promise<ReviewAnswer>>
>;

export interface WebhookServerOptions {
  readonly host: string;
  readonly port: number;
  readonly certificate: ServingCertificate;
  readonly handlers: ReviewHandlers;
  /** Still answering, for those who send here to hear that the pod goes. */
  readonly drainDelayMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: InjectorMetrics;
}

/** Longer than the API server keeps an idle connection (90 s), so that it never sends on one that is closing. */
const keepAliveTimeoutMs = 120_000;
const maxConnections = 1_024;

export class WebhookServer implements Component {
  readonly name = 'webhook server';
  readonly #options: WebhookServerOptions;
  readonly #bodies = new BodyReader();
  #server: Server | null = null;
  #isDraining = false;

  constructor(options: WebhookServerOptions) {
    this.#options = options;
  }

  /** Null before `start`. */
  get port(): number | null {
    return (this.#server?.address() as AddressInfo | null)?.port ?? null;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** For new connections; those that stand keep theirs. */
  replaceCertificate({ chainPem, privateKeyPem }: ServingCertificate): void {
    this.#server?.setSecureContext({ cert: chainPem, key: privateKeyPem, minVersion: 'TLSv1.2' });
  }

  async start(): Promise<void> {
    const { host, port, certificate, logger } = this.#options;
    const server = createServer(
      {
        cert: certificate.chainPem,
        key: certificate.privateKeyPem,
        minVersion: 'TLSv1.2',
        requestTimeout: 15_000,
        headersTimeout: 5_000,
        keepAliveTimeout: keepAliveTimeoutMs,
      },
      (request, response) => {
        this.#answer(request, response).catch((thrown: unknown) => this.#fail(response, thrown));
      },
    );
    server.maxConnections = maxConnections;
    server.on('tlsClientError', (error) => logger.debug('TLS handshake failed', { reason: error.message }));
    await listen(server, host, port);
    this.#server = server;
  }

  async stop(deadlineMs: number): Promise<void> {
    const { clock, drainDelayMs } = this.#options;
    const server = this.#server;
    if (server === null) return;
    this.#isDraining = true;
    await new Promise<void>((resolve) => clock.schedule(Math.min(drainDelayMs, deadlineMs / 2), resolve));
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const cancel = clock.schedule(deadlineMs / 2, () => server.closeAllConnections());
    await closed;
    cancel();
    this.#server = null;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { handlers, metrics, clock, logger } = this.#options;
    const [path = ''] = (request.url ?? '').split('?');
    const handler = Object.hasOwn(handlers, path) ? handlers[path] : undefined;
    if (handler === undefined) {
      return this.#refuse(response, 404, `no such webhook; there are ${Object.keys(handlers).join(', ')}`);
    }
    if (request.method !== 'POST') return this.#refuse(response, 405, 'a review is sent by POST');
    const startMs = clock.monotonicMs();
    const body = await this.#bodies.read(request);
    if (!body.ok) return this.#refuse(response, body.status, body.reason);
    const review = parseReview(body.text);
    if (!review.ok)
      return this.#refuse(response, 400, `not an AdmissionReview: ${formatViolations(review.violations)}`);
    const answer = await handler(review.value);
    this.#send(response, 200, 'application/json', JSON.stringify(formatAnswer(review.value.uid, answer)));
    metrics.reviews.with(path.slice(1), answer.outcome, answer.reason).inc();
    metrics.duration.with(path.slice(1)).observe((clock.monotonicMs() - startMs) / 1_000);
    const { namespace, name, kind, uid, isDryRun } = review.value;
    const { outcome, reason } = answer;
    logger.debug('review', { uid, path, kind, namespace, name, outcome, reason, isDryRun });
  }

  #refuse(response: ServerResponse, status: number, reason: string): void {
    const { metrics, logger } = this.#options;
    metrics.refused.with(String(status)).inc();
    logger.debug('no review', { status, reason });
    // The rest of a body is not read, so that this connection has no next request.
    response.setHeader('connection', 'close');
    this.#send(response, status, 'text/plain; charset=utf-8', `${reason}\n`);
  }

  /** The API server tells the text to whoever wrote the object. */
  #fail(response: ServerResponse, thrown: unknown): void {
    if (response.destroyed) {
      this.#options.logger.debug('no review', { reason: 'the client went away' });
      return;
    }
    const isKnown = thrown instanceof TulleError;
    const status = isKnown && thrown.isRetryable ? 503 : 500;
    this.#options.metrics.refused.with(String(status)).inc();
    const reason = messageOf(thrown);
    const stack = !isKnown && thrown instanceof Error ? thrown.stack : null;
    this.#options.logger.error('review not answered', { status, reason, stack });
    if (!response.headersSent) this.#send(response, status, 'text/plain; charset=utf-8', `${reason}\n`);
  }

  #send(response: ServerResponse, status: number, contentType: string, text: string): void {
    if (this.#isDraining) response.setHeader('connection', 'close');
    const body = Buffer.from(text);
    response.writeHead(status, { 'content-type': contentType, 'content-length': body.length });
    response.end(body);
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const hint = 'choose another TULLE_HOST or TULLE_PORT, or stop what listens there';
      const message = `cannot listen on ${host}:${port} (${cause.message}): ${hint}`;
      reject(new TulleError('WEBHOOK_LISTEN', message, { source: 'config', cause }));
    });
    server.listen(port, host, resolve);
  });
}
