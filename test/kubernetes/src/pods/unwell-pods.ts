import type { Kubectl } from '../kubectl.ts';
import { bookshopImage, bookshopNamespace } from './bookshop.ts';

/** Pods whose application answers, but not as their probe asks. */
export const unwellPods: readonly object[] = [
  unwell('http', '/app/catalog.mjs', { httpGet: { path: '/books/99', port: 8080 } }),
  unwell('grpc', '/app/reviews.mjs', { grpc: { port: 8081, service: 'nobody' } }),
  unwell('tcp', '/app/orders.mjs', { tcpSocket: { port: 9 } }),
];

function unwell(kind: string, program: string, probe: object): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `unwell-${kind}`, namespace: bookshopNamespace, labels: { app: 'unwell' } },
    spec: {
      containers: [
        {
          name: 'app',
          image: bookshopImage,
          imagePullPolicy: 'IfNotPresent',
          args: [program],
          env: [{ name: 'HEALTH_LISTEN', value: '0.0.0.0:8081' }],
          readinessProbe: { ...probe, periodSeconds: 1 },
        },
      ],
    },
  };
}

/** Names of pods of which kubelet has said that their readiness probe fails, in order. */
export async function failingProbes(kubectl: Kubectl): Promise<readonly string[]> {
  const events = await kubectl.list('events --field-selector reason=Unhealthy', bookshopNamespace);
  const names = events
    .filter(({ message }) => String(message).startsWith('Readiness probe failed'))
    .filter(({ involvedObject }) => String(involvedObject.fieldPath).endsWith('{app}'))
    .map(({ involvedObject }) => String(involvedObject.name))
    .filter((name) => name.startsWith('unwell-'));
  return [...new Set(names)].sort();
}
