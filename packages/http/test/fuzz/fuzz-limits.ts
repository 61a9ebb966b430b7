import {
  type ConnectionObserver,
  defaultHttpLimits,
  defaultServerTimeouts,
  type HttpLimits,
  type ServerConnectionOptions,
} from '../../src/exchange/limits.ts';

/** Small, so that short inputs reach them. */
const limits: HttpLimits = {
  ...defaultHttpLimits,
  head: { maxHeadBytes: 2_000, maxHeaderCount: 20, maxTargetBytes: 100 },
  maxInterimResponses: 3,
  maxDiscardedBytes: 2_000,
  h2: {
    ...defaultHttpLimits.h2,
    maxConcurrentStreams: 4,
    streamWindowBytes: 10_000,
    connectionWindowBytes: 40_000,
    maxFieldBlockBytes: 1_500,
    maxContinuations: 3,
    maxControlFramesPerSecond: 30,
    maxResetsPerSecond: 10,
    maxQueuedControlBytes: 4_000,
  },
};

/** Of all connections: there is one run at a time. */
export const clock = { nowMs: 0 };
/** How much time passes between two looks at the deadlines. */
export const PASSING_MS: readonly number[] = [0, 0, 100, 5_000, 40_000, 400_000];

const observer: ConnectionObserver = { onLimit() {}, onProtocolError() {} };

export const fuzzOptions: ServerConnectionOptions = {
  limits,
  timeouts: defaultServerTimeouts,
  observer,
  nowMs: () => clock.nowMs,
};
