import type { ProxyOptions } from '@tulle/api';
import type { Manifest } from './mesh/manifests.ts';

/** What an annotation is set to, and where an injected pod shows it. */
export interface AnnotationEffect {
  readonly value: string;
  readonly read: (pod: Manifest) => unknown;
  readonly shows: unknown;
}

/** One for each `config.tulle.dev/*`, so that the compiler lists what a new one lacks. */
export const annotationEffects: Readonly<Record<keyof ProxyOptions, AnnotationEffect>> = {
  image: {
    value: 'example.com/sidecar:9',
    read: (pod) => sidecar(pod).image,
    shows: 'example.com/sidecar:9',
  },
  nativeSidecar: {
    value: 'disabled',
    read: (pod) => pod.spec.containers.map(({ name }: Manifest) => name),
    shows: ['tulle-sidecar', 'app'],
  },
  capture: {
    value: 'disabled',
    read: (pod) => pod.spec.initContainers.map(({ name }: Manifest) => name),
    shows: ['tulle-sidecar'],
  },
  captureBackend: inInit('TULLE_CAPTURE_BACKEND', 'nft'),
  captureIpv6: inInit('TULLE_CAPTURE_IPV6', 'off'),
  excludedInboundPorts: inInit('TULLE_EXCLUDED_INBOUND_PORTS', '22,9000-9010'),
  excludedOutboundPorts: inInit('TULLE_EXCLUDED_OUTBOUND_PORTS', '5432'),
  excludedOutboundCidrs: inInit('TULLE_EXCLUDED_OUTBOUND_CIDRS', '169.254.169.254,10.1.0.0/16'),
  includedOutboundCidrs: inInit('TULLE_INCLUDED_OUTBOUND_CIDRS', '10.96.0.0/12'),
  inboundPort: inEnv('TULLE_INBOUND_PORT', '16006'),
  rewriteProbes: { value: 'disabled', read: (pod) => probe(pod).port, shows: 8_080 },
  cpuRequest: { value: '100m', read: (pod) => sidecar(pod).resources.requests.cpu, shows: '100m' },
  cpuLimit: { value: '1', read: (pod) => sidecar(pod).resources.limits.cpu, shows: '1' },
  memoryRequest: { value: '256Mi', read: (pod) => sidecar(pod).resources.requests.memory, shows: '256Mi' },
  memoryLimit: { value: '1Gi', read: (pod) => sidecar(pod).resources.limits.memory, shows: '1Gi' },
  logLevel: inEnv('TULLE_LOG_LEVEL', 'debug'),
  accessLog: inEnv('TULLE_ACCESS_LOG', 'json'),
  forwarded: inEnv('TULLE_FORWARDED', 'set'),
  xfcc: inEnv('TULLE_XFCC', 'set'),
  drainSeconds: inEnv('TULLE_DRAIN_SECONDS', '25'),
  drainDelaySeconds: inEnv('TULLE_DRAIN_DELAY_SECONDS', '5'),
  tracingSample: inEnv('TULLE_TRACING_SAMPLE', '0.1'),
  workers: inEnv('TULLE_WORKERS', '2'),
};

export function containerNamed(pod: Manifest, name: string): Manifest {
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers] as Manifest[];
  const found = all.find((container) => container.name === name);
  if (found === undefined) throw new Error(`the pod ${pod.metadata.name} has no container ${name}`);
  return found;
}

function sidecar(pod: Manifest): Manifest {
  return containerNamed(pod, 'tulle-sidecar');
}

function probe(pod: Manifest): Manifest {
  return containerNamed(pod, 'app').readinessProbe.httpGet;
}

function inEnv(variable: string, value: string, container = 'tulle-sidecar'): AnnotationEffect {
  const read = (pod: Manifest) => envOf(containerNamed(pod, container))[variable];
  return { value, read, shows: value };
}

/** For the init program, which makes the rules of capture. */
function inInit(variable: string, value: string): AnnotationEffect {
  return inEnv(variable, value, 'tulle-init');
}

/** Its variables; of one that has a source instead of a value, the source. */
export function envOf(container: Manifest): Readonly<Record<string, unknown>> {
  const variables = container.env as readonly Manifest[];
  return Object.fromEntries(variables.map(({ name, value, valueFrom }) => [name, value ?? valueFrom]));
}
