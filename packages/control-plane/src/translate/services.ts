import type { KubernetesService, KubernetesServicePort } from '@tulle/api';
import type { AppProtocol, Service } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';
import { KeyOrder } from './order.ts';
import type { TranslateOptions } from './translate-options.ts';

/** Services as clients address them. ExternalName is a DNS alias, not a service of the mesh (CVE-2021-25740). */
export class ServiceStage {
  readonly #clusterDomain: string;
  readonly #order = new KeyOrder();
  readonly #translated = new WeakMap<KubernetesService, Service>();
  #source: ResourceSet['Service'] | null = null;
  #services: readonly Service[] = [];

  constructor({ clusterDomain }: TranslateOptions) {
    this.#clusterDomain = clusterDomain;
  }

  update({ Service: source }: ResourceSet): readonly Service[] {
    if (source === this.#source) return this.#services;
    this.#source = source;
    this.#services = this.#order
      .of(source)
      .map((key) => source.get(key)!)
      .filter(({ type }) => type !== 'ExternalName')
      .map((service) => this.#translate(service));
    return this.#services;
  }

  #translate(service: KubernetesService): Service {
    const known = this.#translated.get(service) ?? translateService(service, this.#clusterDomain);
    this.#translated.set(service, known);
    return known;
  }
}

function translateService(service: KubernetesService, clusterDomain: string): Service {
  const { namespace, name } = service.metadata;
  const short = `${name}.${namespace}`;
  return {
    namespace,
    name,
    ports: meshPorts(service).map((port) => ({
      port: port.port,
      name: port.name,
      protocol: appProtocolOf(port),
    })),
    virtualIps: service.clusterIps,
    hostnames: [short, `${short}.svc`, `${short}.svc.${clusterDomain}`],
  };
}

/** The ports that the mesh carries, by number. UDP and SCTP pass it by. */
export function meshPorts(service: KubernetesService): readonly KubernetesServicePort[] {
  return service.ports.filter((port) => port.protocol === 'TCP').sort((a, b) => a.port - b.port);
}

/** Kubernetes' standard names (KEP-3726) and IANA's; of others nothing is known, so the bytes decide. */
const byAppProtocol: Readonly<Record<string, AppProtocol>> = {
  http: 'http',
  'kubernetes.io/ws': 'http',
  'kubernetes.io/h2c': 'h2c',
  http2: 'h2c',
  grpc: 'grpc',
  https: 'tls',
  tls: 'tls',
  'kubernetes.io/wss': 'tls',
  tcp: 'tcp',
};

/** The habit of port names `<protocol>[-<suffix>]`, which many manifests follow. */
const byNamePrefix: Readonly<Record<string, AppProtocol>> = {
  http: 'http',
  http2: 'h2c',
  h2c: 'h2c',
  grpc: 'grpc',
  https: 'tls',
  tls: 'tls',
  tcp: 'tcp',
};

export function appProtocolOf({ appProtocol, name }: KubernetesServicePort): AppProtocol {
  if (appProtocol !== null) return lookUp(byAppProtocol, appProtocol.toLowerCase());
  // grpc-web is spoken over HTTP/1.1 too.
  return name.startsWith('grpc-web') ? 'http' : lookUp(byNamePrefix, name.split('-', 1)[0]!);
}

function lookUp(table: Readonly<Record<string, AppProtocol>>, key: string): AppProtocol {
  return Object.hasOwn(table, key) ? table[key]! : 'detect';
}
