import type { ItemLimits, ManifestNode, NumberRange, TextRule } from '../manifest-node.ts';
import { cidrBlock, portOrRange } from './excluded-traffic.ts';
import { type ProxyResources, readProxyResources } from './proxy-resources.ts';

export const proxyLogLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export const accessLogModes = ['off', 'errors', 'text', 'json'] as const;

export type ProxyLogLevel = (typeof proxyLogLevels)[number];
export type AccessLogMode = (typeof accessLogModes)[number];

/** What new sidecars get where their pod's annotations say nothing; null or empty: the installation's default. */
export interface ProxyDefaults {
  readonly logLevel: ProxyLogLevel | null;
  readonly accessLog: AccessLogMode | null;
  readonly drainSeconds: number | null;
  readonly drainDelaySeconds: number | null;
  readonly resources: ProxyResources;
  /** `10.0.0.0/8`, `fd00::/8` */
  readonly excludedOutboundCidrs: readonly string[];
  /** `5432`, `9000-9010` */
  readonly excludedOutboundPorts: readonly string[];
  readonly excludedInboundPorts: readonly string[];
}

export const proxyLimits = {
  drainSeconds: { min: 0, max: 3_600 },
  drainDelaySeconds: { min: 0, max: 300 },
  /** Half of what the sidecar's init step takes, so that a pod's own still fit. */
  excluded: { max: 64 },
} as const satisfies Readonly<Record<string, NumberRange | ItemLimits>>;

export function readProxyDefaults(node: ManifestNode): ProxyDefaults {
  node.object();
  const list = (name: string, rule: TextRule) => readList(node.field(name), rule);
  const defaults: ProxyDefaults = {
    logLevel: node.field('logLevel').optionalOneOf(proxyLogLevels),
    accessLog: node.field('accessLog').optionalOneOf(accessLogModes),
    drainSeconds: node.field('drainSeconds').optionalInteger(proxyLimits.drainSeconds),
    drainDelaySeconds: node.field('drainDelaySeconds').optionalInteger(proxyLimits.drainDelaySeconds),
    resources: readProxyResources(node.field('resources')),
    excludedOutboundCidrs: list('excludedOutboundCidrs', cidrBlock),
    excludedOutboundPorts: list('excludedOutboundPorts', portOrRange),
    excludedInboundPorts: list('excludedInboundPorts', portOrRange),
  };
  node.warnOfUnknownFields();
  return defaults;
}

function readList(node: ManifestNode, rule: TextRule): readonly string[] {
  return node.items(proxyLimits.excluded).map((item) => {
    if (item.isAbsent) item.violate('is required');
    return item.optionalNumberOrText(rule) ?? '';
  });
}
