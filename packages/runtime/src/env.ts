import { TulleError } from './errors.ts';

/**
 * Reads settings from the environment, once, in main.ts. Every fault is collected, so that an operator
 * who made three sees three.
 */
export class EnvReader {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #faults: string[] = [];

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
  }

  /** A text; where it is absent, `fallback`, or a fault when there is none. */
  string(name: string, fallback?: string): string {
    const value = this.#env[name];
    if (value !== undefined && value !== '') return value;
    if (fallback === undefined) this.#faults.push(`${name}: is not set`);
    return fallback ?? '';
  }

  /** A text of a certain form; `form` says in words what it must be. */
  matching(name: string, pattern: RegExp, { form, fallback }: { form: string; fallback?: string }): string {
    const value = this.string(name, fallback);
    // Absent without a fallback: that fault has been told.
    if (value !== '' && !pattern.test(value)) this.#faults.push(`${name}: must be ${form}, not "${value}"`);
    return value;
  }

  optional(name: string): string | null {
    const value = this.#env[name];
    return value === undefined || value === '' ? null : value;
  }

  integer(name: string, fallback: number, { min, max }: { min: number; max: number }): number {
    const text = this.optional(name);
    if (text === null) return fallback;
    const value = Number(text);
    // Number() would take 0x10, 1e3 and blanks too.
    if (/^-?[0-9]+$/.test(text) && value >= min && value <= max) return value;
    this.#faults.push(`${name}: must be a whole number from ${min} to ${max}, not "${text}"`);
    return fallback;
  }

  decimal(name: string, fallback: number, { min, max }: { min: number; max: number }): number {
    const text = this.optional(name);
    if (text === null) return fallback;
    const value = Number(text);
    if (/^[0-9]+(\.[0-9]+)?$/.test(text) && value >= min && value <= max) return value;
    this.#faults.push(`${name}: must be a number from ${min} to ${max}, not "${text}"`);
    return fallback;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const text = this.optional(name);
    if (text === null) return fallback;
    if ((allowed as readonly string[]).includes(text)) return text as T;
    this.#faults.push(`${name}: must be one of ${allowed.join(', ')}, not "${text}"`);
    return fallback;
  }

  /** Values divided by commas, each read by `parse`; what it answers null to is a fault. Absent: none. */
  list<T>(
    name: string,
    parse: (text: string) => T | null,
    { form, max }: { form: string; max: number },
  ): T[] {
    const texts = (this.optional(name) ?? '').split(',').map((text) => text.trim());
    const listed = texts.filter((text) => text !== '');
    if (listed.length > max) this.fault(name, `may have ${max} entries, not ${listed.length}`);
    return listed.slice(0, max).flatMap((text) => {
      const value = parse(text);
      if (value === null) this.fault(name, `each must be ${form}, not "${text}"`);
      return value === null ? [] : [value];
    });
  }

  /** Notes a fault that only the caller can see. */
  fault(name: string, reason: string): void {
    this.#faults.push(`${name}: ${reason}`);
  }

  /** Throws with every fault that was met; call it after the last read. */
  finish(): void {
    if (this.#faults.length === 0) return;
    throw new TulleError('ENV_INVALID', `invalid environment: ${this.#faults.join('; ')}`, {
      source: 'config',
    });
  }
}
