import { createTestAuthority } from '@tulle/testkit';
import type { Agent } from './agent/agent.ts';
import { excludedPort, NetnsMesh } from './mesh.ts';
import type { Pod } from './pod.ts';

/** Virtual IPs of the services `app` and `app-6`, which `server` is behind, and `legacy` and `legacy-6`: `plain`. */
export const app = { ipv4: '10.96.0.20', ipv6: 'fd96::20' };
export const legacy = { ipv4: '10.96.0.30', ipv6: 'fd96::30' };
/** A host outside the cluster. */
export const outsideAddresses = { ipv4: '203.0.113.10', ipv6: '2001:db8:ffff::10' };

/** Service ports of `app`, of which few say what they carry. */
export const ports = {
  http: 80,
  http2: 81,
  grpc: 82,
  tls: 443,
  echo: 7_000,
  /** The server speaks first, and nothing says so. */
  greeter: 7_070,
  mysql: 3_306,
  redis: 6_379,
  excluded: excludedPort,
} as const;

const targetPorts: Readonly<Partial<Record<keyof typeof ports, number>>> = {
  http: 8_080,
  http2: 8_081,
  grpc: 8_082,
  tls: 8_443,
};

/** `client` and `server` are meshed, `plain` is a pod without a sidecar, `outside` no pod at all. */
export interface Shop extends AsyncDisposable {
  readonly mesh: NetnsMesh;
  readonly client: Pod;
  readonly server: Pod;
  readonly plain: Pod;
  readonly outside: Pod;
  readonly inClient: Agent;
  readonly inServer: Agent;
  readonly inPlain: Agent;
  readonly tls: { readonly ca: string; readonly serverName: string };
}

export async function openShop(): Promise<Shop> {
  const mesh = await NetnsMesh.create({ meshed: ['client', 'server'], plain: ['plain'] });
  const outside = await mesh.cluster.addPod('outside', outsideAddresses);
  const [client, server, plain] = ['client', 'server', 'plain'].map((name) => mesh.pod(name)) as [
    Pod,
    Pod,
    Pod,
  ];
  const agents = [client, server, plain, outside].map((pod) => pod.agent());
  const [inClient, inServer, inPlain, inOutside] = (await Promise.all(agents)) as [
    Agent,
    Agent,
    Agent,
    Agent,
  ];
  const serverName = 'app.example';
  const certificate = await (await createTestAuthority()).issue({ dnsNames: [serverName] });
  const { certificatePem: cert, privateKeyPem: key, rootsPem: ca } = certificate;
  const at = (port: keyof typeof ports) => ({ port: targetPorts[port] ?? ports[port], name: 'server' });
  const greeting = (agent: Agent, port: number, line: string) => agent.do('greeter', { port, line });
  await Promise.all([
    inServer.do('httpApplication', at('http')),
    inServer.do('http2Application', at('http2')),
    inServer.do('grpcApplication', at('grpc')),
    inServer.do('tlsApplication', { ...at('tls'), cert, key }),
    inServer.do('tcpEcho', { port: ports.echo }),
    inServer.do('udpEcho', { host: '0.0.0.0', port: ports.echo, line: 'server heard' }),
    greeting(inServer, ports.greeter, 'greeting-of-server'),
    greeting(inServer, ports.excluded, 'excluded-of-server'),
    inPlain.do('httpApplication', { port: 8_080, name: 'plain' }),
    inOutside.do('httpApplication', { port: 8_080, name: 'outside' }),
    greeting(inOutside, ports.greeter, 'greeting-of-outside'),
  ]);
  const servicePort = (name: keyof typeof ports) => ({ name, port: ports[name], targetPort: at(name).port });
  const appPorts = (Object.keys(ports) as (keyof typeof ports)[]).map(servicePort);
  const legacyPorts = [{ name: 'web', port: 80, targetPort: 8_080 }];
  const behindApp = { pods: [{ ...addressesOf(server), isMeshed: true }], ports: appPorts };
  const behindLegacy = { pods: [{ ...addressesOf(plain), isMeshed: false }], ports: legacyPorts };
  await mesh.start([
    { name: 'app', virtualIp: app.ipv4, ...behindApp },
    { name: 'app-6', virtualIp: app.ipv6, ...behindApp },
    { name: 'legacy', virtualIp: legacy.ipv4, ...behindLegacy },
    { name: 'legacy-6', virtualIp: legacy.ipv6, ...behindLegacy },
  ]);
  return {
    mesh,
    client,
    server,
    plain,
    outside,
    inClient,
    inServer,
    inPlain,
    tls: { ca, serverName },
    [Symbol.asyncDispose]: () => mesh[Symbol.asyncDispose](),
  };
}

function addressesOf({ name, ipv4, ipv6 }: Pod) {
  return { name, ipv4, ipv6 };
}
