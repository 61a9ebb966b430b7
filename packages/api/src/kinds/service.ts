import type { ManifestNode } from '../manifest-node.ts';
import { dnsLabel } from '../text-rules.ts';
import { readAddress } from './addresses.ts';
import { type ObjectMeta, readMeta } from './object-meta.ts';
import { portRange, readTransportProtocol, type TransportProtocol } from './ports.ts';

export interface KubernetesServicePort {
  /** Empty for a single unnamed port. */
  readonly name: string;
  readonly port: number;
  readonly protocol: TransportProtocol;
  readonly appProtocol: string | null;
}

export interface KubernetesService {
  readonly kind: 'Service';
  readonly metadata: ObjectMeta;
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  /** `clusterIP: None`: clients resolve the pods themselves. */
  readonly isHeadless: boolean;
  /** At most one of each family; empty where headless, or where nothing assigned one. */
  readonly clusterIps: readonly string[];
  readonly ports: readonly KubernetesServicePort[];
}

const serviceTypes = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const;
/** Not a limit of Kubernetes; an object of 1.5 MB could not hold many more. */
const maxPorts = 1_000;

export function readService(node: ManifestNode): KubernetesService {
  const metadata = readMeta(node, { nameRule: dnsLabel });
  const spec = node.field('spec').object({ isRequired: true });
  const listed = spec.field('clusterIPs').items({ max: 2 });
  const clusterIps = (listed.length > 0 ? listed : [spec.field('clusterIP')]).map(readClusterIp);
  return {
    kind: 'Service',
    metadata,
    type: spec.field('type').oneOf(serviceTypes, 'ClusterIP'),
    isHeadless: clusterIps.includes('None'),
    clusterIps: clusterIps.filter((address) => address !== '' && address !== 'None'),
    ports: readPorts(spec.field('ports')),
  };
}

/** `None` (headless) and the empty text (not assigned yet) stand beside addresses (ServiceSpec.clusterIP). */
function readClusterIp(node: ManifestNode): string {
  if (node.isAbsent || node.value === '' || node.value === 'None') return String(node.value ?? '');
  return readAddress(node, 'any');
}

function readPorts(node: ManifestNode): readonly KubernetesServicePort[] {
  const items = node.items({ max: maxPorts });
  const seenNames = new Set<string>();
  const seenPorts = new Set<string>();
  return items.map((item) => {
    item.object({ isRequired: true });
    const name = item.field('name');
    const port: KubernetesServicePort = {
      name: name.optionalText(dnsLabel) ?? '',
      port: item.field('port').integer(portRange),
      protocol: readTransportProtocol(item.field('protocol')),
      appProtocol: item.field('appProtocol').optionalText(),
    };
    if (port.name === '' && items.length > 1) name.violate('is required where there are several ports');
    else if (seenNames.has(port.name)) name.violate(`another port has the name ${JSON.stringify(port.name)}`);
    const number = `${port.protocol}/${port.port}`;
    if (seenPorts.has(number)) item.field('port').violate(`another port has the number ${port.port}`);
    seenNames.add(port.name);
    seenPorts.add(number);
    return port;
  });
}
