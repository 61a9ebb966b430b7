import type { Clock } from '@tulle/runtime';
import type { RequestMetrics } from '../metrics.ts';
import type { DownstreamConnection } from './downstream-connection.ts';
import type { ReplayBuffers } from './replay-buffers.ts';
import type { RequestEncoder } from './request-encoder.ts';
import type { RequestStack } from './request-stack.ts';
import type { ProxySettings } from './settings.ts';
import type { Sweep } from './sweep.ts';
/** What all connections of one listener share. */
export interface DownstreamContext {
    readonly settings: ProxySettings;
    readonly stack: RequestStack;
    readonly clock: Clock;
    readonly sweep: Sweep;
    readonly metrics: RequestMetrics;
    readonly encoder: RequestEncoder;
    readonly replays: ReplayBuffers;
    readonly connections: Set<DownstreamConnection>;
    /** Keep method, path and authority for the access log. */
    readonly capturesText: boolean;
    /** Stopping: every answer from now on closes its connection. */
    isDraining: boolean;
}
