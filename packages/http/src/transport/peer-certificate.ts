import type { TLSSocket } from 'node:tls';
import type { PeerCertificateInfo } from './transport.ts';

/**
 * The peer's certificate, or null. A server has it on resumed connections too (the ticket carries
 * it); a client does not, see TlsSessionCache.
 */
export function peerCertificateOf(socket: TLSSocket): PeerCertificateInfo | null {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  return {
    uris: urisOf(certificate.subjectAltName ?? ''),
    raw: certificate.raw,
    validToMs: Date.parse(certificate.validTo),
  };
}

/**
 * Node writes names as `DNS:a, URI:b`, and one that holds a separator or a quote as a JSON string
 * after its type, so that no name can pose as two.
 */
export function urisOf(subjectAltName: string): string[] {
  const uris: string[] = [];
  let rest = subjectAltName;
  while (rest !== '') {
    const match = /^([^:]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/.exec(rest);
    if (match === null) return [];
    const [whole, type, name = ''] = match;
    if (type === 'URI') uris.push(name.startsWith('"') ? (JSON.parse(name) as string) : name);
    rest = rest.slice(whole.length);
  }
  return uris;
}
