import type { ResponseFlag } from './failure.ts';
import { RequestText } from './request-text.ts';
import type { EndpointSlot } from './upstreams.ts';

/**
 * What is known of the request under way, for its log line and its metrics. One lives with each
 * downstream connection and is filled in anew, so that a request costs no object.
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
  /** Body bytes as framed. */
  requestBytes = 0;
  responseBytes = 0;

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
    this.requestBytes = 0;
    this.responseBytes = 0;
  }
}
