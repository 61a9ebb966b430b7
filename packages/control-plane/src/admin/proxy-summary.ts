import type { ConnectedProxy, ConnectedProxyType } from '../discovery/connected-proxy.ts';

/** A proxy on one line, for operators. */
export interface ProxySummary {
  readonly node: string;
  readonly identity: string;
  readonly peer: string;
  readonly connectedAt: string;
  /** `synced`: it took all that was sent; `pending`: an answer is due; `rejected`: it keeps what it had before. */
  readonly state: 'synced' | 'pending' | 'rejected';
  readonly subscriptions: number;
  /** What it said of each type that it rejects. */
  readonly rejections: readonly { readonly typeUrl: string; readonly reason: string }[];
}

export function summarizeProxies(proxies: readonly ConnectedProxy[]): readonly ProxySummary[] {
  return proxies
    .map(({ node, identity, peer, connectedAt, types }) => ({
      node,
      identity,
      peer,
      connectedAt,
      state: stateOf(types),
      subscriptions: types.reduce((sum, { subscriptions }) => sum + subscriptions, 0),
      rejections: types.flatMap(({ typeUrl, nacked }) =>
        nacked === null ? [] : [{ typeUrl, reason: nacked.reason }],
      ),
    }))
    .sort((a, b) => (a.node < b.node ? -1 : Number(a.node > b.node)));
}

function stateOf(types: readonly ConnectedProxyType[]): ProxySummary['state'] {
  if (types.some(({ nacked }) => nacked !== null)) return 'rejected';
  return types.every(({ sent, acked }) => sent?.nonce === acked?.nonce) ? 'synced' : 'pending';
}
