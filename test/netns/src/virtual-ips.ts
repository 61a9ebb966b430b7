import { isIPv6 } from 'node:net';

export interface VirtualIp {
  readonly address: string;
  readonly port: number;
  readonly endpoints: readonly { readonly address: string; readonly port: number }[];
}

/** kube-proxy's rules in short, for iptables-restore. */
export function virtualIpRules(all: readonly VirtualIp[], family: 4 | 6): string {
  const ours = all.filter(({ address }) => isIPv6(address) === (family === 6));
  const lines = ours.flatMap(({ address, port, endpoints }) => {
    const to = `-d ${address} -p tcp -m tcp --dport ${port}`;
    return endpoints.map((endpoint, i) => {
      const host = family === 6 ? `[${endpoint.address}]` : endpoint.address;
      const probability = (1 / (endpoints.length - i)).toFixed(10);
      const chance =
        i === endpoints.length - 1 ? '' : ` -m statistic --mode random --probability ${probability}`;
      return `-A PREROUTING ${to}${chance} -j DNAT --to-destination ${host}:${endpoint.port}`;
    });
  });
  // A pod that is its own endpoint has to get the answer from the virtual IP, so by way of the node.
  const hairpins = new Set(ours.flatMap(({ endpoints }) => endpoints.map(({ address }) => address)));
  const masquerades = [...hairpins].map(
    (address) => `-A POSTROUTING -s ${address} -d ${address} -j MASQUERADE`,
  );
  return `${['*nat', ...lines, ...masquerades, 'COMMIT'].join('\n')}\n`;
}
