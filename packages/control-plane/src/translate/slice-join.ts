import { type EndpointSlice, type KubernetesServicePort, objectKey, type SliceEndpoint } from '@tulle/api';
import type { AppProtocol, ServicePortName } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';
import { inKeyOrder } from './order.ts';
import { appProtocolOf, meshPorts } from './services.ts';

/** One port of a service with all that its slices list for it, ready or not. */
export interface JoinedPort {
  readonly servicePort: ServicePortName;
  readonly protocol: AppProtocol;
  readonly targets: readonly { readonly endpoint: SliceEndpoint; readonly port: number }[];
}

/** Joins EndpointSlices to services: by the label for the service, by the port's name for the port. */
export function joinSlices(resources: ResourceSet): readonly JoinedPort[] {
  const slices = slicesByService(resources);
  return inKeyOrder(resources.Service)
    .filter((service) => service.type !== 'ExternalName')
    .flatMap((service) => {
      const own = slices.get(objectKey(service)) ?? [];
      const { namespace, name } = service.metadata;
      return meshPorts(service).map((port) => ({
        servicePort: { namespace, name, port: port.port },
        protocol: appProtocolOf(port),
        targets: targetsOf(port, own),
      }));
    });
}

function slicesByService({ EndpointSlice }: ResourceSet): ReadonlyMap<string, readonly EndpointSlice[]> {
  const slices = new Map<string, EndpointSlice[]>();
  for (const slice of inKeyOrder(EndpointSlice)) {
    if (slice.serviceName === null || slice.addressType === 'FQDN') continue;
    const key = `${slice.metadata.namespace}/${slice.serviceName}`;
    const own = slices.get(key);
    if (own === undefined) slices.set(key, [slice]);
    else own.push(slice);
  }
  return slices;
}

/** The number is the slice's: a named targetPort resolves per pod, so slices may differ for one name. */
function targetsOf(
  servicePort: KubernetesServicePort,
  slices: readonly EndpointSlice[],
): JoinedPort['targets'] {
  return slices.flatMap(({ ports, endpoints }) =>
    ports.flatMap(({ name, port, protocol }) =>
      name === servicePort.name && protocol === servicePort.protocol && port !== null
        ? endpoints.map((endpoint) => ({ endpoint, port }))
        : [],
    ),
  );
}
