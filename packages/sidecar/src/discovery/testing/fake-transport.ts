import { create } from '@bufbuild/protobuf';
import type { MeshResources, ResourceKind } from '@tulle/model';
import {
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
  encodeResource,
  type Resource,
  typeUrls,
} from '@tulle/xds';
import type { DeltaStream, DeltaStreamHandlers, DeltaTransport } from '../delta-transport.ts';

/** One stream as the control plane sees it. */
export class FakeStream implements DeltaStream {
  readonly handlers: DeltaStreamHandlers;
  readonly sent: DeltaDiscoveryRequest[] = [];
  isClosed = false;

  constructor(handlers: DeltaStreamHandlers) {
    this.handlers = handlers;
  }

  send(request: DeltaDiscoveryRequest): void {
    this.sent.push(request);
  }

  close(): void {
    this.isClosed = true;
  }

  /** What was sent since the last call. */
  take(): DeltaDiscoveryRequest[] {
    return this.sent.splice(0);
  }

  respond(kind: ResourceKind, nonce: string, answer: Partial<DeltaDiscoveryResponse>): void {
    const response = create(DeltaDiscoveryResponseSchema, { typeUrl: typeUrls[kind], nonce });
    this.handlers.onResponse(Object.assign(response, answer));
  }
}

/** A control plane by hand: each stream that was opened, in order. */
export class FakeTransport implements DeltaTransport {
  readonly streams: FakeStream[] = [];
  /** While set, no stream can be had. */
  refusal: string | null = null;
  dials = 0;

  async open(handlers: DeltaStreamHandlers): Promise<DeltaStream> {
    this.dials++;
    if (this.refusal !== null) throw new Error(this.refusal);
    const stream = new FakeStream(handlers);
    this.streams.push(stream);
    return stream;
  }

  get last(): FakeStream {
    return this.streams.at(-1)!;
  }
}

export interface WireResourceOptions {
  readonly name: string;
  readonly version: string;
  readonly aliases?: readonly string[];
}

export function wireResource<K extends ResourceKind>(
  kind: K,
  resource: MeshResources[K],
  { name, version, aliases = [] }: WireResourceOptions,
): Resource {
  return {
    $typeName: 'envoy.service.discovery.v3.Resource',
    name,
    version,
    aliases: [...aliases],
    resource: {
      $typeName: 'google.protobuf.Any',
      typeUrl: typeUrls[kind],
      value: encodeResource(kind, resource),
    },
  };
}
