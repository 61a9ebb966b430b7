import { isIP } from 'node:net';
import { parseServicePort, parseSpiffeId, type SpiffeId, type Violation } from '@tulle/model';
import { limits } from '../limits.ts';

/** RFC 1123, section 2.1: what Kubernetes calls a DNS label. */
const labelPattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Kubernetes' DNS subdomain: labels joined by dots, 253 characters at most. */
const subdomainPattern = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/**
 * Collects what is wrong with one resource while it is read. Each check returns the value in its domain
 * type, or a placeholder after a violation: the caller reads on, so that all violations are found, and
 * throws the result away at the end.
 */
export class Checker {
  readonly #violations: Violation[] = [];
  #unlisted = 0;

  fault(path: string, reason: string): void {
    if (this.#violations.length < limits.violations) this.#violations.push({ path, reason });
    else this.#unlisted++;
  }

  /** Empty when all was well. */
  violations(): readonly Violation[] {
    if (this.#unlisted === 0) return this.#violations;
    return [...this.#violations, { path: '', reason: `and ${this.#unlisted} more violations` }];
  }

  /** A namespace, or a service's name. */
  label(path: string, value: string): string {
    if (!labelPattern.test(value)) this.fault(path, `must be a DNS label, not ${quote(value)}`);
    return value;
  }

  /** A pod's name, a host name. */
  subdomain(path: string, value: string): string {
    if (!isSubdomain(value)) this.fault(path, `must be a lower-case DNS name, not ${quote(value)}`);
    return value;
  }

  port(path: string, value: number): number {
    if (value < 1 || value > 65_535) this.fault(path, `must be a port from 1 to 65535, not ${value}`);
    return value;
  }

  weight(path: string, value: number): number {
    if (value > limits.weight) this.fault(path, `must be at most ${limits.weight}, not ${value}`);
    return value;
  }

  ip(path: string, value: string): string {
    if (isIP(value) === 0) this.fault(path, `must be an IP address, not ${quote(value)}`);
    return value;
  }

  spiffeId(path: string, value: string): SpiffeId {
    const id = parseSpiffeId(value);
    if (id !== null) return id;
    this.fault(path, `must be spiffe://<trust-domain>/ns/<namespace>/sa/<account>, not ${quote(value)}`);
    return { trustDomain: '', namespace: '', serviceAccount: '' };
  }

  /** `<namespace>/<pod>`, or empty where none is known. */
  workloadName(path: string, value: string): string {
    const [namespace, name, ...rest] = value.split('/');
    const isName =
      rest.length === 0 && labelPattern.test(namespace ?? '') && name !== undefined && isSubdomain(name);
    if (value !== '' && !isName) this.fault(path, `must be <namespace>/<pod>, not ${quote(value)}`);
    return value;
  }

  /** `<namespace>/<service>:<port>`. */
  servicePortName(path: string, value: string): string {
    const parsed = parseServicePort(value);
    if (parsed === null || !labelPattern.test(parsed.namespace) || !labelPattern.test(parsed.name))
      this.fault(path, `must be <namespace>/<service>:<port>, not ${quote(value)}`);
    return value;
  }

  text(path: string, value: string, maxChars: number = limits.textChars): string {
    if (value.length > maxChars)
      this.fault(path, `must have at most ${maxChars} characters, not ${value.length}`);
    return value;
  }

  nonEmptyText(path: string, value: string, maxChars: number = limits.textChars): string {
    if (value === '') this.fault(path, 'must not be empty');
    return this.text(path, value, maxChars);
  }

  /**
   * Fields that this version doesn't know are skipped elsewhere (a newer control plane may add some), but
   * not where skipping one would widen what is matched.
   */
  noUnknownFields(
    path: string,
    message: { readonly $unknown?: readonly { no: number }[] | undefined },
  ): void {
    for (const { no } of message.$unknown ?? [])
      this.fault(path, `has field ${no}, which this version does not know`);
  }

  /** Reads each item with its path, `<path>[<index>]`; beyond `max` items none is read. */
  list<T, R>(path: string, items: readonly T[], max: number, read: (path: string, item: T) => R): R[] {
    if (items.length > max) {
      this.fault(path, `must have at most ${max} items, not ${items.length}`);
      return [];
    }
    return items.map((item, index) => read(`${path}[${index}]`, item));
  }

  unique(path: string, keys: readonly (string | number)[]): void {
    const seen = new Set<string | number>();
    keys.forEach((key, index) => {
      if (seen.has(key)) this.fault(`${path}[${index}]`, `repeats ${quote(String(key))}`);
      seen.add(key);
    });
  }
}

function isSubdomain(value: string): boolean {
  return value.length <= 253 && subdomainPattern.test(value);
}

/** What was given, cut short: it goes into logs and into the NACK. */
function quote(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}
