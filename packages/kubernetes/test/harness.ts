import { Agent } from 'node:http';
import { type Clock, type IndexView, type Logger, MetricsRegistry, silentLogger } from '@tulle/runtime';
import { type FakeApiServer, type FakeObject, seededRandom } from '@tulle/testkit';
import {
  type Connection,
  KubernetesClient,
  type ListOptions,
  type RawObject,
  Reflector,
  type ResourceType,
  resourceTypes,
} from '../src/index.ts';

export const { configMaps, httpRoutes, leases, events } = resourceTypes;

/** Time that runs faster than the wall's, so that back-offs and time-outs of minutes are met in a test. */
export function acceleratedClock(factor: number): Clock {
  const startMs = performance.now();
  const monotonicMs = () => (performance.now() - startMs) * factor;
  return {
    monotonicMs,
    nowMs: () => Date.UTC(2026, 0, 1) + monotonicMs(),
    schedule(delayMs, task) {
      const timer = setTimeout(task, delayMs / factor);
      return () => clearTimeout(timer);
    },
  };
}

/** Writes down for how long something was to wait. */
export function notingDelays(clock: Clock): Clock & { readonly delaysMs: readonly number[] } {
  const delaysMs: number[] = [];
  const schedule: Clock['schedule'] = (delayMs, task) => {
    delaysMs.push(delayMs);
    return clock.schedule(delayMs, task);
  };
  return { monotonicMs: () => clock.monotonicMs(), nowMs: () => clock.nowMs(), schedule, delaysMs };
}

export function connectionTo(fake: FakeApiServer): Connection {
  const agent = new Agent({ keepAlive: true });
  return {
    server: fake.url,
    credentials: async () => ({ agent, headers: {} }),
    renew: () => {},
    close: () => agent.destroy(),
  };
}

export function clientOf(fake: FakeApiServer, clock: Clock): KubernetesClient {
  return new KubernetesClient({ connection: connectionTo(fake), clock, logger: silentLogger });
}

export function configMap(name: string, value: string): FakeObject {
  return { metadata: { namespace: 'default', name }, data: { value } };
}

/** What the reflector under test keeps: the value alone. */
function readValue({ data }: RawObject): { readonly value: string } {
  return { value: String((data as { value?: unknown } | undefined)?.value) };
}

export interface Subject {
  readonly client: KubernetesClient;
  readonly reflector: Reflector<{ readonly value: string }>;
  readonly byValue: IndexView<{ readonly value: string }>;
  readonly metrics: MetricsRegistry;
  /** Each call of a listener. */
  readonly changes: (readonly string[])[];
  /** `name=value`, sorted. */
  values(): readonly string[];
}

export interface SubjectOptions extends ListOptions {
  readonly clock?: Clock;
  readonly type?: ResourceType;
  readonly logger?: Logger;
  readonly metrics?: MetricsRegistry;
  readonly isOptional?: boolean;
}

export async function startReflector(
  fake: FakeApiServer,
  options: SubjectOptions = {},
): Promise<Subject & AsyncDisposable> {
  const { clock = acceleratedClock(100), type = configMaps, logger = silentLogger, ...rest } = options;
  const client = clientOf(fake, clock);
  const { metrics = new MetricsRegistry() } = options;
  const random = seededRandom(1);
  const common = { client, clock, random, metrics, logger };
  const reflector = new Reflector({ ...common, ...rest, type, read: readValue });
  const byValue = reflector.addIndex('value', ({ value }) => [value]);
  const changes: string[][] = [];
  reflector.onChange((keys) => changes.push([...keys].sort()));
  await reflector.start();
  return {
    client,
    reflector,
    byValue,
    metrics,
    changes,
    values: () => [...reflector.objects].map(([key, { value }]) => `${key}=${value}`).sort(),
    [Symbol.asyncDispose]: async () => {
      await reflector.stop();
      client.close();
    },
  };
}
