import { isObject } from '@tulle/api';
import type { KubernetesClient } from '@tulle/kubernetes';
import { type Clock, type Component, type Logger, messageOf } from '@tulle/runtime';

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
  readonly #options: ServerVersionOptions;
  #version: { readonly major: number; readonly minor: number } | null = null;
  #isRunning = false;
  #cancel = () => {};

  constructor(options: ServerVersionOptions) {
    this.#options = options;
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
    this.#isRunning = true;
    await this.#read();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancel();
  }

  async #read(): Promise<void> {
    const { client, clock, logger } = this.#options;
    try {
      this.#version = parse(await client.request({ method: 'GET', path: '/version', deadlineMs: 5_000 }));
    } catch (thrown) {
      logger.warn("the cluster's version was not read", { reason: messageOf(thrown) });
    }
    const delayMs = this.#version === null ? polls.unknownMs : polls.knownMs;
    if (this.#isRunning) this.#cancel = clock.schedule(delayMs, () => void this.#read());
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
