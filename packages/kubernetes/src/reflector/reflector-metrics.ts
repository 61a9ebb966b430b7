import type { Clock, Counter, Gauge, MetricsRegistry, SeriesFamily } from '@tulle/runtime';

/** What one reflector counts. */
export interface ReflectorSeries {
  readonly added: Counter;
  readonly modified: Counter;
  readonly deleted: Counter;
  readonly bookmarks: Counter;
  readonly readFailures: Counter;
  restart(reason: RestartReason): void;
  sync(how: 'watch_list' | 'list'): void;
}

/** Why a watch was begun anew. */
export type RestartReason = 'ended' | 'expired' | 'idle' | 'failed';

export interface Observed {
  readonly size: number;
  readonly hasSynced: boolean;
  readonly lastEventMs: number | null;
  readonly state: string;
}

interface Families {
  readonly events: SeriesFamily<Counter>;
  readonly restarts: SeriesFamily<Counter>;
  readonly syncs: SeriesFamily<Counter>;
  readonly readFailures: SeriesFamily<Counter>;
  readonly objects: SeriesFamily<Gauge>;
  readonly synced: SeriesFamily<Gauge>;
  readonly age: SeriesFamily<Gauge>;
  readonly state: SeriesFamily<Gauge>;
  readonly observed: Map<string, () => Observed>;
}

const states = ['starting', 'listing', 'watching', 'absent', 'retrying'] as const;
const ofRegistry = new WeakMap<MetricsRegistry, Families>();

/** The series of a reflector by its resource; the gauges are read when somebody asks. */
export function reflectorSeries(
  registry: MetricsRegistry,
  { resource, observe, clock }: { resource: string; observe: () => Observed; clock: Clock },
): ReflectorSeries {
  const families = familiesOf(registry, clock);
  families.observed.set(resource, observe);
  return {
    added: families.events.with(resource, 'added'),
    modified: families.events.with(resource, 'modified'),
    deleted: families.events.with(resource, 'deleted'),
    bookmarks: families.events.with(resource, 'bookmark'),
    readFailures: families.readFailures.with(resource),
    restart: (reason) => families.restarts.with(resource, reason).inc(),
    sync: (how) => families.syncs.with(resource, how).inc(),
  };
}

function familiesOf(registry: MetricsRegistry, clock: Clock): Families {
  const known = ofRegistry.get(registry);
  if (known !== undefined) return known;
  const prefix = 'tulle_kubernetes_reflector';
  const families: Families = {
    events: registry.counter(`${prefix}_events_total`, 'Events of watches.', ['resource', 'type']),
    restarts: registry.counter(`${prefix}_restarts_total`, 'Watches begun anew.', ['resource', 'reason']),
    syncs: registry.counter(`${prefix}_syncs_total`, 'Whole states read.', ['resource', 'how']),
    readFailures: registry.counter(`${prefix}_read_failures_total`, 'Objects not understood.', ['resource']),
    objects: registry.gauge(`${prefix}_objects`, 'Objects kept.', ['resource']),
    synced: registry.gauge(`${prefix}_synced`, '1 once the whole state was read.', ['resource']),
    age: registry.gauge(`${prefix}_last_event_age_seconds`, 'Since the API server said anything.', [
      'resource',
    ]),
    state: registry.gauge(`${prefix}_state`, '1 for the state that it is in.', ['resource', 'state']),
    observed: new Map(),
  };
  registry.onCollect(() => collect(families, clock));
  ofRegistry.set(registry, families);
  return families;
}

function collect({ observed, objects, synced, age, state }: Families, clock: Clock): void {
  for (const [resource, observe] of observed) {
    const { size, hasSynced, lastEventMs, state: current } = observe();
    objects.with(resource).set(size);
    synced.with(resource).set(hasSynced ? 1 : 0);
    if (lastEventMs !== null) age.with(resource).set((clock.nowMs() - lastEventMs) / 1_000);
    for (const name of states) state.with(resource, name).set(name === current ? 1 : 0);
  }
}
