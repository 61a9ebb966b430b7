import { isIPv4, SocketAddress } from 'node:net';

/** A destination in the one form that discovery knows it by. */
export interface Authority {
  /** Lower case, without a trailing dot or brackets; a name has at least two labels. */
  readonly host: string;
  readonly port: number;
}

/** RFC 1035, section 2.3.4: 253 characters of text. */
const maxHostChars = 253;
const maxAuthorityChars = maxHostChars + ':65535'.length + 1;
/** As DNS labels, with the underscore that some service names have. */
const hostPattern = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;
const portPattern = /^[0-9]{0,5}$/;
const defaultPort = 80;

/**
 * Reads a Host value (`uri-host [":" port]`, RFC 9110, section 7.2). A single label means a service of the
 * own namespace, as the search path of a pod's resolver has it. Null: it can name no destination.
 */
export function parseAuthority(authority: string, ownNamespace: string): Authority | null {
  if (authority.length === 0 || authority.length > maxAuthorityChars) return null;
  const isBracketed = authority.charCodeAt(0) === 0x5b;
  const hostEnd = isBracketed ? authority.indexOf(']') + 1 : endOfHost(authority);
  if (hostEnd === 0) return null;
  const port = parsePort(authority.slice(hostEnd));
  if (port === null) return null;
  const host = isBracketed
    ? parseIpv6(authority.slice(1, hostEnd - 1))
    : parseHost(authority.slice(0, hostEnd), ownNamespace);
  return host === null ? null : { host, port };
}

function endOfHost(authority: string): number {
  const colon = authority.indexOf(':');
  return colon < 0 ? authority.length : colon;
}

/** `text` is empty, `:` (RFC 3986, section 3.2.3: then the default) or `:<port>`. */
function parsePort(text: string): number | null {
  if (text === '') return defaultPort;
  const digits = text.slice(1);
  if (text.charCodeAt(0) !== 0x3a || !portPattern.test(digits)) return null;
  const port = digits === '' ? defaultPort : Number(digits);
  return port >= 1 && port <= 65_535 ? port : null;
}

/** In the shortest form (RFC 5952), which is how Kubernetes writes it. */
function parseIpv6(text: string): string | null {
  // A zone means an interface of the client's own host.
  if (text.includes('%')) return null;
  try {
    return new SocketAddress({ address: text, family: 'ipv6' }).address;
  } catch {
    return null;
  }
}

function parseHost(text: string, ownNamespace: string): string | null {
  const bare = text.endsWith('.') ? text.slice(0, -1) : text;
  if (bare.length === 0 || bare.length > maxHostChars) return null;
  if (isIPv4(bare)) return bare;
  const host = bare.toLowerCase();
  if (!hostPattern.test(host)) return null;
  if (host.includes('.')) return host;
  const qualified = `${host}.${ownNamespace}`;
  return qualified.length <= maxHostChars ? qualified : null;
}
