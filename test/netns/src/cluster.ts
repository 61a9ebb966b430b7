import { Namespace } from './namespace.ts';
import { Pod } from './pod.ts';
import { type VirtualIp, virtualIpRules } from './virtual-ips.ts';

/** The node that pods hang on: their next hop, with the bridge that they are plugged into. */
const nodeAddresses = { ipv4: '10.77.0.1', ipv6: 'fd77::1' };

/**
 * Pods on the bridge of a node, all of them network namespaces. A pod has addresses of its own without a subnet,
 * and everything that it sends goes by way of the node, as in a cluster; there virtual IPs are translated.
 */
export class Cluster implements AsyncDisposable {
  readonly node: Namespace;
  readonly #pods: Pod[] = [];
  readonly #virtualIps: VirtualIp[] = [];

  private constructor(node: Namespace) {
    this.node = node;
  }

  static async create(): Promise<Cluster> {
    const node = await Namespace.create();
    await node.must(
      ['ip', '-batch', '-'],
      [
        'link add br0 type bridge',
        'link set br0 up',
        `addr add ${nodeAddresses.ipv4}/16 dev br0`,
        `addr add ${nodeAddresses.ipv6}/64 dev br0 nodad`,
        '',
      ].join('\n'),
    );
    const settings = ['ipv4/ip_forward=1', 'ipv6/conf/all/forwarding=1', 'ipv4/conf/all/send_redirects=0'];
    const writes = [...settings, 'ipv4/conf/br0/send_redirects=0'].map((setting) => {
      const [path, value] = setting.split('=');
      return `echo ${value} > /proc/sys/net/${path}`;
    });
    await node.must(['sh', '-ec', writes.join('\n')]);
    return new Cluster(node);
  }

  /** Addresses by number, unless given: those of a host outside the cluster. */
  async addPod(name: string, addresses?: { readonly ipv4: string; readonly ipv6: string }): Promise<Pod> {
    const number = this.#pods.length + 2;
    const { ipv4, ipv6 } = addresses ?? { ipv4: `10.77.0.${number}`, ipv6: `fd77::${number.toString(16)}` };
    const namespace = await Namespace.create();
    const pod = new Pod({ name, ipv4, ipv6, namespace });
    this.#pods.push(pod);
    await this.node.must(
      ['ip', '-batch', '-'],
      [
        `link add veth${number} type veth peer name eth0 netns ${namespace.pid}`,
        `link set veth${number} master br0 up`,
        ...(addresses === undefined ? [] : [`route add ${ipv4} dev br0`, `route add ${ipv6} dev br0`]),
        '',
      ].join('\n'),
    );
    await namespace.must(
      ['ip', '-batch', '-'],
      [
        'link set eth0 up',
        `addr add ${ipv4}/32 dev eth0`,
        `addr add ${ipv6}/128 dev eth0 nodad`,
        `route add ${nodeAddresses.ipv4} dev eth0`,
        `route add default via ${nodeAddresses.ipv4}`,
        `route add ${nodeAddresses.ipv6} dev eth0`,
        `route add ::/0 via ${nodeAddresses.ipv6}`,
        '',
      ].join('\n'),
    );
    return pod;
  }

  /** Makes virtual IPs lead to one of their endpoints, by chance, as kube-proxy does. */
  async addVirtualIps(virtualIps: readonly VirtualIp[]): Promise<void> {
    this.#virtualIps.push(...virtualIps);
    await this.node.must(['iptables-nft-restore'], virtualIpRules(this.#virtualIps, 4));
    await this.node.must(['ip6tables-nft-restore'], virtualIpRules(this.#virtualIps, 6));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#pods.map((pod) => pod.remove()));
    await this.node.remove();
  }
}
