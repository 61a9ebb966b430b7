import type { ResponseFlag } from './failure.ts';
import { RequestText } from './request-text.ts';
import type { EndpointSlot } from './upstreams.ts';

/**
 * What is known of the request under way, for its log line and its metrics. One lives with each
 * relay and is filled in anew, so that a request costs no object.
 */
export class Exchange {
  startedMs = 0;
  isActive = false;
  /** Kept only where an access log may want it. */
  readonly text = new RequestText();
  /** `<namespace>/<service>:<port>`, or `unknown`. */
  destination = 'unknown';
  backend = '';
  slot: EndpointSlot | null = null;
  code = 0;
  flag: ResponseFlag = '';
  reason = '';
  detail = '';
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
  /** The request asked for CONNECT or an upgrade; `isTunnel`: and got it. */
  wantsTunnel = false;
  isTunnel = false;
  /** The client has part of a final response. */
  hasResponse = false;
  isResponseEnded = false;

  begin(nowMs: number): void {
    this.startedMs = nowMs;
    this.isActive = true;
    this.destination = 'unknown';
    this.backend = '';
    this.slot = null;
    this.code = 0;
    this.flag = '';
    this.reason = '';
    this.detail = '';
    this.policy = '';
    this.requestBytes = 0;
    this.responseBytes = 0;
    this.appMajor = 1;
    this.isGrpc = false;
    this.grpcStatus = -1;
    this.wantsTunnel = false;
    this.isTunnel = false;
    this.hasResponse = false;
    this.isResponseEnded = false;
  }
}
