import { isObject } from '@tulle/api';
import type { KubernetesClient } from '@tulle/kubernetes';
import { type Clock, type Component, type Logger, messageOf, Poller } from '@tulle/runtime';

export interface ServerVersionOptions {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Containers with `restartPolicy: Always` among init containers are on from here (KEP-753). */
const nativeSidecarsSince = { major: 1, minor: 29 } as const;
const polls = { knownMs: 600_000, unknownMs: 2_000 } as const;

/** What the API server can do; a cluster is upgraded while the injector runs. */
export class ServerVersion implements Component {
  readonly name = 'server version';
  readonly #client: KubernetesClient;
  readonly #poller: Poller;
  #version: { readonly major: number; readonly minor: number } | null = null;

  constructor({ client, clock, logger }: ServerVersionOptions) {
    this.#client = client;
    this.#poller = new Poller({
      name: this.name,
      read: () => this.#read(),
      onFailed: (thrown) => logger.warn("the cluster's version was not read", { reason: messageOf(thrown) }),
      intervalMs: () => (this.#version === null ? polls.unknownMs : polls.knownMs),
      clock,
    });
  }

  /** Null: not known yet. */
  get hasNativeSidecars(): boolean | null {
    if (this.#version === null) return null;
    const { major, minor } = this.#version;
    const { major: sinceMajor, minor: sinceMinor } = nativeSidecarsSince;
    return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
  }

  describe(): object | null {
    return this.#version;
  }

  async start(): Promise<void> {
    await this.#poller.start();
  }

  async stop(): Promise<void> {
    await this.#poller.stop();
  }

  async #read(): Promise<void> {
    const answer = await this.#client.request({ method: 'GET', path: '/version', deadlineMs: 5_000 });
    this.#version = parse(answer);
  }
}

/** `{ "major": "1", "minor": "29+" }` */
function parse(json: unknown): { major: number; minor: number } {
  const { major, minor } = isObject(json) ? json : {};
  const [first, second] = [major, minor].map((text) => Number.parseInt(String(text), 10));
  if (first === undefined || second === undefined || Number.isNaN(first) || Number.isNaN(second)) {
    throw new Error('the answer to /version has no major and minor number');
  }
  return { major: first, minor: second };
}
