import type { Clock, Logger } from '@tulle/runtime';
import type { RequestMetrics } from '../metrics.ts';
import type { AccessLog } from '../proxy/access-log.ts';
import type { Balancer } from '../proxy/balancer.ts';
import type { RelayPool } from '../proxy/relay-pool.ts';
import type { ProxySettings } from '../proxy/settings.ts';
import type { Sweep } from '../proxy/sweep.ts';
import type { BytesDialer } from '../proxy/upstream-dialer.ts';
import type { Upstreams } from '../proxy/upstreams.ts';
import type { TcpRelays } from '../tcp/tcp-relays.ts';
import type { DetectionMemory } from './detection-memory.ts';

/** What the connections of one side share. */
export interface ListenerContext {
  readonly settings: ProxySettings;
  /** For those that turn out to be HTTP. */
  readonly http: RelayPool;
  /** For all others. */
  readonly tcp: TcpRelays;
  readonly upstreams: Upstreams;
  readonly dialer: BytesDialer;
  readonly balancer: Balancer;
  readonly memory: DetectionMemory;
  readonly metrics: RequestMetrics;
  readonly accessLog: AccessLog;
  readonly sweep: Sweep;
  readonly clock: Clock;
  readonly logger: Logger;
}
