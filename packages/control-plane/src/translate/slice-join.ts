import type { EndpointSlice, KubernetesService, KubernetesServicePort, SliceEndpoint } from '@tulle/api';
import type { AppProtocol, ServicePortName } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';
import { isSameList } from './changes.ts';
import { KeyOrder } from './order.ts';
import { appProtocolOf, meshPorts } from './services.ts';

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
  readonly slices: readonly EndpointSlice[];
  readonly ports: readonly JoinedPort[];
}

const none: readonly EndpointSlice[] = [];

/** Joins EndpointSlices to services: by the label for the service, by the port's name for the port. */
export class SliceJoin {
  readonly #serviceOrder = new KeyOrder();
  readonly #sliceOrder = new KeyOrder();
  #source: Pick<ResourceSet, 'Service' | 'EndpointSlice'> | null = null;
  #slices: ReadonlyMap<string, readonly EndpointSlice[]> = new Map();
  #services: ReadonlyMap<string, JoinedService> = new Map();
  #ports: readonly JoinedPort[] = [];

  /** The ports of a service whose slices are the same objects as before are the same objects too. */
  update({ Service, EndpointSlice }: ResourceSet): JoinUpdate {
    if (Service === this.#source?.Service && EndpointSlice === this.#source.EndpointSlice) {
      return { ports: this.#ports, added: [], removed: [] };
    }
    if (EndpointSlice !== this.#source?.EndpointSlice) this.#takeSlices(EndpointSlice);
    this.#source = { Service, EndpointSlice };
    const services = new Map<string, JoinedService>();
    const added: JoinedPort[] = [];
    for (const key of this.#serviceOrder.of(Service)) {
      const service = Service.get(key)!;
      const slices = this.#slices.get(key) ?? none;
      const before = this.#services.get(key);
      if (before?.service === service && isSameList(before.slices, slices)) services.set(key, before);
      else {
        const ports = joinedPorts(service, slices);
        services.set(key, { service, slices, ports });
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

  #takeSlices(source: ResourceSet['EndpointSlice']): void {
    const slices = new Map<string, EndpointSlice[]>();
    for (const sliceKey of this.#sliceOrder.of(source)) {
      const slice = source.get(sliceKey)!;
      if (slice.serviceName === null || slice.addressType === 'FQDN') continue;
      const key = `${slice.metadata.namespace}/${slice.serviceName}`;
      const own = slices.get(key);
      if (own === undefined) slices.set(key, [slice]);
      else own.push(slice);
    }
    this.#slices = slices;
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
