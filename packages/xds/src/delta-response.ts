import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { MeshResources, ResourceKind } from '@tulle/model';
import { encodeResource } from './codec/resource-codec.ts';
import { typeUrls } from './type-urls.ts';

/** One `Resource` as it stands within a DeltaDiscoveryResponse: tag, length and message. */
export type EncodedResource = Uint8Array<ArrayBuffer>;

export interface ResourceEnvelope<K extends ResourceKind> {
  readonly kind: K;
  readonly name: string;
  readonly aliases: readonly string[];
  readonly version: string;
  readonly resource: MeshResources[K];
}

export interface DeltaResponseParts {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly systemVersion: string;
  readonly resources: readonly EncodedResource[];
  readonly removed: readonly string[];
  /** Which control plane answers, for the reader of a dump; empty: not said. */
  readonly controlPlane: string;
}

/**
 * Encodes a resource with its envelope, as field 2 of a response. A response is these joined: protobuf
 * allows fields in any order and repeated fields apart (encoding guide, "Message Structure"), so that a
 * resource is encoded once for all its subscribers.
 */
export function encodeEnvelope<K extends ResourceKind>(envelope: ResourceEnvelope<K>): EncodedResource {
  const writer = new BinaryWriter();
  writer.tag(2, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).string(envelope.version);
  writer.tag(2, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).string(typeUrls[envelope.kind]);
  writer.tag(2, WireType.LengthDelimited).bytes(encodeResource(envelope.kind, envelope.resource));
  writer.join();
  writer.tag(3, WireType.LengthDelimited).string(envelope.name);
  for (const alias of envelope.aliases) writer.tag(4, WireType.LengthDelimited).string(alias);
  return writer.join().finish();
}

/** A whole DeltaDiscoveryResponse from encoded resources. */
export function encodeDeltaResponse(parts: DeltaResponseParts): Buffer {
  const writer = new BinaryWriter();
  if (parts.systemVersion !== '') writer.tag(1, WireType.LengthDelimited).string(parts.systemVersion);
  writer.tag(4, WireType.LengthDelimited).string(parts.typeUrl);
  writer.tag(5, WireType.LengthDelimited).string(parts.nonce);
  for (const name of parts.removed) writer.tag(6, WireType.LengthDelimited).string(name);
  if (parts.controlPlane !== '') {
    writer.tag(7, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(parts.controlPlane).join();
  }
  return Buffer.concat([writer.finish(), ...parts.resources]);
}
