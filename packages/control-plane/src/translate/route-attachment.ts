import type { HttpRoute, KubernetesService, ParentRef } from '@tulle/api';
import type { ResourceSet } from '../sources/resource-set.ts';
import { meshPorts } from './services.ts';

/** What a parentRef leads to: ports of a service, or nothing, and why. */
export type RouteAttachment =
  | { readonly kind: 'attached'; readonly service: KubernetesService; readonly ports: readonly number[] }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * Services with a cluster IP are parents, with or without a selector; headless ones and ExternalName are not
 * (GAMMA). `port` unset means every port, `sectionName` is a port's name, and both must hold where both are set.
 */
export function attachRoute(
  route: HttpRoute,
  { namespace, name, port, sectionName }: ParentRef,
  resources: ResourceSet,
): RouteAttachment {
  const key = `${namespace ?? route.metadata.namespace}/${name}`;
  const service = resources.Service.get(key);
  if (service === undefined) return refused(`there is no Service ${key}`);
  if (service.type === 'ExternalName') return refused(`Service ${key} is of type ExternalName`);
  if (service.isHeadless) return refused(`Service ${key} is headless: routes need a cluster IP`);
  const ports = meshPorts(service);
  const matching = ports.filter(
    (candidate) =>
      (port === null || candidate.port === port) && (sectionName === null || candidate.name === sectionName),
  );
  if (matching.length > 0) {
    return { kind: 'attached', service, ports: matching.map((candidate) => candidate.port) };
  }
  const wanted = [port === null ? '' : ` ${port}`, sectionName === null ? '' : ` named ${sectionName}`].join(
    '',
  );
  const known = ports.map((candidate) => candidate.port).join(', ') || 'none';
  return refused(`Service ${key} has no TCP port${wanted}; its ports: ${known}`);
}

function refused(message: string): RouteAttachment {
  return { kind: 'refused', message };
}
