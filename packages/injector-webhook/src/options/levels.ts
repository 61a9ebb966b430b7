import type { MeshConfig, ProxyOverrides } from '@tulle/api';

/** What one place says of sidecars. */
export interface OptionLevel {
  /** Where, for messages: `metadata.annotations`. */
  readonly place: string;
  readonly overrides: ProxyOverrides;
}

/** MeshConfig's defaults as options; what it leaves open is left out. */
export function meshOverrides({ proxy, tracing }: Pick<MeshConfig, 'proxy' | 'tracing'>): ProxyOverrides {
  const { requests, limits } = proxy.resources;
  const said = {
    logLevel: proxy.logLevel,
    accessLog: proxy.accessLog,
    drainSeconds: proxy.drainSeconds,
    drainDelaySeconds: proxy.drainDelaySeconds,
    cpuRequest: requests.cpu,
    cpuLimit: limits.cpu,
    memoryRequest: requests.memory,
    memoryLimit: limits.memory,
    excludedInboundPorts: unlessEmpty(proxy.excludedInboundPorts),
    excludedOutboundPorts: unlessEmpty(proxy.excludedOutboundPorts),
    excludedOutboundCidrs: unlessEmpty(proxy.excludedOutboundCidrs),
    tracingSample: tracing.sampleShare,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null)) as ProxyOverrides;
}

function unlessEmpty(list: readonly string[]): readonly string[] | null {
  return list.length === 0 ? null : list;
}
