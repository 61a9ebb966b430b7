export interface PeerAddresses {
  readonly remoteAddress?: string | undefined;
  readonly localAddress?: string | undefined;
}

/** Whether a client is on the same host, or in the same pod: a kubectl port-forward is, another pod is not. */
export function isFromThisHost({ remoteAddress = '', localAddress }: PeerAddresses): boolean {
  if (remoteAddress === '') return false;
  const address = remoteAddress.replace(/^::ffff:/, '');
  // A client that dials an address that it has itself comes from here too.
  return address === '::1' || address.startsWith('127.') || remoteAddress === localAddress;
}
