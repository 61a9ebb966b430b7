import type { KubernetesService, KubernetesServicePort } from '@tulle/api';
import type { AppProtocol, Service } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';
import { inKeyOrder } from './order.ts';
import type { TranslateOptions } from './translate-options.ts';

/** Services as clients address them. ExternalName is a DNS alias, not a service of the mesh (CVE-2021-25740). */
export function translateServices(
  resources: ResourceSet,
  { clusterDomain }: TranslateOptions,
): readonly Service[] {
  return inKeyOrder(resources.Service)
    .filter((service) => service.type !== 'ExternalName')
    .map((service) => {
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
    });
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
