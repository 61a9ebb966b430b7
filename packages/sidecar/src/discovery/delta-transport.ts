import type { DeltaDiscoveryRequest, DeltaDiscoveryResponse } from '@tulle/xds';

export interface DeltaStreamHandlers {
  /** The control plane has taken the stream. */
  onOpen(): void;
  onResponse(response: DeltaDiscoveryResponse): void;
  /** The stream is over, for whatever reason; called once, and nothing after it. */
  onEnd(reason: string): void;
}

export interface DeltaStream {
  send(request: DeltaDiscoveryRequest): void;
  /** Ends the stream from this side; `onEnd` follows or does not. */
  close(): void;
}

/** Opens discovery streams. The client's state machine sees gRPC only through this. */
export interface DeltaTransport {
  /** Rejects, or calls `onEnd` later, when no stream can be had. Each call dials anew. */
  open(handlers: DeltaStreamHandlers): Promise<DeltaStream>;
}
