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

/** A label's key (Kubernetes, qualified name): a name of 63 characters, perhaps with a DNS prefix. */
export const labelKey: TextRule = {
  is: 'a label name such as app or example.com/app',
  test: (text) => {
    const [name = '', prefix, ...more] = text.split('/').reverse();
    const isName = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(name);
    return isName && more.length === 0 && (prefix === undefined || dnsSubdomain.test(prefix));
  },
};

export const labelValue: TextRule = {
  is: 'letters, digits, "-", "_" and ".", at most 63 characters',
  test: (text) => /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/.test(text),
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
