/**
 * What a resource may be at most. Far above any sane mesh: they bound what one bad message can cost the
 * proxy that receives it, and a resource beyond them is rejected as a whole (NACK) with the path.
 */
export const limits = {
  /** gRPC's default for one message is 4 MiB, and a resource has to fit into one. */
  resourceBytes: 3 * 1024 * 1024,
  portsPerService: 1_000,
  virtualIpsPerService: 16,
  hostnamesPerService: 64,
  endpointsPerSet: 20_000,
  rulesPerTable: 2_000,
  backendsPerRule: 64,
  headersPerMatch: 32,
  portsPerWorkload: 1_000,
  addressesPerWorkload: 16,
  /** A Kubernetes name. */
  ownerChars: 253,
  servicesPerPort: 1_000,
  rootsPerBundle: 32,
  rootPemChars: 64 * 1024,
  /** Gateway API: HTTPPathMatch.value, HTTPHeaderMatch.value, and HTTPHeaderName. */
  pathChars: 1_024,
  headerValueChars: 4_096,
  headerNameChars: 256,
  methodChars: 32,
  /** Free text: rule names, reasons, zones. */
  textChars: 1_024,
  /** Gateway API: BackendRef.weight. */
  weight: 1_000_000,
  /** How many violations are listed before the rest is only counted. */
  violations: 50,
} as const;
