import { formatViolations, type ResourceKind, resourceKinds } from '@tulle/model';
import type { Clock, Component, Logger } from '@tulle/runtime';
import type { DiscoveryClient } from '../discovery/discovery-client.ts';
import type { HeldConfiguration, HeldKind, WireState } from '../discovery/held-configuration.ts';
import { bytesAt, listAt, objectAt, textAt, timeAt } from './read-json.ts';
import type { StateFile } from './state-file.ts';

export interface ConfigurationStateOptions {
  readonly file: StateFile;
  readonly discovery: DiscoveryClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The last good configuration, which outlives the process: written a moment after each change, and at the end. */
export class ConfigurationState {
  /** Started before the stores, so that they are answered at once by what is restored. */
  readonly restoring: Component;
  /** Started after the stores, and so stopped before they let go of everything. */
  readonly saving: Component;
  readonly #options: ConfigurationStateOptions;

  constructor(options: ConfigurationStateOptions) {
    this.#options = options;
    this.restoring = {
      name: 'configuration-restoring',
      start: () => this.#restore(),
      stop: async () => {},
    };
    this.saving = {
      name: 'configuration-saving',
      start: async () => this.#listen(),
      stop: () => this.#finish(),
    };
  }

  async #restore(): Promise<void> {
    const { file, discovery, logger } = this.#options;
    const savedMs = await file.load((content) => {
      const saved = parseConfiguration(content);
      const violations = discovery.restore(saved.held, saved.savedMs);
      if (violations.length > 0) throw new Error(`is not valid: ${formatViolations(violations.slice(0, 5))}`);
      return saved.savedMs;
    });
    if (savedMs === null) return;
    logger.info('configuration restored', { savedAt: new Date(savedMs).toISOString() });
  }

  #listen(): void {
    const { file, discovery, clock } = this.#options;
    const make = () => ({ savedMs: clock.nowMs(), kinds: writeKinds(discovery.held()) });
    discovery.onHeldChange(() => file.saveLater(make));
  }

  async #finish(): Promise<void> {
    this.#options.discovery.onHeldChange(() => {});
    await this.#options.file.flush();
  }
}

function writeKinds(held: HeldConfiguration): unknown {
  return Object.fromEntries(
    resourceKinds.map((kind) => {
      const { names, absent, resources } = held[kind];
      const written = resources.map(({ wire, ...rest }) => ({
        ...rest,
        wire: Buffer.from(wire).toString('base64'),
      }));
      return [kind, { names, absent, resources: written }];
    }),
  );
}

const nothing: HeldKind = { names: [], absent: [], resources: [] };

function parseConfiguration(content: unknown): { held: HeldConfiguration; savedMs: number } {
  const { savedMs, kinds } = objectAt(content, 'content');
  const written = objectAt(kinds, 'kinds');
  const unknownKind = Object.keys(written).find((kind) => !resourceKinds.some((known) => known === kind));
  if (unknownKind !== undefined)
    throw new TypeError(`kinds.${unknownKind}: is not a kind that this sidecar knows`);
  const entries = resourceKinds.map((kind): [ResourceKind, HeldKind] => {
    const value = written[kind];
    // An older sidecar did not have the kind.
    return [kind, value === undefined ? nothing : parseKind(value, `kinds.${kind}`)];
  });
  return { held: Object.fromEntries(entries) as HeldConfiguration, savedMs: timeAt(savedMs, 'savedMs') };
}

function parseKind(value: unknown, path: string): HeldKind {
  const { names, absent, resources } = objectAt(value, path);
  return {
    names: listAt(names, `${path}.names`, textAt),
    absent: listAt(absent, `${path}.absent`, textAt),
    resources: listAt(resources, `${path}.resources`, parseResource),
  };
}

function parseResource(value: unknown, path: string): WireState {
  const { name, aliases, version, wire } = objectAt(value, path);
  return {
    name: textAt(name, `${path}.name`),
    aliases: listAt(aliases, `${path}.aliases`, textAt),
    version: textAt(version, `${path}.version`),
    wire: bytesAt(wire, `${path}.wire`),
  };
}
