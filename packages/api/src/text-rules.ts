import type { TextRule } from './manifest-node.ts';

/** A DNS label (RFC 1123): names of namespaces, services, ports. */
export const dnsLabel: TextRule = {
  is: 'lower-case letters, digits and "-", at most 63 characters',
  test: (text) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text),
};

/** A DNS subdomain (RFC 1123): the names of most other kinds. */
export const dnsSubdomain: TextRule = {
  is: 'lower-case letters, digits, "-" and ".", at most 253 characters',
  test: (text) =>
    text.length <= 253 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(text),
};

/** Gateway API, HTTPHeaderName: a token (RFC 9110 section 5.6.2). */
export const headerName: TextRule = {
  is: 'a header name of at most 256 characters',
  test: (text) => /^[A-Za-z0-9!#$%&'*+\-.^_|~`]{1,256}$/.test(text),
};

export function atMost(maxLength: number): TextRule {
  return {
    is: `a text of 1 to ${maxLength} characters`,
    test: (text) => text.length >= 1 && text.length <= maxLength,
  };
}
