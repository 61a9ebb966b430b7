import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addresses, backendPort } from '../addresses.ts';
import type { Protocol } from '../cases.ts';
import { virtualIp } from './capture.ts';
import type { Workspace } from './subject.ts';

/** What a mesh of two pods and one without a sidecar is told; gives the tokens that the sidecars show. */
export function writeConfiguration(
  protocol: Protocol,
  { folder }: Workspace,
): { readonly client: string; readonly server: string } {
  const isCaptured = protocol === 'tcp';
  const tokens = { client: randomBytes(24).toString('hex'), server: randomBytes(24).toString('hex') };
  mkdirSync(join(folder, 'mesh'), { recursive: true });
  const entries = Object.entries(tokens).map(([pod, token]) => ({
    token,
    namespace: 'bench',
    serviceAccount: pod,
  }));
  writeFileSync(join(folder, 'tokens.yaml'), JSON.stringify({ tokens: entries }), { mode: 0o600 });
  const documents = [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'bench', labels: { 'tulle.dev/inject': 'enabled' } },
    },
    pod('client', addresses.client, { isCaptured }),
    pod('server', addresses.server, { isCaptured }),
    pod('outsider', addresses.outsider, { labels: { 'tulle.dev/inject': 'disabled' } }),
    ...service('meshed', { protocol, podName: 'server', address: addresses.server, clusterIP: virtualIp }),
    ...service('plain', { protocol, podName: 'outsider', address: addresses.outsider }),
  ];
  writeFileSync(join(folder, 'mesh/bench.yaml'), documents.map((one) => JSON.stringify(one)).join('\n---\n'));
  return tokens;
}

function pod(
  name: string,
  podIP: string,
  { labels = {}, isCaptured = false }: { labels?: Record<string, string>; isCaptured?: boolean },
): object {
  const annotations = isCaptured ? { 'config.tulle.dev/capture': 'enabled' } : {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'bench', labels, annotations },
    spec: { serviceAccountName: name },
    status: { podIP },
  };
}

const appProtocols: Readonly<Record<Protocol, string>> = {
  h1: 'http',
  h2c: 'kubernetes.io/h2c',
  grpc: 'grpc',
  tcp: 'tcp',
};

interface ServiceOfOne {
  readonly protocol: Protocol;
  readonly podName: string;
  readonly address: string;
  readonly clusterIP?: string;
}

function service(name: string, { protocol, podName, address, clusterIP }: ServiceOfOne): object[] {
  const metadata = { name, namespace: 'bench' };
  const port = { name: 'app', port: backendPort, appProtocol: appProtocols[protocol] };
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP, ports: [port] } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-1`, namespace: 'bench', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'app', port: backendPort }],
      endpoints: [{ addresses: [address], targetRef: { kind: 'Pod', name: podName, namespace: 'bench' } }],
    },
  ];
}
