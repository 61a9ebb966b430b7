/**
 * Speaks to the API server in plain JSON: no models, no copies of what is read. Kubeconfig and authentication
 * are the client library's (connection.ts).
 */
import { type Clock, type Logger, MetricsRegistry } from '@tulle/runtime';
import { clientReasons, KubernetesError } from '../kubernetes-error.ts';
import type { ObjectInit, ObjectRef, RawObject } from '../raw-object.ts';
import { apiVersionOf, type ResourceType } from '../resource-types.ts';
import type { ApiRequest, WatchRequest } from './api-request.ts';
import { type ClientMetrics, clientMetrics } from './client-metrics.ts';
import {
  type Connection,
  KubeconfigConnection,
  type KubeconfigOptions,
  loadKubeconfig,
} from './connection.ts';
import { openExchange, withoutQuery } from './http-exchange.ts';
import { type ListOptions, listPages, readObject } from './list-pages.ts';
import { collectionPath, objectPath, type Query, withQuery } from './resource-path.ts';
import { isSuccess, readError, readJson } from './response-body.ts';
import { withRetries } from './retries.ts';
import { readLines } from './watch-stream.ts';

export interface KubernetesClientOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: MetricsRegistry;
  /** As audit logs show it; default `tulle`. */
  readonly userAgent?: string;
}

export interface ReadOptions {
  /** For all attempts together; default 30 s. */
  readonly deadlineMs?: number;
}

export interface WriteOptions extends ReadOptions {
  readonly subresource?: 'status' | 'scale';
  /** The API server does all but keep it. */
  readonly dryRun?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Takes over fields that another manager has; else they are a Conflict. */
  readonly isForced?: boolean;
}

export interface PatchOptions extends WriteOptions {
  readonly contentType:
    | 'application/json-patch+json'
    | 'application/merge-patch+json'
    | 'application/strategic-merge-patch+json';
  readonly body: unknown;
}

export interface DeleteOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Foreground' | 'Background' | 'Orphan';
  readonly dryRun?: boolean;
}

const defaultDeadlineMs = 30_000;
const defaultMaxBytes = 64 * 1024 * 1024;
const json = 'application/json';

/** All failures are KubernetesErrors, but for the reason of a signal of the caller's own. */
export class KubernetesClient {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics: ClientMetrics;
  readonly #userAgent: string;

  constructor({ connection, clock, logger, metrics, userAgent = 'tulle' }: KubernetesClientOptions) {
    this.#connection = connection;
    this.#clock = clock;
    this.#logger = logger;
    this.#metrics = clientMetrics(metrics ?? new MetricsRegistry());
    this.#userAgent = userAgent;
  }

  static load(options: KubeconfigOptions & Omit<KubernetesClientOptions, 'connection'>): KubernetesClient {
    const connection = new KubeconfigConnection(loadKubeconfig(options), options.clock);
    return new KubernetesClient({ ...options, connection });
  }

  /** Where the API server is, for messages. */
  get server(): string {
    return this.#connection.server.href;
  }

  /** Null where there is none, or the resource type is not served. */
  async get(type: ResourceType, ref: ObjectRef, options: ReadOptions = {}): Promise<RawObject | null> {
    try {
      return readObject(
        await this.request({ method: 'GET', path: objectPath(type, ref), ...limitOf(options) }),
        type,
      );
    } catch (thrown) {
      if (isNotFound(thrown)) return null;
      throw thrown;
    }
  }

  /** All of them, read in pages. */
  async list(type: ResourceType, options: ListOptions = {}): Promise<readonly RawObject[]> {
    for (let attempt = 1; ; attempt++) {
      const objects: RawObject[] = [];
      try {
        for await (const page of listPages(this, type, options)) objects.push(...page.objects);
        return objects;
      } catch (thrown) {
        // The list took longer than the API server keeps its version of it.
        const isExpiredPage = thrown instanceof KubernetesError && thrown.status === 410;
        if (!isExpiredPage || attempt >= 3) throw thrown;
      }
    }
  }

  async create(type: ResourceType, object: ObjectInit, options: WriteOptions = {}): Promise<RawObject> {
    const path = collectionPath(type, object.metadata?.namespace);
    const body = { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
    const request = { method: 'POST', path, query: queryOf(options), body, ...limitOf(options) };
    return readObject(await this.request(request), type);
  }

  /** Fails with Conflict where the object has changed since it was read: its resourceVersion is compared. */
  async replace(type: ResourceType, object: RawObject, options: WriteOptions = {}): Promise<RawObject> {
    const path = objectPath(type, refOf(object), options.subresource);
    const request = { method: 'PUT', path, query: queryOf(options), body: object, ...limitOf(options) };
    return readObject(await this.request(request), type);
  }

  /** Server-side apply. */
  async apply(type: ResourceType, object: ObjectInit, options: ApplyOptions): Promise<RawObject> {
    const path = objectPath(type, refOf(object), options.subresource);
    const body = { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
    const force = options.isForced === true ? true : undefined;
    const query = { ...queryOf(options), fieldManager: options.fieldManager, force };
    const contentType = 'application/apply-patch+yaml';
    const request = { method: 'PATCH', path, query, body, contentType, ...limitOf(options) };
    return readObject(await this.request(request), type);
  }

  async patch(type: ResourceType, ref: ObjectRef, options: PatchOptions): Promise<RawObject> {
    const path = objectPath(type, ref, options.subresource);
    const { body, contentType } = options;
    const query = queryOf(options);
    const request = { method: 'PATCH', path, query, body, contentType, ...limitOf(options) };
    return readObject(await this.request(request), type);
  }

  /** False where there was none. With a uid or resourceVersion, Conflict where it is another. */
  async delete(type: ResourceType, ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const { uid, resourceVersion, propagation, dryRun } = options;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid, resourceVersion },
      propagationPolicy: propagation,
      dryRun: dryRun === true ? ['All'] : undefined,
    };
    try {
      await this.request({ method: 'DELETE', path: objectPath(type, ref), body });
      return true;
    } catch (thrown) {
      if (isNotFound(thrown)) return false;
      throw thrown;
    }
  }

  /** Any request and the JSON of its answer: reviews, /version, discovery documents. */
  async request(request: ApiRequest): Promise<unknown> {
    const clock = this.#clock;
    const endMs = clock.monotonicMs() + (request.deadlineMs ?? defaultDeadlineMs);
    const { method, signal } = request;
    const attempt = () => this.#attempt(request, endMs);
    return withRetries(attempt, { method, clock, endMs, logger: this.#logger, signal });
  }

  /** The lines of a watch as they come. Throws where it is refused, breaks off or is silent for too long. */
  async *watchLines({
    path,
    query,
    signal,
    idleTimeoutMs,
    accept,
    onOpen,
  }: WatchRequest): AsyncIterable<unknown> {
    const abort = new AbortController();
    const forward = () => abort.abort(signal.reason);
    if (signal.aborted) forward();
    signal.addEventListener('abort', forward, { once: true });
    const what = `watch ${path}`;
    // Of the head too: an API server that is overwhelmed may accept a request and never answer.
    const idleMs = typeof idleTimeoutMs === 'number' ? () => idleTimeoutMs : idleTimeoutMs;
    const headMs = idleMs();
    const cancel = this.#clock.schedule(headMs, () => abort.abort(timeoutError(what, headMs)));
    try {
      const response = await this.#open({ method: 'GET', path, query, accept }, abort.signal);
      cancel();
      if (!isSuccess(response)) throw await this.#refusal(response, what);
      onOpen?.();
      const abortWith = (reason: unknown) => abort.abort(reason);
      yield* readLines(response, { what, clock: this.#clock, abort: abortWith, idleTimeoutMs: idleMs });
    } catch (thrown) {
      throw abort.signal.aborted ? abort.signal.reason : thrown;
    } finally {
      cancel();
      signal.removeEventListener('abort', forward);
      abort.abort();
    }
  }

  close(): void {
    this.#connection.close();
  }

  async #attempt(request: ApiRequest, endMs: number): Promise<unknown> {
    const startMs = this.#clock.monotonicMs();
    const what = `${request.method} ${request.path}`;
    const abort = new AbortController();
    const expire = () => abort.abort(timeoutError(what, request.deadlineMs ?? defaultDeadlineMs));
    const cancel = this.#clock.schedule(Math.max(0, endMs - startMs), expire);
    const signal =
      request.signal === undefined ? abort.signal : AbortSignal.any([abort.signal, request.signal]);
    let code = '';
    try {
      const response = await this.#open(request, signal);
      code = String(response.statusCode);
      if (!isSuccess(response)) throw await this.#refusal(response, what);
      return await readJson(response, what, request.maxBytes ?? defaultMaxBytes);
    } catch (thrown) {
      if (code === '') code = thrown instanceof KubernetesError ? thrown.reason : clientReasons.aborted;
      throw signal.aborted ? signal.reason : thrown;
    } finally {
      cancel();
      this.#metrics.requests.with(request.method, code).inc();
      this.#metrics.duration.with(request.method).observe((this.#clock.monotonicMs() - startMs) / 1_000);
    }
  }

  #open({ method, path, query, body, contentType, accept = json }: OpenRequest, signal: AbortSignal) {
    const request = {
      method,
      path: withQuery(path, query),
      accept,
      body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
      contentType,
      userAgent: this.#userAgent,
      signal,
    };
    return openExchange(this.#connection, request, this.#clock);
  }

  async #refusal(response: Parameters<typeof readError>[0], what: string): Promise<KubernetesError> {
    const error = await readError(response, withoutQuery(what));
    if (error.status === 401) this.#connection.renew();
    return error;
  }
}

type OpenRequest = Pick<ApiRequest, 'method' | 'path' | 'query' | 'body'> & {
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
};

function limitOf({ deadlineMs }: ReadOptions): ReadOptions {
  return deadlineMs === undefined ? {} : { deadlineMs };
}

function queryOf({ dryRun }: WriteOptions): Query {
  return dryRun === true ? { dryRun: 'All' } : {};
}

function refOf({ metadata }: ObjectInit): ObjectRef {
  return { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' };
}

function isNotFound(thrown: unknown): boolean {
  return thrown instanceof KubernetesError && thrown.status === 404;
}

function timeoutError(what: string, deadlineMs: number): KubernetesError {
  return new KubernetesError(`${what}: no answer within ${deadlineMs / 1_000} s`, {
    status: 0,
    reason: clientReasons.timeout,
    isRetryable: true,
  });
}
