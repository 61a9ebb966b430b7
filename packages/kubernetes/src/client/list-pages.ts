import { clientReasons, KubernetesError } from '../kubernetes-error.ts';
import { isRawObject, isRecord, type RawObject } from '../raw-object.ts';
import { apiVersionOf, type ResourceType } from '../resource-types.ts';
import type { ApiRequest } from './api-request.ts';
import { collectionPath, type Query } from './resource-path.ts';

export interface ListOptions {
  /** Absent or '': all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListPage {
  readonly objects: readonly RawObject[];
  /** Of the whole list. */
  readonly resourceVersion: string;
}

interface Requester {
  request(request: ApiRequest): Promise<unknown>;
}

const pageSize = 500;
const smallestPageSize = 10;

/** For one page. */
const deadlineMs = 60_000;

/** The pages of a list. Throws Expired where it took too long: it has to begin anew then. */
export async function* listPages(
  client: Requester,
  type: ResourceType,
  { namespace, labelSelector, fieldSelector, signal }: ListOptions & { readonly signal?: AbortSignal },
): AsyncGenerator<ListPage> {
  const path = collectionPath(type, namespace);
  let limit = pageSize;
  let next = '';
  for (;;) {
    const query: Query = { labelSelector, fieldSelector, limit, continue: next };
    try {
      const body = await client.request({
        method: 'GET',
        path,
        query,
        deadlineMs,
        ...(signal && { signal }),
      });
      const page = readPage(body, type);
      next = page.next;
      yield page;
      if (next === '') return;
    } catch (thrown) {
      if (!isTooLarge(thrown) || limit <= smallestPageSize) throw thrown;
      limit = Math.max(smallestPageSize, Math.floor(limit / 5));
    }
  }
}

function readPage(body: unknown, type: ResourceType): ListPage & { readonly next: string } {
  const metadata = isRecord(body) && isRecord(body.metadata) ? body.metadata : null;
  const items = isRecord(body) ? (body.items ?? []) : null;
  if (metadata === null || !Array.isArray(items)) throw badResponse(`is no list of ${type.plural}`);
  return {
    objects: items.map((item) => readObject(item, type)),
    resourceVersion: String(metadata.resourceVersion ?? ''),
    next: String(metadata.continue ?? ''),
  };
}

/** An object as the API server sent it. In lists they come without their apiVersion and kind, which are added. */
export function readObject(json: unknown, type: ResourceType): RawObject {
  if (!isRecord(json)) throw badResponse(`is no ${type.kind}`);
  const object = json as Record<string, unknown>;
  object.apiVersion ??= apiVersionOf(type);
  object.kind ??= type.kind;
  if (!isRawObject(object)) throw badResponse(`is a ${type.kind} without a name`);
  return object;
}

function badResponse(what: string): KubernetesError {
  const message = `the answer of the API server ${what}`;
  return new KubernetesError(message, { status: 200, reason: clientReasons.badResponse });
}

function isTooLarge(thrown: unknown): boolean {
  return thrown instanceof KubernetesError && thrown.reason === clientReasons.tooLarge;
}
