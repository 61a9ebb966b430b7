import { networkInterfaces } from 'node:os';

/** `::` takes both families; where the machine has no IPv6 at all it cannot be bound, and IPv4 is all there is. */
export function wildcardHost(host: string): string {
  if (host !== '::') return host;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ family }) => family === 'IPv6') ? host : '0.0.0.0';
}
