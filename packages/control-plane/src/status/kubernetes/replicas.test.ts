import { type EndpointSlice, parseManifest } from '@tulle/api';
import { describe, expect, it } from 'vitest';
import { replicasOf, replicasService } from './replicas.ts';

interface Slice {
  readonly addressType?: string;
  readonly ports?: readonly object[];
  readonly endpoints: readonly object[];
}

let slices = 0;

function slice(fields: Slice): EndpointSlice {
  const labels = { 'kubernetes.io/service-name': 'tulle-control-plane' };
  const parsed = parseManifest({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `s${slices++}`, namespace: 'tulle-system', labels },
    addressType: 'IPv4',
    ports: [
      { name: 'grpc', port: 15_012 },
      { name: 'http-admin', port: 15_014 },
    ],
    ...fields,
  });
  if (!parsed.ok || parsed.value.kind !== 'EndpointSlice') throw new Error(JSON.stringify(parsed));
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
    expect(replicasOf(objects)).toEqual([
      { name: 'a', host: '10.0.0.1', port: 15_014 },
      { name: 'b', host: '10.0.0.2', port: 15_014 },
      { name: 'c', host: '[fd00::3]', port: 15_014 },
    ]);
  });

  it('asks nobody where there is no admin port', () => {
    const objects = [
      slice({ ports: [{ name: 'grpc', port: 15_012 }], endpoints: [endpoint('10.0.0.1', 'a')] }),
    ];
    expect(replicasOf(objects)).toEqual([]);
  });

  it("takes the slices of the control plane's service in the mesh's namespace", () => {
    expect(replicasService('tulle-system')).toBe('tulle-system/tulle-control-plane');
  });
});
