import { sidecarPorts } from '../defaults.ts';
import { portRange } from '../kinds/ports.ts';
import {
  cidrList,
  imageReference,
  type OptionReader,
  oneOf,
  portList,
  quantity,
  share,
  wholeNumber,
} from './option-readers.ts';

const switches = ['enabled', 'disabled'] as const;
type Switch = (typeof switches)[number];

/**
 * What can be chosen of a pod's sidecar. The narrowest place that says something wins, option by option: the pod's
 * annotation, its namespace's, MeshConfig, the injector's settings. Lists are replaced, not added to.
 */
export interface ProxyOptions {
  readonly image: string;
  readonly nativeSidecar: 'auto' | Switch;
  readonly capture: Switch;
  readonly captureBackend: 'auto' | 'iptables-nft' | 'iptables-legacy' | 'nft';
  readonly captureIpv6: 'auto' | 'on' | 'off';
  readonly excludedInboundPorts: readonly string[];
  readonly excludedOutboundPorts: readonly string[];
  readonly excludedOutboundCidrs: readonly string[];
  /** Empty: all. */
  readonly includedOutboundCidrs: readonly string[];
  readonly inboundPort: number;
  readonly rewriteProbes: Switch;
  /** Null: none is asked for. */
  readonly cpuRequest: string | null;
  readonly cpuLimit: string | null;
  readonly memoryRequest: string | null;
  readonly memoryLimit: string | null;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly accessLog: 'off' | 'errors' | 'text' | 'json';
  readonly forwarded: 'append' | 'set' | 'off';
  readonly xfcc: 'sanitize' | 'set' | 'append';
  readonly drainSeconds: number;
  /** Null: 0 for a native sidecar, else 5 (docs/operations.md, "How a sidecar ends"). */
  readonly drainDelaySeconds: number | null;
  readonly tracingSample: number;
  readonly workers: number;
}

/** What one place says of it. */
export type ProxyOverrides = { readonly [K in keyof ProxyOptions]?: ProxyOptions[K] };

export interface ProxyOption<T> {
  /** Its annotation is `config.tulle.dev/<name>`. */
  readonly name: string;
  readonly reader: OptionReader<T>;
  readonly meaning: string;
  readonly example: string;
}

type ProxyOptionTable = { readonly [K in keyof ProxyOptions]: ProxyOption<ProxyOptions[K]> };

/** Every option of a sidecar; docs/kubernetes.md has the same table. */
export const proxyOptions: ProxyOptionTable = {
  image: {
    name: 'image',
    reader: imageReference(),
    meaning: "the sidecar's image, which is tulle-init's too",
    example: 'registry.example.com/sidecar:0.1.1',
  },
  nativeSidecar: {
    name: 'native-sidecar',
    reader: oneOf(['auto', ...switches]),
    meaning: 'whether the sidecar is an init container that stays; `auto`: where the cluster has them (1.29)',
    example: 'disabled',
  },
  capture: {
    name: 'capture',
    reader: oneOf(switches),
    meaning: 'whether all TCP of the pod is led to its sidecar; else applications send to it by themselves',
    example: 'disabled',
  },
  captureBackend: {
    name: 'capture-backend',
    reader: oneOf(['auto', 'iptables-nft', 'iptables-legacy', 'nft']),
    meaning: 'what programs netfilter',
    example: 'nft',
  },
  captureIpv6: {
    name: 'capture-ipv6',
    reader: oneOf(['auto', 'on', 'off']),
    meaning: 'whether IPv6 is captured; `auto`: where the pod has it',
    example: 'off',
  },
  excludedInboundPorts: {
    name: 'excluded-inbound-ports',
    reader: portList(),
    meaning: "ports of the application that are reached past the sidecar, without the mesh's protection",
    example: '22,9000-9010',
  },
  excludedOutboundPorts: {
    name: 'excluded-outbound-ports',
    reader: portList(),
    meaning: 'destination ports that the application reaches past the sidecar',
    example: '5432',
  },
  excludedOutboundCidrs: {
    name: 'excluded-outbound-cidrs',
    reader: cidrList(),
    meaning: 'destinations that the application reaches past the sidecar',
    example: '169.254.169.254,10.1.0.0/16',
  },
  includedOutboundCidrs: {
    name: 'included-outbound-cidrs',
    reader: cidrList(),
    meaning: 'the only destinations that go through the sidecar; empty: all',
    example: '10.96.0.0/12,10.244.0.0/16',
  },
  inboundPort: {
    name: 'inbound-port',
    reader: wholeNumber(portRange.min, portRange.max, Object.values(sidecarPorts)),
    meaning: 'where the sidecar takes mesh traffic',
    example: '16006',
  },
  rewriteProbes: {
    name: 'rewrite-probes',
    reader: oneOf(switches),
    meaning: 'whether kubelet asks the sidecar, which asks the application; else STRICT refuses its probes',
    example: 'disabled',
  },
  cpuRequest: {
    name: 'cpu-request',
    reader: quantity('50m', 0.001),
    meaning: 'what the sidecar asks for of CPU',
    example: '100m',
  },
  cpuLimit: {
    name: 'cpu-limit',
    reader: quantity('500m', 0.001),
    meaning: 'and may take',
    example: '1',
  },
  memoryRequest: {
    name: 'memory-request',
    reader: quantity('128Mi', 1),
    meaning: 'what it asks for of memory',
    example: '256Mi',
  },
  memoryLimit: {
    name: 'memory-limit',
    // Less, and Node does not come up.
    reader: quantity('512Mi (at least 64Mi)', 64 * 2 ** 20),
    meaning: 'and may take: at nine tenths of it the sidecar refuses requests',
    example: '1Gi',
  },
  logLevel: {
    name: 'log-level',
    reader: oneOf(['debug', 'info', 'warn', 'error', 'silent']),
    meaning: "the sidecar's own log",
    example: 'debug',
  },
  accessLog: {
    name: 'access-log',
    reader: oneOf(['off', 'errors', 'text', 'json']),
    meaning:
      'a line a request and a connection: `off`, `errors` (those that went wrong; bounded), `text`, `json`',
    example: 'json',
  },
  forwarded: {
    name: 'forwarded',
    reader: oneOf(['append', 'set', 'off']),
    meaning: 'what applications read in `x-forwarded-for`',
    example: 'set',
  },
  xfcc: {
    name: 'xfcc',
    reader: oneOf(['sanitize', 'set', 'append']),
    meaning: 'what applications read in `x-forwarded-client-cert`',
    example: 'set',
  },
  drainSeconds: {
    name: 'drain-seconds',
    reader: wholeNumber(0, 3_600),
    meaning: 'how long the sidecar finishes what is under way when it ends',
    example: '25',
  },
  drainDelaySeconds: {
    name: 'drain-delay-seconds',
    reader: wholeNumber(0, 300),
    meaning: 'how long before that it serves as if nothing were',
    example: '5',
  },
  tracingSample: {
    name: 'tracing-sample',
    reader: share(),
    meaning: 'the share of new traces that is recorded, where MeshConfig names a collector',
    example: '0.1',
  },
  workers: {
    name: 'workers',
    reader: wholeNumber(1, 64),
    meaning: 'processes of the sidecar, for one that is given more than one core',
    example: '2',
  },
};

export const proxyOptionKeys = Object.keys(proxyOptions) as readonly (keyof ProxyOptions)[];
