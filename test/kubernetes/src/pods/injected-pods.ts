import { metricSum, seriesOf } from '@tulle/testkit';
import type { Kubectl, KubernetesObject } from '../kubectl.ts';
import { podsOf, sidecarPageOf } from './bookshop.ts';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly restartPolicy?: string;
}

/** The container that the injector put into a pod; undefined where it did not. */
export function sidecarOf(pod: KubernetesObject): Container | undefined {
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers] as readonly Container[];
  return containers.find(({ name }) => name === 'tulle-sidecar');
}

/** What the sidecars of an app's pods have counted of requests that were answered well. */
export interface Answered {
  /** SPIFFE ids of those who were called. */
  readonly called: ReadonlySet<string>;
  /** SPIFFE ids of those who called. */
  readonly callers: ReadonlySet<string>;
  /** Services that were called without mutual TLS. */
  readonly calledPlain: readonly string[];
}

export async function answeredOf(kubectl: Kubectl, app: string): Promise<Answered> {
  const called = new Set<string>();
  const callers = new Set<string>();
  const calledPlain: string[] = [];
  for (const { metadata } of await podsOf(kubectl, app)) {
    const page = await sidecarPageOf(kubectl, metadata.name, '/metrics');
    const series = seriesOf(page, 'tulle_requests_total').filter(({ labels }) =>
      labels.code?.startsWith('2'),
    );
    for (const { labels, value } of series) {
      if (value === 0) continue;
      if (labels.direction === 'inbound') callers.add(labels.source_identity ?? '');
      else if (labels.security === 'mtls') called.add(labels.destination_identity ?? '');
      else calledPlain.push(labels.destination_service ?? '');
    }
  }
  return { called, callers, calledPlain };
}

/** Requests that a pod has been sent. */
export async function inboundRequests(kubectl: Kubectl, pod: string): Promise<number> {
  return metricSum(await sidecarPageOf(kubectl, pod, '/metrics'), 'tulle_requests_total', {
    direction: 'inbound',
  });
}
