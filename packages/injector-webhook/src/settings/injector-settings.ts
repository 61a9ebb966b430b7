import { defaults, type ProxyOptions } from '@tulle/api';

/** What the install says of injection: ConfigMap `tulle-injector`, key `config.yaml`, field by field. */
export interface InjectorSettings {
  /** The mesh's own namespace, where the control plane runs: nothing in it is injected. */
  readonly meshNamespace: string;
  readonly trustDomain: string;
  /** Nothing in these is injected, whatever labels say. */
  readonly excludedNamespaces: readonly string[];
  /** Written into `tulle.dev/injected`. */
  readonly version: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** An OTLP/HTTP collector; null: no tracing. MeshConfig's wins. */
  readonly tracingEndpoint: string | null;
  /** Defaults for every sidecar; in the file, `proxy` may name any of them. */
  readonly proxy: ProxyOptions;
}

/** What holds where `config.yaml` says nothing; `version` is the mesh's, from package.json. */
export function defaultInjectorSettings(version: string): InjectorSettings {
  return {
    meshNamespace: defaults.meshNamespace,
    trustDomain: defaults.trustDomain,
    excludedNamespaces: ['kube-system', 'kube-public', 'kube-node-lease'],
    version,
    imagePullPolicy: 'IfNotPresent',
    tracingEndpoint: null,
    proxy: defaultProxy(version),
  };
}

function defaultProxy(version: string): ProxyOptions {
  return {
    image: `tulle.dev/sidecar:${version}`,
    nativeSidecar: 'auto',
    capture: 'enabled',
    captureBackend: 'auto',
    captureIpv6: 'auto',
    excludedInboundPorts: [],
    excludedOutboundPorts: [],
    excludedOutboundCidrs: [],
    includedOutboundCidrs: [],
    inboundPort: defaults.inboundPort,
    rewriteProbes: 'enabled',
    cpuRequest: '50m',
    // A limit would make every neighbour wait for the rest of a period once it is used up.
    cpuLimit: null,
    memoryRequest: '128Mi',
    memoryLimit: '512Mi',
    logLevel: 'info',
    // Why a request has failed should not have to be asked for after it has; bounded by the sidecar (access-log.ts).
    accessLog: 'errors',
    forwarded: 'append',
    xfcc: 'sanitize',
    drainSeconds: 10,
    drainDelaySeconds: null,
    tracingSample: 0.01,
    workers: 1,
  };
}
