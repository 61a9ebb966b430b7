/**
 * An API server for faults that a real one cannot be made to show. It knows objects, lists in pages, watches,
 * discovery and little else; that it does these as the real one does is checked in test/kubernetes.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FakeFault, misbehave } from './fake-fault.ts';
import {
  collectionOf,
  type FakeFilter,
  type FakeObject,
  FakeStatus,
  fakeKey,
  filterOf,
  type ServedResource,
} from './fake-object.ts';
import { FakeObjectStore } from './fake-object-store.ts';
import { FakeWatch } from './fake-watch.ts';
import { merged } from './merge-patch.ts';

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface FakeApiServerOptions {
  readonly serves?: readonly ServedResource[];
  /** What it does with sendInitialEvents; older ones refuse it or, older still, know nothing of it. Default: serves. */
  readonly watchList?: 'served' | 'refused' | 'ignored';
}

interface PlannedFault {
  left: number;
  readonly fault: FakeFault;
  readonly concerns: (request: FakeRequest) => boolean;
}

export class FakeApiServer {
  readonly store = new FakeObjectStore();
  /** All that were made, in order. */
  readonly requests: FakeRequest[] = [];
  readonly #watches = new Set<FakeWatch>();
  /** Lists by the revision that they are of. */
  readonly #lists = new Map<number, readonly Entry[]>();
  readonly #faults: PlannedFault[] = [];
  readonly #watchList: 'served' | 'refused' | 'ignored';
  #server: Server | null = null;
  #port = 0;

  private constructor({ serves = [], watchList = 'served' }: FakeApiServerOptions) {
    this.#watchList = watchList;
    for (const resource of serves) this.store.serve(resource);
  }

  static async start(options: FakeApiServerOptions = {}): Promise<FakeApiServer> {
    const fake = new FakeApiServer(options);
    await fake.listen();
    return fake;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.#port}`);
  }

  get watches(): readonly FakeWatch[] {
    return [...this.#watches];
  }

  /** Again after `kill`, on the same port. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => this.#answer(request, response));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /** All connections are reset, and new ones refused. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    for (const watch of this.watches) watch.reset();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  /** The next `count` requests that it concerns meet the fault. */
  plan(fault: FakeFault, { count = 1, concerns = () => true }: FaultScope = {}): void {
    this.#faults.push({ left: count, fault, concerns });
  }

  clearFaults(): void {
    this.#faults.length = 0;
  }

  /** Creates or replaces. */
  put(resource: ServedResource, object: FakeObject): FakeObject {
    const { objects } = this.store.collection(collectionOf(resource));
    if (!objects.has(fakeKey(object.metadata))) return this.store.create(resource, object);
    return this.store.replace(resource, object);
  }

  /** As a CustomResourceDefinition that is deleted: its objects go, then its watches end. */
  unserve(resource: ServedResource): void {
    const path = collectionOf(resource);
    this.store.unserve(resource);
    for (const watch of this.watches) if (watch.collection === path) watch.end();
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://fake');
    const request = { method: incoming.method ?? 'GET', path: url.pathname, query: url.searchParams };
    this.requests.push(request);
    try {
      const fault = this.#faultFor(request);
      if (fault !== null) return misbehave(fault, response);
      await this.#serve(request, incoming, response);
    } catch (thrown) {
      const isStatus = thrown instanceof FakeStatus;
      const status = isStatus ? thrown : new FakeStatus(500, 'InternalError', String(thrown));
      sendJson(response, status.code, status.body);
    }
  }

  #faultFor(request: FakeRequest): FakeFault | null {
    const planned = this.#faults.find(({ left, concerns }) => left > 0 && concerns(request));
    if (planned === undefined) return null;
    planned.left--;
    return planned.fault;
  }

  async #serve(request: FakeRequest, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, path, query } = request;
    if (path === '/version')
      return sendJson(response, 200, { major: '1', minor: '37', gitVersion: 'v1.37.0' });
    const discovery = this.#discovery(path);
    if (discovery !== null) return sendJson(response, 200, discovery);
    const target = parseTarget(path);
    const { resource } = this.store.collection(target.collection);
    if (target.name === '' && method === 'GET') {
      if (isTrue(query.get('watch'))) return this.#watch(request, response);
      return sendJson(response, 200, this.#list(request));
    }
    const body = (await readBody(incoming)) as FakeObject | null;
    sendJson(response, method === 'POST' ? 201 : 200, this.#write(method, resource, target, body));
  }

  #write(method: string, resource: ServedResource, target: Target, body: FakeObject | null): object {
    const ref = { namespace: target.namespace, name: target.name };
    if (method === 'GET') return this.store.get(resource, ref);
    if (method === 'DELETE') {
      this.store.remove(resource, ref, (body?.preconditions as object | undefined) ?? {});
      return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' };
    }
    if (body === null) throw new FakeStatus(400, 'BadRequest', 'a body is needed');
    const placed = {
      ...body,
      metadata: { ...body.metadata, ...(resource.isNamespaced && { namespace: target.namespace }) },
    };
    if (method === 'POST') return this.store.create(resource, placed);
    if (method === 'PUT') return this.store.replace(resource, placed);
    if (method === 'PATCH')
      return this.store.replace(resource, merged(this.store.get(resource, ref), placed));
    throw new FakeStatus(405, 'MethodNotAllowed', `the fake knows no ${method}`);
  }

  #list({ path, query }: FakeRequest): object {
    const { collection, namespace } = parseTarget(path);
    const { objects, resource } = this.store.collection(collection);
    const token = readContinue(query.get('continue'));
    if (token !== null) this.store.since(token.revision);
    const revision = token?.revision ?? this.store.revision;
    const filter = filterOf(namespace, query);
    const all = token === null ? sortedEntries(objects, filter) : (this.#lists.get(revision) ?? []);
    // The pages that follow are of the same moment.
    this.#lists.set(revision, all);
    const rest = token === null ? all : all.filter(([key]) => key > token.after);
    const limit = Number(query.get('limit') ?? 0);
    const page = limit > 0 ? rest.slice(0, limit) : rest;
    const isMore = page.length < rest.length;
    const next = isMore ? writeContinue({ revision, after: page.at(-1)![0] }) : undefined;
    const left = isMore ? rest.length - page.length : undefined;
    return {
      kind: `${resource.kind}List`,
      apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
      metadata: { resourceVersion: String(revision), continue: next, remainingItemCount: left },
      items: page.map(([, { apiVersion: _, kind: __, ...object }]) => object),
    };
  }

  #watch({ path, query }: FakeRequest, response: ServerResponse): void {
    const { collection, namespace } = parseTarget(path);
    if (this.#watchList === 'ignored') query.delete('sendInitialEvents');
    if (query.has('sendInitialEvents')) {
      if (this.#watchList === 'refused')
        throw invalid('sendInitialEvents: Forbidden: it is forbidden for watch');
      if (query.get('resourceVersionMatch') !== 'NotOlderThan')
        throw invalid(
          'resourceVersionMatch: Forbidden: sendInitialEvents requires setting it to NotOlderThan',
        );
    }
    const filter = filterOf(namespace, query);
    const watch = new FakeWatch({ store: this.store, collection, filter, query, response });
    this.#watches.add(watch);
    response.once('close', () => this.#watches.delete(watch));
  }

  #discovery(path: string): object | null {
    const match = /^\/(?:api\/v1|apis\/[^/]+\/[^/]+)$/.exec(path);
    if (match === null) return null;
    const served = this.store.resources().filter((resource) => collectionOf(resource).startsWith(`${path}/`));
    if (served.length === 0) throw new FakeStatus(404, 'NotFound', '404 page not found');
    const resources = served.map(({ plural, kind, isNamespaced }) => ({
      name: plural,
      kind,
      namespaced: isNamespaced,
    }));
    return { kind: 'APIResourceList', groupVersion: path.replace(/^\/apis?\//, ''), resources };
  }
}

type Entry = readonly [key: string, object: FakeObject];

export interface FaultScope {
  readonly count?: number;
  readonly concerns?: (request: FakeRequest) => boolean;
}

interface Target {
  readonly collection: string;
  readonly namespace: string;
  readonly name: string;
}

function parseTarget(path: string): Target {
  const match =
    /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+)(?=\/))?\/([^/]+)(?:\/([^/]+))?(?:\/status)?$/.exec(
      path,
    );
  if (match === null) throw new FakeStatus(404, 'NotFound', '404 page not found');
  const [, group, namespace = '', plural, name = ''] = match;
  return { collection: `${group}/${plural}`, namespace, name };
}

function sortedEntries(objects: ReadonlyMap<string, FakeObject>, filter: FakeFilter): readonly Entry[] {
  return [...objects].filter(([, object]) => filter(object)).sort(([a], [b]) => (a < b ? -1 : 1));
}

function invalid(message: string): FakeStatus {
  return new FakeStatus(422, 'Invalid', `ListOptions.meta.k8s.io "" is invalid: ${message}`);
}

function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1';
}

function readContinue(token: string | null): { readonly revision: number; readonly after: string } | null {
  if (token === null || token === '') return null;
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    throw new FakeStatus(400, 'BadRequest', 'invalid continue token');
  }
}

function writeContinue(token: { readonly revision: number; readonly after: string }): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function readBody(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return chunks.length === 0 ? null : JSON.parse(Buffer.concat(chunks).toString());
}
