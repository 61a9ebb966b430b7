import { type ClientDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import type { Clock } from '@tulle/runtime';
import {
  AggregatedDiscoveryService,
  createGrpcClient,
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
} from '@tulle/xds';
import type { IdentityMaterial } from '../config/mesh-view.ts';
import {
  type ControlPlaneAddress,
  controlPlaneChannelOptions,
  controlPlaneCredentials,
  describeServiceError,
} from '../control-plane-channel.ts';
import type { DeltaStream, DeltaStreamHandlers, DeltaTransport } from './delta-transport.ts';

export interface GrpcDeltaTransportOptions {
  readonly controlPlane: ControlPlaneAddress;
  /** The certificate in use; waits for the first one. A stream keeps the one that it began with. */
  readonly identity: () => Promise<IdentityMaterial>;
  readonly clock: Clock;
}

const connectTimeoutMs = 10_000;

/** Discovery streams over gRPC and mutual TLS; a channel of its own for each stream. */
export class GrpcDeltaTransport implements DeltaTransport {
  readonly #options: GrpcDeltaTransportOptions;

  constructor(options: GrpcDeltaTransportOptions) {
    this.#options = options;
  }

  async open(handlers: DeltaStreamHandlers): Promise<DeltaStream> {
    const { controlPlane, identity, clock } = this.#options;
    const own = await identity();
    const credentials = await controlPlaneCredentials(controlPlane, { own, bundlePem: own.rootsPem });
    const client = createGrpcClient(AggregatedDiscoveryService, {
      target: controlPlane.target,
      credentials,
      options: controlPlaneChannelOptions,
    });
    const call = client.deltaAggregatedResources();
    const ended = supervise(call, handlers, () => client.close());
    client.waitForReady(clock.nowMs() + connectTimeoutMs, (error) => {
      if (error) ended(`no connection to ${controlPlane.target} within ${connectTimeoutMs} ms`);
    });
    return {
      send: (request) => void call.write(request),
      close: () => {
        call.end();
        call.cancel();
        client.close();
      },
    };
  }
}

/**
 * Passes a call's events on: any number of responses after one opening, and one end after which is nothing.
 * Gives what ends the call from outside. The control plane sends its headers as it takes a stream, whether or
 * not it has something to tell.
 */
function supervise(
  call: ClientDuplexStream<DeltaDiscoveryRequest | Buffer, DeltaDiscoveryResponse>,
  handlers: DeltaStreamHandlers,
  close: () => void,
): (reason: string) => void {
  let isOver = false;
  const ended = (reason: string) => {
    if (isOver) return;
    isOver = true;
    close();
    handlers.onEnd(reason);
  };
  call.on('metadata', () => {
    if (!isOver) handlers.onOpen();
  });
  call.on('data', (response: DeltaDiscoveryResponse) => {
    if (!isOver) handlers.onResponse(response);
  });
  call.on('error', (error: ServiceError) => ended(describeServiceError(error)));
  // Follows an error too; alone it is an orderly end by the control plane.
  call.on('status', ({ code, details }) => {
    if (code === status.OK) ended('the control plane closed the stream');
    else ended(`${status[code] ?? code}: ${details}`);
  });
  return ended;
}
