import type { Violation } from '@tulle/model';

/** What reading one manifest has found: violations refuse it, warnings do not. */
export interface ManifestReport {
  readonly violations: Violation[];
  readonly warnings: Violation[];
  readonly areUnknownFieldsIgnored?: boolean;
}

export interface TextRule {
  /** What is asked for, as the end of "must be ...". */
  readonly is: string;
  readonly test: (text: string) => boolean;
}

/** A rule that a schema can state too. */
export interface PatternRule extends TextRule {
  readonly pattern: string;
  readonly maxLength: number;
}

export interface ItemLimits {
  readonly min?: number;
  readonly max: number;
}

export interface NumberRange {
  readonly min: number;
  readonly max: number;
}

/** No manifest has a reason to hold a longer text where the API names no other limit. */
const maxTextLength = 4_096;

/**
 * A value somewhere in a manifest, with its path. Reading goes on after a violation with a stand-in value,
 * so that one pass reports every one of them; the report decides afterwards whether the value may be used.
 * `null` counts as absent, as in Kubernetes.
 */
export class ManifestNode {
  readonly value: unknown;
  readonly path: string;
  readonly report: ManifestReport;
  readonly #readKeys = new Set<string>();

  constructor(value: unknown, path: string, report: ManifestReport) {
    this.value = value;
    this.path = path;
    this.report = report;
  }

  get isAbsent(): boolean {
    return this.value === undefined || this.value === null;
  }

  violate(reason: string): void {
    this.report.violations.push({ path: this.path, reason });
  }

  warn(reason: string): void {
    this.report.warnings.push({ path: this.path, reason });
  }

  /** A field of this object; absent where this is no object (which `object()` reports). */
  field(key: string): ManifestNode {
    this.#readKeys.add(key);
    const value = isObject(this.value) && Object.hasOwn(this.value, key) ? this.value[key] : undefined;
    return new ManifestNode(value, joinPath(this.path, key), this.report);
  }

  /** Reports what is not an object; an absent one is a violation only where it `isRequired`. */
  object({ isRequired = false } = {}): this {
    if (this.isAbsent) {
      if (isRequired) this.violate('is required');
    } else if (!isObject(this.value)) this.violate(`must be an object, not ${describe(this.value)}`);
    return this;
  }

  /** The items of a list; an absent list is an empty one. Those beyond the limit are not read. */
  items({ min = 0, max }: ItemLimits): readonly ManifestNode[] {
    if (this.isAbsent || !Array.isArray(this.value)) {
      if (!this.isAbsent) this.violate(`must be a list, not ${describe(this.value)}`);
      else if (min > 0) this.violate('is required');
      return [];
    }
    const { length } = this.value;
    if (length > max) this.violate(`must have at most ${max} items, not ${length}`);
    if (length < min) this.violate(`must have at least ${min} item${min === 1 ? '' : 's'}`);
    return this.value
      .slice(0, max)
      .map((item, index) => new ManifestNode(item, `${this.path}[${index}]`, this.report));
  }

  text(rule?: TextRule): string {
    if (this.isAbsent) this.violate('is required');
    return this.optionalText(rule) ?? '';
  }

  optionalText(rule?: TextRule): string | null {
    if (this.isAbsent) return null;
    if (typeof this.value !== 'string') {
      const hint = typeof this.value === 'object' ? '' : ': put it in quotes';
      this.violate(`must be a text, not ${describe(this.value)}${hint}`);
      return null;
    }
    if (this.value.length > maxTextLength) this.violate(`must have at most ${maxTextLength} characters`);
    else if (rule !== undefined && !rule.test(this.value)) {
      this.violate(`must be ${rule.is}, not ${JSON.stringify(this.value)}`);
    }
    return this.value;
  }

  oneOf<T extends string>(allowed: readonly T[], fallback: T): T {
    return this.optionalOneOf(allowed) ?? fallback;
  }

  optionalOneOf<T extends string>(allowed: readonly T[]): T | null {
    const text = this.optionalText();
    if (text === null) return null;
    if ((allowed as readonly string[]).includes(text)) return text as T;
    this.violate(`must be one of ${allowed.join(', ')}, not ${JSON.stringify(text)}`);
    return null;
  }

  integer(range: NumberRange): number {
    if (this.isAbsent) this.violate('is required');
    return this.optionalInteger(range) ?? range.min;
  }

  optionalInteger({ min, max }: NumberRange): number | null {
    if (this.isAbsent) return null;
    const { value } = this;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    const found = typeof value === 'number' ? String(value) : describe(value);
    this.violate(`must be a whole number from ${min} to ${max}, not ${found}`);
    return null;
  }

  /** A number with a fraction. */
  optionalNumber({ min, max }: NumberRange): number | null {
    if (this.isAbsent) return null;
    const { value } = this;
    if (typeof value === 'number' && value >= min && value <= max) return value;
    const found = typeof value === 'number' ? String(value) : describe(value);
    this.violate(`must be a number from ${min} to ${max}, not ${found}`);
    return null;
  }

  /** What may be written as a whole number or as a text (`cpu: 1`, `cpu: 500m`), as a text. */
  optionalNumberOrText(rule: TextRule): string | null {
    if (!Number.isSafeInteger(this.value)) return this.optionalText(rule);
    const text = String(this.value);
    if (!rule.test(text)) this.violate(`must be ${rule.is}, not ${text}`);
    return text;
  }

  optionalBoolean(): boolean | null {
    if (this.isAbsent) return null;
    if (typeof this.value === 'boolean') return this.value;
    this.violate(`must be true or false, not ${describe(this.value)}`);
    return null;
  }

  /** The fields of an object whose keys are the author's. Those beyond the limit are not read. */
  entries({ max }: { readonly max: number }): readonly (readonly [string, ManifestNode])[] {
    if (!isObject(this.value)) return [];
    const keys = Object.keys(this.value);
    if (keys.length > max) this.violate(`must have at most ${max} entries, not ${keys.length}`);
    return keys.slice(0, max).map((key) => [key, this.field(key)] as const);
  }

  /** Labels and annotations. */
  textMap(): ReadonlyMap<string, string> {
    const texts = new Map<string, string>();
    if (this.object().isAbsent || !isObject(this.value)) return texts;
    for (const key of Object.keys(this.value)) {
      const value = this.value[key];
      if (typeof value === 'string') texts.set(key, value);
      else this.field(key).violate(`must be a text, not ${describe(value)}: put it in quotes`);
    }
    return texts;
  }

  /** Warns of fields that nothing asked for: mostly a misspelt one, which a cluster would have dropped. */
  warnOfUnknownFields(): void {
    if (!isObject(this.value) || this.report.areUnknownFieldsIgnored) return;
    for (const key of Object.keys(this.value)) {
      if (!this.#readKeys.has(key)) this.field(key).warn('is not a known field');
    }
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function joinPath(path: string, key: string): string {
  const segment = /^[A-Za-z_][\w-]*$/.test(key) ? key : `[${JSON.stringify(key)}]`;
  if (path === '') return segment;
  return segment.startsWith('[') ? `${path}${segment}` : `${path}.${segment}`;
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 40))}`;
  return String(value);
}
