import { type MeshResources, type ResourceKind, resourceName, type Violation } from '@tulle/model';
import { decodeResource, type Resource, typeUrls } from '@tulle/xds';
import type { HeldResource } from './resource-cache.ts';

/** What a kind must satisfy beyond its own form, such as compiling; no violations: it is taken. */
export type AdmissionChecks = {
  readonly [K in ResourceKind]?: (resource: MeshResources[K]) => readonly Violation[];
};

export type ReadResource<K extends ResourceKind> =
  | { readonly ok: true; readonly held: HeldResource<K> }
  | { readonly ok: false; readonly violations: readonly Violation[] };

const maxAliases = 128;
const maxNameChars = 512;

/** What a resource is read for. */
export interface Admission {
  readonly checks: AdmissionChecks;
  /** The bytes are kept too, for a next life of this sidecar. */
  readonly keepsWire: boolean;
}

/** The door for one resource of a response: decoded, validated and checked, or every reason why not. */
export function readResource<K extends ResourceKind>(
  kind: K,
  wire: Resource,
  { checks, keepsWire }: Admission,
): ReadResource<K> {
  if (wire.name.length === 0 || wire.name.length > maxNameChars)
    return rejected('name', `must have 1 to ${maxNameChars} characters`);
  if (wire.aliases.length > maxAliases) return rejected('aliases', `must have at most ${maxAliases} items`);
  if (wire.resource === undefined) return rejected('resource', 'is missing');
  if (wire.resource.typeUrl !== typeUrls[kind])
    return rejected('resource.type_url', `must be ${typeUrls[kind]}`);
  const decoded = decodeResource(kind, wire.resource.value);
  if (!decoded.ok) return decoded;
  const ownName = resourceName[kind](decoded.value);
  // Else an answer for one name could replace the resource of another.
  if (ownName !== wire.name) return rejected('name', `must be ${ownName}, as the resource itself says`);
  const violations = checks[kind]?.(decoded.value) ?? [];
  if (violations.length > 0) return { ok: false, violations };
  const { name, aliases, version } = wire;
  // A copy: what was decoded is a view of the whole response.
  const bytes = keepsWire ? wire.resource.value.slice() : null;
  return { ok: true, held: { name, aliases, version, resource: decoded.value, wire: bytes } };
}

function rejected(path: string, reason: string): { ok: false; violations: readonly Violation[] } {
  return { ok: false, violations: [{ path, reason }] };
}
