import { type ProxyOptions, sidecarPorts } from '@tulle/api';
import type { InjectionContext } from '../injection-context.ts';
import type { RawNamed } from '../pod/raw-pod.ts';
import { formatProbeTable, type ProbeTable } from '../probes/probe-table.ts';
import { mountPaths, sidecarUser } from './names.ts';

export interface SidecarSetup {
  readonly options: ProxyOptions;
  readonly context: InjectionContext;
  readonly isNative: boolean;
  readonly probes: ProbeTable;
}

const controlPlanePort = 15_012;
/** Callers outside the mesh have to hear that the pod goes (docs/operations.md, "How a sidecar ends"). */
const ordinaryDrainDelaySeconds = 5;

export function drainDelayOf({ drainDelaySeconds }: ProxyOptions, isNative: boolean): number {
  return drainDelaySeconds ?? (isNative ? 0 : ordinaryDrainDelaySeconds);
}

export function sidecarEnvironment(setup: SidecarSetup): readonly RawNamed[] {
  const { options, context, isNative, probes } = setup;
  const { settings, mesh, rootsPem } = context;
  const tracing = mesh?.tracing.endpoint ?? settings.tracingEndpoint;
  return [
    // First: what follows refers to them.
    downward('POD_NAME', 'metadata.name'),
    downward('POD_NAMESPACE', 'metadata.namespace'),
    downward('POD_IP', 'status.podIP'),
    ...variables({
      TULLE_WORKLOAD: '$(POD_NAMESPACE)/$(POD_NAME)',
      TULLE_CONTROL_PLANE: `tulle-control-plane.${settings.meshNamespace}.svc:${controlPlanePort}`,
      TULLE_CA_PEM: rootsPem,
      TULLE_TOKEN_FILE: `${mountPaths.token}/token`,
      TULLE_TRUST_DOMAIN: settings.trustDomain,
      TULLE_CAPTURE: options.capture === 'enabled' ? 'redirect' : 'none',
      TULLE_HOST: '$(POD_IP)',
      ...portVariables(options),
      // The volume's own folder is root's.
      TULLE_STATE_DIR: `${mountPaths.state}/state`,
      TULLE_DRAIN_DELAY_SECONDS: String(drainDelayOf(options, isNative)),
      TULLE_DRAIN_SECONDS: String(options.drainSeconds),
      TULLE_LOG_LEVEL: options.logLevel,
      TULLE_ACCESS_LOG: options.accessLog,
      TULLE_FORWARDED: options.forwarded,
      TULLE_XFCC: options.xfcc,
      TULLE_TRACING_ENDPOINT: tracing,
      TULLE_TRACING_SAMPLE: tracing === null ? null : String(options.tracingSample),
      TULLE_WORKERS: options.workers === 1 ? null : String(options.workers),
      TULLE_PROBES: Object.keys(probes).length === 0 ? null : formatProbeTable(probes),
    }),
  ];
}

export function initEnvironment(options: ProxyOptions): readonly RawNamed[] {
  const list = (items: readonly string[]) => (items.length === 0 ? null : items.join(','));
  return variables({
    ...portVariables(options),
    TULLE_PROXY_UID: String(sidecarUser),
    TULLE_PROXY_GID: String(sidecarUser),
    TULLE_EXCLUDED_INBOUND_PORTS: list(options.excludedInboundPorts),
    TULLE_EXCLUDED_OUTBOUND_PORTS: list(options.excludedOutboundPorts),
    TULLE_EXCLUDED_OUTBOUND_CIDRS: list(options.excludedOutboundCidrs),
    TULLE_INCLUDED_OUTBOUND_CIDRS: list(options.includedOutboundCidrs),
    TULLE_CAPTURE_BACKEND: options.captureBackend === 'auto' ? null : options.captureBackend,
    TULLE_CAPTURE_IPV6: options.captureIpv6 === 'auto' ? null : options.captureIpv6,
    // The root file system is read-only; nobody else is at work in this namespace.
    XTABLES_LOCKFILE: '/dev/shm/xtables.lock',
  });
}

/**
 * All of them, defaults too: a Service of the pod's namespace that is called `tulle-admin` gives every container a
 * variable TULLE_ADMIN_PORT (service links), and only what a container says itself stands above that.
 */
function portVariables({ inboundPort }: ProxyOptions): Readonly<Record<string, string>> {
  return {
    TULLE_OUTBOUND_PORT: String(sidecarPorts.outbound),
    TULLE_INBOUND_PORT: String(inboundPort),
    TULLE_METRICS_PORT: String(sidecarPorts.metrics),
    TULLE_ADMIN_PORT: String(sidecarPorts.admin),
  };
}

/** Null is left out. */
function variables(values: Readonly<Record<string, string | null>>): readonly RawNamed[] {
  return Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [{ name, value }]));
}

function downward(name: string, fieldPath: string): RawNamed {
  return { name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } };
}
