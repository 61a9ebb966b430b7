import { fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import type { MeshResources, Parsed, ResourceKind } from '@tulle/model';
import { limits } from '../limits.ts';
import { Checker } from './checker.ts';
import type { Codec } from './codec.ts';
import { endpointsCodec } from './endpoints-codec.ts';
import { peerCodec } from './peer-codec.ts';
import { routesCodec } from './routes-codec.ts';
import { serviceCodec } from './service-codec.ts';
import { trustBundleCodec } from './trust-bundle-codec.ts';
import { workloadCodec } from './workload-codec.ts';

/**
 * The door between wire and model. A new kind is a line in this table. Each codec's own message type is
 * erased here: only the codec itself makes and reads it.
 */
const codecs: { readonly [K in ResourceKind]: ErasedCodec<MeshResources[K]> } = {
  service: erase(serviceCodec),
  peer: erase(peerCodec),
  endpoints: erase(endpointsCodec),
  routes: erase(routesCodec),
  workload: erase(workloadCodec),
  trustBundle: erase(trustBundleCodec),
};

/** The resource's message, as it travels inside `google.protobuf.Any`. The same content gives the same bytes. */
export function encodeResource<K extends ResourceKind>(
  kind: K,
  resource: MeshResources[K],
): Uint8Array<ArrayBuffer> {
  return codecs[kind].encode(resource);
}

/** The resource that the bytes hold, or everything that is wrong with them. Never throws. */
export function decodeResource<K extends ResourceKind>(kind: K, bytes: Uint8Array): Parsed<MeshResources[K]> {
  if (bytes.length > limits.resourceBytes) {
    const reason = `must have at most ${limits.resourceBytes} bytes, not ${bytes.length}`;
    return { ok: false, violations: [{ path: '', reason }] };
  }
  return codecs[kind].decode(bytes);
}

interface ErasedCodec<Model> {
  encode(model: Model): Uint8Array<ArrayBuffer>;
  decode(bytes: Uint8Array): Parsed<Model>;
}

function erase<Model, Wire extends Message>(codec: Codec<Model, Wire>): ErasedCodec<Model> {
  return {
    // bufbuild writes fields by their number and the resources have no map fields: deterministic.
    encode: (model) => toBinary(codec.schema, codec.toWire(model)),
    decode(bytes) {
      const check = new Checker();
      let value: Model;
      try {
        value = codec.fromWire(fromBinary(codec.schema, bytes), check);
      } catch (thrown) {
        const cause = thrown instanceof Error ? thrown.message : String(thrown);
        const reason = `is not a readable ${codec.schema.typeName}: ${cause}`;
        return { ok: false, violations: [{ path: '', reason }] };
      }
      const violations = check.violations();
      return violations.length === 0 ? { ok: true, value } : { ok: false, violations };
    },
  };
}
