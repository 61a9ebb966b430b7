import { type KubernetesObject, parseManifest } from '@tulle/api';
import { describe, expect, it } from 'vitest';
import { resourceSetOf } from '../../sources/resource-set.ts';
import { replicasOf } from './replicas.ts';

interface Slice {
  readonly namespace?: string;
  readonly service?: string;
  readonly addressType?: string;
  readonly ports?: readonly object[];
  readonly endpoints: readonly object[];
}

let slices = 0;

function slice({
  namespace = 'tulle-system',
  service = 'tulle-control-plane',
  ...rest
}: Slice): KubernetesObject {
  const labels = { 'kubernetes.io/service-name': service };
  const parsed = parseManifest({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `s${slices++}`, namespace, labels },
    addressType: 'IPv4',
    ports: [
      { name: 'grpc', port: 15_012 },
      { name: 'http-admin', port: 15_014 },
    ],
    ...rest,
  });
  if (!parsed.ok || parsed.value.kind === 'foreign') throw new Error(JSON.stringify(parsed));
  return parsed.value;
}

const endpoint = (address: string, pod: string, conditions: object = {}) => ({
  addresses: [address],
  conditions,
  targetRef: { kind: 'Pod', name: pod, namespace: 'tulle-system' },
});

describe('replicasOf', () => {
  it("gives the control plane's pods once each, those that are not ready too, with their admin port", () => {
    const objects = [
      slice({ endpoints: [endpoint('10.0.0.2', 'b'), endpoint('10.0.0.1', 'a', { ready: false })] }),
      slice({ addressType: 'IPv6', endpoints: [endpoint('fd00::1', 'a'), endpoint('fd00::3', 'c')] }),
    ];
    expect(replicasOf(resourceSetOf(objects), 'tulle-system')).toEqual([
      { name: 'a', host: '10.0.0.1', port: 15_014 },
      { name: 'b', host: '10.0.0.2', port: 15_014 },
      { name: 'c', host: '[fd00::3]', port: 15_014 },
    ]);
  });

  it('asks nobody of another namespace or service, nor where there is no admin port', () => {
    const endpoints = [endpoint('10.0.0.1', 'a')];
    const objects = [
      slice({ namespace: 'shop', endpoints }),
      slice({ service: 'tulle-injector', endpoints }),
      slice({ ports: [{ name: 'grpc', port: 15_012 }], endpoints }),
    ];
    expect(replicasOf(resourceSetOf(objects), 'tulle-system')).toEqual([]);
  });
});
