import type { KubernetesClient } from '../client/kubernetes-client.ts';
import { groupVersionPath } from '../client/resource-path.ts';
import { KubernetesError } from '../kubernetes-error.ts';
import { isRecord } from '../raw-object.ts';
import type { ResourceType } from '../resource-types.ts';

/** Requests of several reflectors within this time get the same answer. */
const freshMs = 500;

interface Answer {
  readonly askedMs: number;
  readonly plurals: Promise<ReadonlySet<string>>;
}

const ofClient = new WeakMap<KubernetesClient, ApiPresence>();

/**
 * Whether a resource is served, by the discovery document of its group's version: small, and open to everybody
 * who is authenticated, so that no right on CustomResourceDefinitions is needed.
 */
export class ApiPresence {
  readonly #client: KubernetesClient;
  readonly #answers = new Map<string, Answer>();

  private constructor(client: KubernetesClient) {
    this.#client = client;
  }

  /** One for each client, whose reflectors share its answers. */
  static of(client: KubernetesClient): ApiPresence {
    let presence = ofClient.get(client);
    if (presence === undefined) {
      presence = new ApiPresence(client);
      ofClient.set(client, presence);
    }
    return presence;
  }

  /** Throws where the API server does not say. */
  async isServed(type: ResourceType, nowMs: number): Promise<boolean> {
    const path = groupVersionPath(type);
    let answer = this.#answers.get(path);
    if (answer === undefined || nowMs - answer.askedMs >= freshMs) {
      answer = { askedMs: nowMs, plurals: this.#ask(path) };
      this.#answers.set(path, answer);
    }
    return (await answer.plurals).has(type.plural);
  }

  async #ask(path: string): Promise<ReadonlySet<string>> {
    try {
      const document = await this.#client.request({ method: 'GET', path, deadlineMs: 10_000 });
      const resources = isRecord(document) && Array.isArray(document.resources) ? document.resources : [];
      return new Set(resources.filter(isRecord).map(({ name }) => String(name)));
    } catch (thrown) {
      if (thrown instanceof KubernetesError && thrown.status === 404) return new Set();
      throw thrown;
    }
  }
}
