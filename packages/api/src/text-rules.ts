import type { PatternRule, TextRule } from './manifest-node.ts';

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const subdomain = '[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*';
const qualified = '[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?';

/** A DNS label (RFC 1123): names of namespaces, services, ports. */
export const dnsLabel = matching(
  `^${label}$`,
  63,
  'lower-case letters, digits and "-", at most 63 characters',
);

/** A DNS subdomain (RFC 1123): the names of most other kinds. */
export const dnsSubdomain = matching(
  `^${subdomain}$`,
  253,
  'lower-case letters, digits, "-" and ".", at most 253 characters',
);

/** A label's key (Kubernetes, qualified name): a name of 63 characters, perhaps with a DNS prefix. */
export const labelKey = matching(
  `^(${subdomain}/)?${qualified}$`,
  253 + 1 + 63,
  'a label name such as app or example.com/app',
);

export const labelValue = matching(
  `^(${qualified})?$`,
  63,
  'letters, digits, "-", "_" and ".", at most 63 characters',
);

/** SPIFFE-ID specification, section 2.1. */
export const trustDomain = matching(
  '^[a-z0-9][a-z0-9._-]{0,254}$',
  255,
  'a trust domain in lower case such as cluster.local',
);

/** A Kubernetes resource quantity, of those that people write: no sign and no exponent. */
export const quantity = matching(
  '^[0-9]{1,15}(\\.[0-9]{1,9})?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$',
  32,
  'a quantity such as 100m, 0.5 or 128Mi',
);

export const httpUrl = matching(
  '^https?://[^\\s/?#]+(/\\S*)?$',
  2_048,
  'a URL such as http://otel-collector.monitoring:4318',
);

/** Gateway API, HTTPHeaderName: a token (RFC 9110 section 5.6.2). */
export const headerName = matching(
  "^[A-Za-z0-9!#$%&'*+\\-.^_|~`]{1,256}$",
  256,
  'a header name of at most 256 characters',
);

export function atMost(maxLength: number): TextRule {
  return {
    is: `a text of 1 to ${maxLength} characters`,
    test: (text) => text.length >= 1 && text.length <= maxLength,
  };
}

/** The pattern is one that JavaScript and RE2 (a cluster's schemas) take for the same. */
function matching(pattern: string, maxLength: number, is: string): PatternRule {
  const compiled = new RegExp(pattern);
  return { is, pattern, maxLength, test: (text) => text.length <= maxLength && compiled.test(text) };
}
