import {
  defaultHttpLimits,
  type H1Limits,
  type HttpLimits,
  type ServerTimeouts,
  type TransportBackend,
  UNEVEN_BYTES,
} from '@tulle/http';

import { defaultSeriesExpiryMs } from '../metrics.ts';
import { defaultForwarding, type ForwardingSettings } from './forwarded-client.ts';

/**
 * Every bound of the request path; the comment says what whoever exceeds it is answered. Those of the codecs
 * are HttpLimits; a response beyond them is answered 502 `upstream_protocol_error`.
 */
export interface ProxyLimits extends HttpLimits {
  /** Downstream connections, one listener. Above: closed as soon as accepted. */
  readonly maxConnections: number;
  /** Requests under way, of both listeners. Above: 503 UO `overloaded`. */
  readonly maxRequests: number;
  /**
   * Held by the process because nobody takes it. From half of it on windows are small, and connections that have
   * exchanges stalled get no new ones (503 UO `overloaded`); above, nobody does.
   */
  readonly maxBufferedBytes: number;
  /** Resident memory of the process; null: not known. From nine tenths on: 503 UO `overloaded`, and no new connections. */
  readonly memoryLimitBytes: number | null;
  /**
   * Requests that wait for discovery, one listener. Above: 503 `discovery_overflow`. As many more may wait for an
   * endpoint; above, they are answered at once.
   */
  readonly maxHeldRequests: number;
  /** Open connections to one endpoint. Above: the request waits in the endpoint's queue. */
  readonly maxConnectionsPerEndpoint: number;
  /** HTTP/2 connections to one endpoint that carry a large body each, and no others. Above: large bodies share. */
  readonly maxBulkConnectionsPerEndpoint: number;
  /** Requests in one endpoint's queue. Above: 503 UO `pool_overflow`. */
  readonly maxQueuedPerEndpoint: number;
  /** Body that is kept for a retry. Above: the request is not retried. */
  readonly maxReplayBytes: number;
}

export interface ProxyTimeouts {
  /** To connect. After: 502 UF, where no other endpoint can be had. */
  readonly connectMs: number;
  /** The handshake, of either side: a peer short of CPU takes its time. After: refused, or as connectMs. */
  readonly handshakeMs: number;
  /** From a head's first byte to its end. After: 408. */
  readonly headMs: number;
  /** A downstream connection without a request. After: closed. */
  readonly downstreamIdleMs: number;
  /** A pooled upstream connection without a request. After: closed. */
  readonly upstreamIdleMs: number;
  /** A request in which no byte moves either way. After: 504 UT `stream_idle_timeout`, or cut. */
  readonly streamIdleMs: number;
  /**
   * While memory is tight (maxBufferedBytes): an exchange of which somebody does not take what waits; a fifth of
   * it where everybody is refused. After: 503 UO `overload_cut`, or cut.
   */
  readonly stalledMs: number;
  /** In an endpoint's queue. After: 503 UO `pool_timeout`. */
  readonly queueMs: number;
  /**
   * For a service whose last endpoint went, or cannot be reached any more, to have another; from when that began.
   * After: 503 UH `no_endpoint`, or what became of the attempt.
   */
  readonly endpointWaitMs: number;
  /** Bytes that are relayed without a byte either way. After: both sides are reset. */
  readonly tcpIdleMs: number;
  /** After our half-close, for the client to read the rest and close. After: reset. */
  readonly lingerMs: number;
}

/** `errors`: what went wrong, as JSON. The others say everything, or nothing. */
export type AccessLogFormat = 'off' | 'errors' | 'text' | 'json';

export type CaptureMode = 'none' | 'redirect';

export interface ProxySettings {
  readonly host: string;
  /** 0: any free one. */
  readonly outboundPort: number;
  readonly inboundPort: number;
  /** `<namespace>/<pod>`. */
  readonly workload: string;
  readonly backend: TransportBackend;
  /** Other processes accept on the same ports. */
  readonly sharesPorts: boolean;
  /** `redirect`: netfilter brings what the pod sends and gets; else applications speak to the outbound port. */
  readonly capture: CaptureMode;
  readonly accessLog: AccessLogFormat;
  readonly forwarding: ForwardingSettings;
  /** A series of metrics that nobody used this long is dropped. */
  readonly seriesExpiryMs: number;
  readonly limits: ProxyLimits;
  readonly timeouts: ProxyTimeouts;
}

export const defaultProxyLimits: ProxyLimits = {
  ...defaultHttpLimits,
  maxConnections: 10_000,
  maxRequests: 16_384,
  maxBufferedBytes: 256 * 1024 * 1024,
  memoryLimitBytes: null,
  maxHeldRequests: 1_000,
  maxConnectionsPerEndpoint: 1_024,
  maxBulkConnectionsPerEndpoint: 8,
  maxQueuedPerEndpoint: 1_024,
  maxReplayBytes: 16 * 1024,
};

export const defaultProxyTimeouts: ProxyTimeouts = {
  connectMs: 1_000,
  handshakeMs: 5_000,
  headMs: 10_000,
  downstreamIdleMs: 3_600_000,
  upstreamIdleMs: 60_000,
  streamIdleMs: 3_600_000,
  stalledMs: 5_000,
  queueMs: 5_000,
  endpointWaitMs: 2_000,
  tcpIdleMs: 3_600_000,
  lingerMs: 30_000,
};

export interface ProxySettingsInput {
  readonly host: string;
  readonly workload: string;
  readonly backend: TransportBackend;
  readonly outboundPort?: number;
  readonly inboundPort?: number;
  readonly sharesPorts?: boolean;
  readonly capture?: CaptureMode;
  readonly accessLog?: AccessLogFormat;
  readonly forwarding?: ForwardingSettings;
  readonly seriesExpiryMs?: number;
  readonly limits?: Partial<ProxyLimits>;
  readonly timeouts?: Partial<ProxyTimeouts>;
}

/** Partial in, complete out: the one place where defaults are filled in. */
export function proxySettings(input: ProxySettingsInput): ProxySettings {
  return {
    host: input.host,
    workload: input.workload,
    backend: input.backend,
    outboundPort: input.outboundPort ?? 15_001,
    inboundPort: input.inboundPort ?? 15_006,
    sharesPorts: input.sharesPorts ?? false,
    capture: input.capture ?? 'none',
    accessLog: input.accessLog ?? 'off',
    forwarding: input.forwarding ?? defaultForwarding,
    seriesExpiryMs: input.seriesExpiryMs ?? defaultSeriesExpiryMs,
    limits: { ...defaultProxyLimits, ...input.limits },
    timeouts: { ...defaultProxyTimeouts, ...input.timeouts },
  };
}

/** A peer's sidecar carries the cancellations of all its clients on one connection, and is authenticated. */
const meshResetsPerSecond = 20_000;

/** Fields that sidecars add between themselves. */
const addedFields = 8;
/** HTTP/2 counts so much for a field beside its bytes (RFC 9113 section 6.5.2), HTTP/1.1 four. */
const fieldOverheadBytes = 32;

/** What the first sidecar has accepted, the second must not refuse because it is written otherwise. */
function meshHead(head: H1Limits): H1Limits {
  const maxHeaderCount = head.maxHeaderCount + addedFields;
  return { ...head, maxHeaderCount, maxHeadBytes: head.maxHeadBytes + maxHeaderCount * fieldOverheadBytes };
}

/** What the codec allows a peer's sidecar that sends requests. */
export function meshLimits(limits: ProxyLimits): HttpLimits {
  const maxResetsPerSecond = Math.max(limits.h2.maxResetsPerSecond, meshResetsPerSecond);
  return { ...limits, head: meshHead(limits.head), h2: { ...limits.h2, maxResetsPerSecond } };
}

/** Of the process's memory, for what waits: beside it stand code, heap and connections. */
const bufferedShare = 0.25;
const leastBufferedBytes = 16 * 1024 * 1024;

/** What follows from the memory that a process may have, or its share of it. */
export function memoryLimits(memoryLimitBytes: number | null): Partial<ProxyLimits> {
  if (memoryLimitBytes === null) return {};
  const bufferedBytes = Math.max(leastBufferedBytes, Math.floor(memoryLimitBytes * bufferedShare));
  return {
    memoryLimitBytes,
    maxBufferedBytes: Math.min(defaultProxyLimits.maxBufferedBytes, bufferedBytes),
  };
}

/** Of the responses that an endpoint's streams may have lying here, unread by slow clients. */
const upstreamWindowBytes = 16 * 1024 * 1024;
/** Of what all may hold, for one connection: the peer may send it all before it hears that memory is tight. */
const upstreamWindowShare = 1 / 8;

/** What the codec allows an endpoint: its streams are many clients', of whom some are slow. */
export function upstreamLimits(limits: ProxyLimits, isMeshed: boolean): HttpLimits {
  const mostBytes = Math.min(upstreamWindowBytes, limits.maxBufferedBytes * upstreamWindowShare);
  const connectionWindowBytes = Math.max(limits.h2.connectionWindowBytes, mostBytes + UNEVEN_BYTES);
  const head = isMeshed ? meshHead(limits.head) : limits.head;
  return { ...limits, head, h2: { ...limits.h2, connectionWindowBytes } };
}

/** The deadlines that the codec keeps for a client's connection. */
export function serverTimeouts(timeouts: ProxyTimeouts): ServerTimeouts {
  return {
    headMs: timeouts.headMs,
    idleMs: timeouts.downstreamIdleMs,
    flushMs: timeouts.streamIdleMs,
    lingerMs: timeouts.lingerMs,
  };
}
