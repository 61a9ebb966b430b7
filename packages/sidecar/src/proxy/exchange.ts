import type { RequestHead } from '@tulle/http';
import type { ResponseFlag } from './failure.ts';
import type { EndpointSlot } from './upstreams.ts';

/**
 * What is known of the request under way, for its log line and its metrics. One lives with each
 * downstream connection and is filled in anew, so that a request costs no object.
 */
export class Exchange {
  startedMs = 0;
  isActive = false;
  /** Text is kept only where an access log will want it. */
  method = '';
  path = '';
  authority = '';
  requestId = '';
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

  captureText(head: RequestHead): void {
    this.method = head.method();
    this.path = head.path();
    this.authority = head.authority();
    this.requestId = head.get('x-request-id') ?? '';
  }

  forgetText(): void {
    this.method = '';
    this.path = '';
    this.authority = '';
    this.requestId = '';
  }
}
