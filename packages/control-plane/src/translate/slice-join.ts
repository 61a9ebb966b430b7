import type { EndpointSlice, KubernetesService, KubernetesServicePort, SliceEndpoint } from '@tulle/api';
import type { AppProtocol, ServicePortName } from '@tulle/model';
import { SecondaryIndex } from '@tulle/runtime';
import type { ResourceSet } from '../sources/resource-set.ts';
import { addChangedKeys } from './changes.ts';
import { inKeyOrder, KeyOrder } from './order.ts';
import { appProtocolOf, meshPorts } from './services.ts';
import { servicesOfSlice } from './services-of-slice.ts';

/** One port of a service with all that its slices list for it, ready or not. */
export interface JoinedPort {
  readonly servicePort: ServicePortName;
  readonly protocol: AppProtocol;
  readonly targets: readonly { readonly endpoint: SliceEndpoint; readonly port: number }[];
}

export interface JoinUpdate {
  /** Of every service, in the order of their names and numbers. */
  readonly ports: readonly JoinedPort[];
  /** Those that the update before did not have, and those that only it had. */
  readonly added: readonly JoinedPort[];
  readonly removed: readonly JoinedPort[];
}

interface JoinedService {
  readonly service: KubernetesService;
  readonly ports: readonly JoinedPort[];
}

const noSlices: ResourceSet['EndpointSlice'] = new Map();

/** Joins EndpointSlices to services: by the label for the service, by the port's name for the port. */
export class SliceJoin {
  readonly #serviceOrder = new KeyOrder();
  readonly #slices = new SecondaryIndex(servicesOfSlice);
  #source: Pick<ResourceSet, 'Service' | 'EndpointSlice'> | null = null;
  #services: ReadonlyMap<string, JoinedService> = new Map();
  #ports: readonly JoinedPort[] = [];

  /** The ports of a service whose slices are the same objects as before are the same objects too. */
  update({ Service, EndpointSlice }: ResourceSet): JoinUpdate {
    if (Service === this.#source?.Service && EndpointSlice === this.#source.EndpointSlice) {
      return { ports: this.#ports, added: [], removed: [] };
    }
    const touched = this.#takeSlices(this.#source?.EndpointSlice ?? noSlices, EndpointSlice);
    this.#source = { Service, EndpointSlice };
    const services = new Map<string, JoinedService>();
    const added: JoinedPort[] = [];
    for (const key of this.#serviceOrder.of(Service)) {
      const service = Service.get(key)!;
      const before = this.#services.get(key);
      if (before?.service === service && !touched.has(key)) services.set(key, before);
      else {
        const ports = joinedPorts(service, inKeyOrder(this.#slices.of(key)));
        services.set(key, { service, ports });
        added.push(...ports);
      }
    }
    const removed: JoinedPort[] = [];
    for (const [key, before] of this.#services) {
      if (services.get(key) !== before) removed.push(...before.ports);
    }
    this.#services = services;
    if (added.length + removed.length > 0) this.#ports = [...services.values()].flatMap(({ ports }) => ports);
    return { ports: this.#ports, added, removed };
  }

  /** Gives the services that have other slices than before. */
  #takeSlices(
    before: ResourceSet['EndpointSlice'],
    after: ResourceSet['EndpointSlice'],
  ): ReadonlySet<string> {
    const changed = new Set<string>();
    addChangedKeys(changed, before, after);
    const services = new Set<string>();
    for (const key of changed) {
      for (const service of this.#slices.update(key, before.get(key), after.get(key))) services.add(service);
    }
    return services;
  }
}

function joinedPorts(service: KubernetesService, slices: readonly EndpointSlice[]): readonly JoinedPort[] {
  if (service.type === 'ExternalName') return [];
  const { namespace, name } = service.metadata;
  return meshPorts(service).map((port) => ({
    servicePort: { namespace, name, port: port.port },
    protocol: appProtocolOf(port),
    targets: targetsOf(port, slices),
  }));
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
