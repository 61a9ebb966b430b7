import { connect, type Socket } from 'node:net';
import type { TransportBackend } from '@tulle/http';
import type { AppProtocol } from '@tulle/model';
import type { TestAuthority } from '@tulle/testkit';
import type { OriginalAddress } from '../src/capture/original-destination.ts';
import type { InboundRule } from '../src/config/mesh-view.ts';
import type { Cleanup } from './cleanup.ts';
import {
  clientId,
  cluster,
  found,
  host,
  meshEndpoint,
  type SidecarOptions,
  serverId,
  TestIdentity,
  TestSidecar,
} from './proxy-pair.ts';
import { RawClient } from './raw-client.ts';

export const virtualIp: OriginalAddress = { address: '10.96.0.7', port: 80 };

export interface CapturedPair {
  readonly client: TestSidecar;
  readonly server: TestSidecar;
  readonly serverIdentity: TestIdentity;
  /** Where connections of the application beside the client were going. */
  readonly clientDestination: { current: OriginalAddress | null };
  /** Where connections to the server's pod were going; null: to the mesh port itself. */
  readonly serverDestination: { current: OriginalAddress | null };
  /** A connection of the application beside the client. */
  dial(): RawClient;
  /** A connection to the server's pod from outside of the mesh. */
  dialServer(): Socket;
}

export interface CapturedPairOptions {
  readonly backend: TransportBackend;
  readonly authority: TestAuthority;
  readonly cleanup: Cleanup;
  /** As the service declares it. */
  readonly protocol?: AppProtocol;
  readonly client?: Partial<SidecarOptions>;
  readonly server?: Partial<SidecarOptions>;
}

export function rule(mode: InboundRule['mtls']['mode']): InboundRule {
  return { mtls: { mode, policy: 'shop/test' }, protocol: 'detect', label: 'shop/server:80' };
}

/**
 * Two sidecars as if netfilter had redirected everything to them: only the question where a connection was
 * going is answered by the test. `virtualIp` is the service of the application on `appPort`.
 */
export async function startCapturedPair(
  options: CapturedPairOptions,
  appPort: number,
): Promise<CapturedPair> {
  const { authority, cleanup, backend, protocol = 'detect' } = options;
  const clientIdentity = new TestIdentity();
  const serverIdentity = new TestIdentity();
  clientIdentity.set(await authority.issue({ spiffeId: clientId }));
  serverIdentity.set(await authority.issue({ spiffeId: serverId }));
  const clientDestination: CapturedPair['clientDestination'] = { current: virtualIp };
  const serverDestination: CapturedPair['serverDestination'] = { current: { address: host, port: appPort } };
  const client = new TestSidecar({
    backend,
    workload: 'shop/client',
    owner: 'web',
    identity: clientIdentity,
    original: () => clientDestination.current,
    ...options.client,
  });
  const server = new TestSidecar({
    backend,
    workload: 'shop/server',
    identity: serverIdentity,
    original: () => serverDestination.current,
    ...options.server,
  });
  server.inboundRules.set(appPort, rule('permissive'));
  for (const { proxy } of [client, server]) {
    await proxy.start();
    cleanup.add(() => proxy.stop(0));
  }
  const meshed = {
    ...cluster('shop/server:80', [meshEndpoint(appPort, server.proxy.inboundPort)]),
    protocol,
  };
  client.addresses.set(`${virtualIp.address}:${virtualIp.port}`, found(meshed));
  return {
    client,
    server,
    serverIdentity,
    clientDestination,
    serverDestination,
    dial: () => new RawClient(client.proxy.outboundPort, cleanup),
    dialServer: () => {
      const socket = connect({ host, port: server.proxy.inboundPort, allowHalfOpen: true });
      socket.on('error', () => {});
      cleanup.add(() => socket.destroy());
      return socket;
    },
  };
}
