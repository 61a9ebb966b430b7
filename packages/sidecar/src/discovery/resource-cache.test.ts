import type { Service } from '@tulle/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { service } from '../config/testing/fake-source.ts';
import { type HeldResource, ResourceCache } from './resource-cache.ts';

type Held = HeldResource<'service'>;

const names = ['a', 'b', 'c'];
const aliases = ['x.shop', 'y.shop', 'z.shop'];
const askable = [...aliases, ...names.map((name) => `bookshop/${name}`)];

/** A server that tells exactly what changed of what is asked for, as the protocol has it. */
class Server {
  readonly #standing = new Map<string, Held>();
  #version = 0;

  lookup(asked: string): Held | null {
    const standing = [...this.#standing.values()];
    return standing.find((held) => held.name === asked || held.aliases.includes(asked)) ?? null;
  }

  place(name: string, wanted: readonly string[]): void {
    const own = `bookshop/${name}`;
    const free = wanted.filter((alias) => [undefined, own].includes(this.lookup(alias)?.name));
    const version = String(++this.#version);
    this.#standing.set(own, { name: own, aliases: free, version, resource: service(name), wire: null });
  }

  remove(name: string): void {
    this.#standing.delete(`bookshop/${name}`);
  }

  /** What a client that asks for these names is told after a change. */
  tell(asked: readonly string[], before: ReadonlyMap<string, Held | null>) {
    const after = asked.map((name) => this.lookup(name));
    const accepted = [...new Set(after.filter((held) => held !== null))];
    const absent = asked.filter((name) => this.lookup(name) === null);
    const gone = [...before.values()].filter((held) => held !== null && this.lookup(held.name) === null);
    return { accepted, removed: [...absent, ...gone.map((held) => held!.name)] };
  }
}

const step = fc.oneof(
  fc.record({ op: fc.constant('place'), name: fc.constantFrom(...names), aliases: fc.subarray(aliases) }),
  fc.record({ op: fc.constant('remove'), name: fc.constantFrom(...names), aliases: fc.constant([]) }),
  fc.record({ op: fc.constant('ask'), name: fc.constantFrom(...askable), aliases: fc.constant([]) }),
  fc.record({ op: fc.constant('forget'), name: fc.constantFrom(...askable), aliases: fc.constant([]) }),
);

describe('ResourceCache', () => {
  it('shows of every name asked for what the server has, and holds nothing else', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const server = new Server();
        const cache = new ResourceCache<'service'>();
        const states = new Map<string, Held | null>();
        for (const { op, name, aliases: wanted } of steps) {
          const before = new Map(cache.askedNames().map((asked) => [asked, server.lookup(asked)]));
          if (op === 'place') server.place(name, wanted);
          else if (op === 'remove') server.remove(name);
          else if (op === 'ask') cache.ask(name);
          else cache.forget(name);
          const changed = cache.apply(server.tell(cache.askedNames(), before));
          for (const asked of cache.asked()) {
            const held = server.lookup(asked.name);
            const resource: Service | null = asked.state.kind === 'known' ? asked.state.resource : null;
            expect(resource?.name ?? null).toBe(held?.resource.name ?? null);
            expect(asked.state.kind).not.toBe('unknown');
            // Told of a change exactly when there was one.
            if (states.has(asked.name) && changed.includes(asked))
              expect(states.get(asked.name)).not.toBe(held);
            states.set(asked.name, held);
          }
          for (const { name: held, aliases: known } of cache.held())
            expect([held, ...known].some((asked) => cache.askedNames().includes(asked))).toBe(true);
          if (op === 'forget') states.delete(name);
        }
      }),
      { numRuns: 500 },
    );
  });
});
