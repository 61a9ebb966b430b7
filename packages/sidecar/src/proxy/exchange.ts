import type { Cluster } from '../config/mesh-view.ts';
import type { RequestSpan, TraceFields } from '../tracing/request-span.ts';
import type { ResponseFlag } from './failure.ts';
import type { ForwardedClient } from './forwarded-client.ts';
import { Stall } from './overload/stall.ts';
import type { ForwardedRequest } from './own-fields.ts';
import { RequestText } from './request-text.ts';
import type { EndpointSlot } from './upstreams.ts';

/**
 * What is known of the request under way, for its log line and its metrics. One lives with each
 * relay and is filled in anew, so that a request costs no object.
 */
export class Exchange implements ForwardedRequest {
  startedMs = 0;
  isActive = false;
  /** Kept only where an access log may want it. */
  readonly text = new RequestText();
  /** `<namespace>/<service>:<port>`, or `unknown`. */
  destination = 'unknown';
  backend = '';
  /** Whose endpoints it may go to; null where there are no others. */
  cluster: Cluster | null = null;
  slot: EndpointSlot | null = null;
  /** Where it was before, when it has been sent again. */
  previousSlot: EndpointSlot | null = null;
  retries = 0;
  /** It has been sent again although it may have been processed. */
  isRepeated = false;
  code = 0;
  flag: ResponseFlag = '';
  reason = '';
  detail = '';
  /** Of a request that is traced. */
  span: RequestSpan | null = null;
  /** What it is forwarded with in place of what it came with. */
  traceFields: TraceFields | null = null;
  /** What allowed or refused it, where a policy did. */
  policy = '';
  /** Payload. */
  requestBytes = 0;
  responseBytes = 0;
  /** What the application is to be spoken to in; between sidecars it is HTTP/2 all the same. */
  appMajor: 1 | 2 = 1;
  isGrpc = false;
  /** What gRPC calls it in the end: 0 to 16, or -1 where none has come. */
  grpcStatus = -1;
  /** Between sidecars: the second is told to speak HTTP/1.1. */
  tellsHttp1 = false;
  /** Inbound: what the application is told of the client. */
  forwardedClient: ForwardedClient | null = null;
  /** The request asked for CONNECT or an upgrade; `isTunnel`: and got it. */
  wantsTunnel = false;
  isTunnel = false;
  /** The client has part of a final response. */
  hasResponse = false;
  isResponseEnded = false;
  /** The endpoint does not take the request, or the client the response. */
  readonly requestStall = new Stall();
  readonly responseStall = new Stall();

  /** Somebody has not taken what waits for him since then, or before. */
  isStalledSince(ms: number): boolean {
    const { requestStall, responseStall } = this;
    return requestStall.isSince(ms) || responseStall.isSince(ms);
  }

  begin(nowMs: number): void {
    this.startedMs = nowMs;
    this.isActive = true;
    this.text.clear();
    this.destination = 'unknown';
    this.backend = '';
    this.cluster = null;
    this.slot = null;
    this.previousSlot = null;
    this.retries = 0;
    this.isRepeated = false;
    this.code = 0;
    this.flag = '';
    this.reason = '';
    this.detail = '';
    this.policy = '';
    this.span = null;
    this.traceFields = null;
    this.requestBytes = 0;
    this.responseBytes = 0;
    this.appMajor = 1;
    this.isGrpc = false;
    this.grpcStatus = -1;
    this.wantsTunnel = false;
    this.isTunnel = false;
    this.hasResponse = false;
    this.isResponseEnded = false;
    this.requestStall.clear();
    this.responseStall.clear();
  }
}
