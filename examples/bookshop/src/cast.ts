/** The cast: which pods there are, who they are and where. It says what mesh/pods.yaml says. */
export interface PodSpec {
  readonly name: string;
  readonly service: string;
  readonly serviceAccount: string;
  /** The program below src/services. */
  readonly program: string;
  readonly version: string | null;
  readonly address: string;
}

export const namespace = 'bookshop';
export const trustDomain = 'cluster.local';

export const ports = {
  app: 8080,
  outbound: 15_001,
  inbound: 15_006,
  metrics: 15_020,
  sidecarAdmin: 15_000,
  discovery: 15_012,
  controlPlaneAdmin: 15_014,
} as const;

export interface Cast {
  readonly controlPlaneAddress: string;
  readonly pods: readonly PodSpec[];
}

export function castAt(base: string): Cast {
  const pod = (name: string, service: string, lastByte: number, version: string | null = null): PodSpec => ({
    name,
    service,
    serviceAccount: service,
    program: service,
    version,
    address: `${base}.${lastByte}`,
  });
  return {
    controlPlaneAddress: `${base}.1`,
    pods: [
      pod('web-1', 'web', 11),
      pod('catalog-v1-1', 'catalog', 21, 'v1'),
      pod('catalog-v1-2', 'catalog', 22, 'v1'),
      pod('catalog-v2-1', 'catalog', 31, 'v2'),
      pod('orders-1', 'orders', 41),
      pod('reviews-1', 'reviews', 51),
    ],
  };
}

/** Who calls whom: what the view shows and what is checked. */
export const edges: readonly { readonly source: string; readonly destination: string }[] = [
  { source: 'web', destination: 'catalog' },
  { source: 'web', destination: 'orders' },
  { source: 'web', destination: 'reviews' },
  { source: 'orders', destination: 'catalog' },
];

export function spiffeIdOf(serviceAccount: string): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

/** Every address and port that the demo listens on. */
export function listenersOf(cast: Cast): readonly { readonly host: string; readonly port: number }[] {
  const own = [ports.discovery, ports.controlPlaneAdmin].map((port) => ({
    host: cast.controlPlaneAddress,
    port,
  }));
  const perPod = [ports.app, ports.outbound, ports.inbound, ports.metrics, ports.sidecarAdmin];
  return [...own, ...cast.pods.flatMap(({ address }) => perPod.map((port) => ({ host: address, port })))];
}
