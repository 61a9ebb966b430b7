/** The way back of an exchange: what the endpoint's stream says goes to the client's. */
import type {
  ClientStreamHandler,
  FieldSection,
  ResponseHead,
  ServerStream,
  StreamFailure,
} from '@tulle/http';
import type { Exchange } from './exchange.ts';
import { grpcStatusOf } from './grpc-status.ts';
import { dropReserved } from './own-fields.ts';
import { type Loss, lossOfAnswer } from './send-again.ts';

/** The exchange whose way back this is. */
export interface RespondedRequest {
  readonly exchange: Exchange;
  /** The client's end; null once it is gone. */
  readonly stream: ServerStream | null;
  /** Bytes move: the exchange is not idle. */
  touch(): void;
  /** The request will not be sent again. */
  onResponseBegun(status: number, opensTunnel: boolean): void;
  /** The response has been passed on whole. */
  onResponseEnded(): void;
  onUpstreamAbort(failure: StreamFailure): void;
  /** The endpoint's sidecar answers that its application has not: true where the request was sent again. */
  onLossAnswered(loss: Loss): boolean;
  pauseUpstream(): void;
  abortUpstream(): void;
}

export class ResponseRelay implements ClientStreamHandler {
  readonly #relay: RespondedRequest;

  constructor(relay: RespondedRequest) {
    this.#relay = relay;
  }

  onInterim(head: ResponseHead): void {
    this.#relay.touch();
    this.#relay.stream?.sendInterim(head);
  }

  onResponse(head: ResponseHead, isEnd: boolean): void {
    const relay = this.#relay;
    const stream = relay.stream;
    if (stream === null) return;
    if (relay.exchange.slot?.endpoint.mesh === null) dropReserved(head);
    else {
      const loss = lossOfAnswer(head, isEnd && relay.exchange.isGrpc);
      if (loss !== null && relay.onLossAnswered(loss)) return;
    }
    const opensTunnel = !isEnd && (head.status === 101 || (relay.exchange.wantsTunnel && head.status < 300));
    relay.onResponseBegun(head.status, opensTunnel);
    if (!stream.sendResponse(head, null, null, isEnd)) {
      relay.exchange.hasResponse = false;
      relay.abortUpstream();
      relay.onUpstreamAbort({ kind: 'protocol', error: unsendable });
      return;
    }
    if (!isEnd) return;
    if (relay.exchange.isGrpc) relay.exchange.grpcStatus = grpcStatusOf(head);
    relay.onResponseEnded();
  }

  onBody(buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    const relay = this.#relay;
    relay.touch();
    relay.exchange.responseBytes += end - start;
    const takesMore = relay.stream?.sendBody(buffer, start, end, isEnd) ?? true;
    if (isEnd) relay.onResponseEnded();
    else if (!takesMore) relay.pauseUpstream();
  }

  onTrailers(trailers: FieldSection): void {
    const relay = this.#relay;
    relay.touch();
    if (relay.exchange.isGrpc) relay.exchange.grpcStatus = grpcStatusOf(trailers);
    relay.stream?.sendTrailers(trailers);
    relay.onResponseEnded();
  }

  /** The endpoint has taken what was written of the request. */
  onDrain(): void {
    this.#relay.touch();
    this.#relay.exchange.requestStall.end(this.#relay.stream);
  }

  onAbort(failure: StreamFailure): void {
    this.#relay.onUpstreamAbort(failure);
  }
}

const unsendable = {
  code: 'HEAD_TOO_LARGE',
  status: 502,
  reason: 'the head cannot be passed on: it is too large',
};
