/** A sidecar's proxy as a process of its own, so that its memory is its own. Its argument: OverloadProcess as JSON. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TransportBackend } from '@tulle/http';
import type { AppProtocol } from '@tulle/model';
import type { ProxyLimits, ProxyTimeouts } from '../src/proxy/settings.ts';
import { boundYoungGeneration } from '../src/young-generation.ts';
import { cluster, found, host, plainEndpoint, TestIdentity, TestSidecar } from './proxy-pair.ts';

export interface OverloadProcess {
  readonly backend: TransportBackend;
  /** By authority: where it leads. */
  readonly services: Readonly<Record<string, { readonly port: number; readonly protocol: AppProtocol }>>;
  readonly limits: Partial<ProxyLimits>;
  readonly timeouts: Partial<ProxyTimeouts>;
}

boundYoungGeneration();
const { backend, services, limits, timeouts } = JSON.parse(process.argv[2]!) as OverloadProcess;
const sidecar = new TestSidecar({
  backend,
  limits,
  timeouts,
  workload: 'shop/client',
  identity: new TestIdentity(),
  accessLogFormat: 'off',
});
for (const [authority, { port, protocol }] of Object.entries(services)) {
  const name = authority.split('.')[0];
  const to = { ...cluster(`shop/${name}:80`, [plainEndpoint(port)]), protocol };
  sidecar.services.set(authority, found(to));
}
await sidecar.proxy.start();
const pages = createServer((_, response) => response.end(sidecar.metrics.render()));
pages.listen(0, host, () => {
  const metricsPort = (pages.address() as AddressInfo).port;
  console.log(JSON.stringify({ msg: 'listening', port: sidecar.proxy.outboundPort, metricsPort }));
});
