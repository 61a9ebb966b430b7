import type { BackendRef, HttpRoute } from '@tulle/api';
import type { Backend } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';
import { isServiceRef } from './service-ref.ts';
import { meshPorts } from './services.ts';
import type { ResolvedRefsReason } from './translated.ts';

/** A backend reference that leads nowhere. */
export interface BackendFault {
  readonly path: string;
  readonly reason: Exclude<ResolvedRefsReason, 'ResolvedRefs'>;
  readonly message: string;
}

interface TranslatedBackend {
  readonly backend: Backend;
  readonly fault: Omit<BackendFault, 'path'> | null;
}

/** A mesh's backends may stand in other namespaces without a ReferenceGrant (GAMMA). */
export function translateBackend(
  route: HttpRoute,
  ref: BackendRef,
  resources: ResourceSet,
): TranslatedBackend {
  const { weight, port } = ref;
  const namespace = ref.namespace ?? route.metadata.namespace;
  const fault = faultOf(ref, `${namespace}/${ref.name}`, resources);
  // `faultOf` has refused a reference without a port; the second test is for the compiler.
  if (fault !== null || port === null) {
    return { backend: { kind: 'invalid', reason: fault?.message ?? 'has no port', weight }, fault };
  }
  const [filter] = ref.unsupportedFilters;
  if (filter !== undefined)
    return { backend: { kind: 'invalid', reason: filter.reason, weight }, fault: null };
  return { backend: { kind: 'service', service: { namespace, name: ref.name, port }, weight }, fault: null };
}

function faultOf(ref: BackendRef, key: string, resources: ResourceSet): TranslatedBackend['fault'] {
  if (!isServiceRef(ref)) {
    const kind = ref.group === '' ? ref.kind : `${ref.group}/${ref.kind}`;
    return { reason: 'InvalidKind', message: `${kind} ${key} is no Service` };
  }
  const service = resources.Service.get(key);
  if (service === undefined) return { reason: 'BackendNotFound', message: `there is no Service ${key}` };
  if (service.type === 'ExternalName') {
    // Routing to one would let its author reach any host in the mesh's name (CVE-2021-25740).
    return { reason: 'InvalidKind', message: `Service ${key} is of type ExternalName` };
  }
  if (ref.port === null)
    return { reason: 'BackendNotFound', message: `the reference to Service ${key} has no port` };
  if (meshPorts(service).some(({ port }) => port === ref.port)) return null;
  return { reason: 'BackendNotFound', message: `Service ${key} has no TCP port ${ref.port}` };
}
