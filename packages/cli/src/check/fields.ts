/** Any JSON, looked into without trusting it. */
export class Fields {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }

  at(...keys: readonly string[]): Fields {
    let value = this.value;
    for (const key of keys) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    return new Fields(value);
  }

  get items(): readonly Fields[] {
    return Array.isArray(this.value) ? this.value.map((item) => new Fields(item)) : [];
  }

  get text(): string {
    return typeof this.value === 'string' ? this.value : '';
  }

  get number(): number {
    return typeof this.value === 'number' ? this.value : 0;
  }

  get isTrue(): boolean {
    return this.value === true;
  }

  get isAbsent(): boolean {
    return this.value === undefined || this.value === null;
  }

  get entries(): readonly (readonly [string, string])[] {
    if (!isObject(this.value)) return [];
    return Object.entries(this.value).map(([key, value]) => [key, String(value)] as const);
  }

  /** Of a list of conditions, the status of one. */
  condition(type: string): Fields {
    return this.items.find((item) => item.at('type').text === type) ?? new Fields(undefined);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
