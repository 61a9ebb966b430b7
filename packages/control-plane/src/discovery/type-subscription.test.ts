import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SnapshotEntry } from '../snapshot/snapshot.ts';
import type { Batch } from './pending-changes.ts';
import type { ResourceView } from './resource-view.ts';
import { TypeSubscription } from './type-subscription.ts';

/** A small world, so that random steps meet each other: four resources, two aliases, three versions. */
const names = ['n/a', 'n/b', 'n/c', 'n/d'];
const aliases = ['x', 'y'];

interface Stand {
  readonly name: string;
  readonly version: string;
  readonly alias: string | null;
}

type Step =
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly names: readonly string[] }
  | { readonly kind: 'snapshot'; readonly stands: readonly Stand[] }
  | { readonly kind: 'updates' | 'removals' };

const asked = fc.constantFrom(...names, ...aliases, '*', 'n/never');
const stand = fc.record({
  name: fc.constantFrom(...names),
  version: fc.constantFrom('1', '2', '3'),
  alias: fc.constantFrom(null, ...aliases),
});
const stands = fc
  .uniqueArray(stand, { selector: (item) => item.name })
  .map((items) =>
    items.filter((item, i) => item.alias === null || items.findIndex((o) => o.alias === item.alias) === i),
  );
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('subscribe' as const),
    names: fc.uniqueArray(asked, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('unsubscribe' as const),
    names: fc.uniqueArray(asked, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant('snapshot' as const), stands }),
  fc.record({ kind: fc.constantFrom('updates' as const, 'removals' as const) }),
);

/** Entries are shared between snapshots while name, version and alias stay, as the real ones are. */
const shared = new Map<string, SnapshotEntry>();

function entryOf({ name, version, alias }: Stand): SnapshotEntry {
  // The alias is part of the content, hence of the version.
  const key = `${name} ${version} ${alias}`;
  const known = shared.get(key);
  if (known !== undefined) return known;
  const entry: SnapshotEntry = {
    kind: 'service',
    name,
    aliases: alias === null ? [] : [alias],
    version: key,
    resource: { namespace: 'n', name, ports: [], virtualIps: [], hostnames: [] },
  };
  shared.set(key, entry);
  return entry;
}

function viewOf(standing: readonly Stand[]): ResourceView {
  const entries = standing.map(entryOf);
  return {
    lookup: (name) =>
      entries.find((entry) => entry.name === name) ??
      entries.find((entry) => entry.aliases.includes(name)) ??
      null,
    list: () => entries,
  };
}

/** A client that does as the protocol says; it holds what it was sent and drops what nothing wants. */
class ModelClient {
  readonly held = new Map<string, SnapshotEntry>();
  readonly absent = new Set<string>();
  readonly asks = new Set<string>();

  take({ entries, removed }: Batch): void {
    for (const entry of entries) {
      this.held.set(entry.name, entry);
      for (const name of [entry.name, ...entry.aliases]) this.absent.delete(name);
    }
    for (const name of removed) {
      this.held.delete(name);
      this.absent.add(name);
    }
    this.#prune();
  }

  unsubscribe(name: string): void {
    this.asks.delete(name);
    this.#prune();
  }

  /** Drops what no name means any longer, as far as the client knows. */
  #prune(): void {
    for (const [held, { aliases }] of this.held) {
      const isMeant = aliases.some((alias) => this.asks.has(alias) && !this.absent.has(alias));
      if (!isMeant && !this.asks.has('*') && !this.asks.has(held)) this.held.delete(held);
    }
  }
}

const encode = () => Uint8Array.of(1, 2, 3);

function drain(subscription: TypeSubscription, client: ModelClient): void {
  for (let guard = 0; subscription.pending.hasUpdates || subscription.pending.hasRemovals; guard++) {
    if (guard > 200) throw new Error('never gets done');
    client.take(
      subscription.pending.hasUpdates
        ? subscription.pending.takeUpdates(8, encode)
        : subscription.pending.takeRemovals(8),
    );
  }
}

interface World {
  readonly subscription: TypeSubscription;
  readonly client: ModelClient;
  view: ResourceView;
}

function apply(step: Step, world: World): void {
  const { subscription, client } = world;
  switch (step.kind) {
    case 'snapshot':
      world.view = viewOf(step.stands);
      subscription.retarget(world.view);
      return;
    case 'subscribe':
      for (const name of step.names) client.asks.add(name);
      subscription.change({ subscribe: step.names, unsubscribe: [], initialVersions: {} }, world.view);
      return;
    case 'unsubscribe':
      for (const name of step.names) client.unsubscribe(name);
      subscription.change({ subscribe: [], unsubscribe: step.names, initialVersions: {} }, world.view);
      return;
    case 'updates':
      if (subscription.pending.hasUpdates) client.take(subscription.pending.takeUpdates(8, encode));
      return;
    case 'removals':
      // As the stream does: never before the updates.
      if (!subscription.pending.hasUpdates && subscription.pending.hasRemovals)
        client.take(subscription.pending.takeRemovals(8));
  }
}

/** Takes the steps one after the other, and then tells the client all that there is to tell. */
function settle(initial: readonly Stand[], steps: readonly Step[]): World {
  const world = { subscription: new TypeSubscription(), client: new ModelClient(), view: viewOf(initial) };
  // So that no step is a legacy wildcard.
  apply({ kind: 'subscribe', names: ['n/a'] }, world);
  for (const each of steps) apply(each, world);
  drain(world.subscription, world.client);
  return world;
}

describe('whatever the order of subscriptions, snapshots and responses', () => {
  test('a client in the end holds what its names mean, and knows of each that means nothing', () => {
    fc.assert(
      fc.property(stands, fc.array(step, { maxLength: 25 }), (initial, steps) => {
        const { client, view } = settle(initial, steps);
        const wanted = new Map<string, SnapshotEntry>();
        for (const name of client.asks) {
          const entries = name === '*' ? view.list() : [view.lookup(name)];
          for (const entry of entries) if (entry !== null) wanted.set(entry.name, entry);
          if (name !== '*' && view.lookup(name) === null) expect(client.absent).toContain(name);
        }
        for (const [name, entry] of wanted) expect(client.held.get(name)).toBe(entry);
        for (const name of client.held.keys()) expect([...wanted.keys()]).toContain(name);
      }),
      { numRuns: 3_000 },
    );
  });

  test('a snapshot that changes nothing leaves nothing to say', () => {
    fc.assert(
      fc.property(stands, fc.array(step, { maxLength: 15 }), (initial, steps) => {
        const { subscription, view } = settle(initial, steps);
        subscription.retarget(view);
        expect(subscription.pending).toMatchObject({ hasUpdates: false, hasRemovals: false });
      }),
      { numRuns: 500 },
    );
  });
});

test('resuming costs the client nothing that it has and no longer asks for', () => {
  const subscription = new TypeSubscription();
  const view = viewOf([
    { name: 'n/a', version: '1', alias: null },
    { name: 'n/b', version: '1', alias: null },
  ]);
  const initialVersions = { 'n/a': 'n/a 1 null', 'n/b': 'n/b 0 null', 'n/gone': '1' };
  subscription.change({ subscribe: ['n/a'], unsubscribe: [], initialVersions }, view);
  expect(subscription.pending.hasUpdates).toBe(false);
  expect(subscription.pending.takeRemovals(1_000).removed).toEqual(['n/gone']);
});

test('initial versions are heeded in the first request only', () => {
  const subscription = new TypeSubscription();
  const view = viewOf([{ name: 'n/a', version: '1', alias: null }]);
  subscription.change({ subscribe: ['n/never'], unsubscribe: [], initialVersions: {} }, view);
  const initialVersions = { 'n/a': 'n/a 1 null' };
  subscription.change({ subscribe: ['n/a'], unsubscribe: [], initialVersions }, view);
  expect(subscription.pending.takeUpdates(1_000, encode).entries.map(({ name }) => name)).toEqual(['n/a']);
});

test('before there is a snapshot, what is asked and taken back again leaves nothing', () => {
  const subscription = new TypeSubscription();
  subscription.change({ subscribe: ['n/a', '*'], unsubscribe: [], initialVersions: {} }, null);
  subscription.change({ subscribe: [], unsubscribe: ['n/a', '*'], initialVersions: {} }, null);
  expect(subscription.size).toBe(0);
  subscription.retarget(viewOf([{ name: 'n/a', version: '1', alias: null }]));
  expect(subscription.pending.takeUpdates(1_000, encode)).toEqual({ entries: [], encoded: [], removed: [] });
});

test('an alias that comes to mean a resource which the client has is answered by it once more', () => {
  const subscription = new TypeSubscription();
  const entry = entryOf({ name: 'n/b', version: '1', alias: null });
  const view = (alias: string | null): ResourceView => ({
    lookup: (name) => (name === 'n/b' || name === alias ? entry : null),
    list: () => [entry],
  });
  const sent = () => subscription.pending.takeUpdates(1_000, encode).entries.map(({ name }) => name);
  subscription.change({ subscribe: ['n/b', 'x'], unsubscribe: [], initialVersions: {} }, view(null));
  expect(sent()).toEqual(['n/b']);
  subscription.retarget(view('x'));
  expect(sent()).toEqual(['n/b']);
});
