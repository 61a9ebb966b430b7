import type { ManifestNode } from '../manifest-node.ts';

const octet = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = new RegExp(`^${octet}(\\.${octet}){3}$`);

/** The address in its one canonical form (RFC 5952 for IPv6), so that equal addresses compare equal. */
export function readAddress(node: ManifestNode, family: 'IPv4' | 'IPv6' | 'FQDN' | 'any'): string {
  const text = node.text();
  if (text === '' || family === 'FQDN') return text;
  const canonical = canonicalAddress(text);
  if (canonical === null || (family !== 'any' && family !== canonical.family)) {
    node.violate(`must be an ${family === 'any' ? 'IP' : family} address, not ${JSON.stringify(text)}`);
  }
  return canonical?.address ?? text;
}

export function canonicalAddress(text: string): { family: 'IPv4' | 'IPv6'; address: string } | null {
  if (ipv4.test(text)) return { family: 'IPv4', address: text };
  if (text.length > 45 || !/^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(text)) return null;
  try {
    // The URL standard serialises IPv6 hosts canonically, in every runtime and without a socket.
    return { family: 'IPv6', address: new URL(`http://[${text}]/`).hostname.slice(1, -1) };
  } catch {
    return null;
  }
}
