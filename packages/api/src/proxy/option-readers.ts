import { canonicalAddress } from '../kinds/addresses.ts';
import { portRange } from '../kinds/ports.ts';
import { quantityValue } from './quantity.ts';

/** How one option is read from text, as an annotation has it. */
export interface OptionReader<T> {
  /** What it must be, as the end of "must be ...". */
  readonly form: string;
  /** Null: it is not of that form. */
  readonly read: (text: string) => { readonly value: T } | null;
}

/** The rules of capture take no more (sidecar: capture-settings.ts). */
const maxListed = 128;

export function oneOf<const T extends string>(allowed: readonly T[]): OptionReader<T> {
  return {
    form: `one of ${allowed.join(', ')}`,
    read: (text) => {
      const value = allowed.find((known) => known === text);
      return value === undefined ? null : { value };
    },
  };
}

export function wholeNumber(min: number, max: number, except: readonly number[] = []): OptionReader<number> {
  const others = except.length === 0 ? '' : ` other than ${except.join(', ')}`;
  return {
    form: `a whole number from ${min} to ${max}${others}`,
    read: (text) => {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max && !except.includes(value) ? { value } : null;
    },
  };
}

export function share(): OptionReader<number> {
  return {
    form: 'a share from 0 to 1, such as 0.05',
    read: (text) => {
      const value = /^\d(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
      return value >= 0 && value <= 1 ? { value } : null;
    },
  };
}

/** An amount; `none` is null: what a wider place says is taken back. */
export function quantity(example: string, min: number): OptionReader<string | null> {
  return {
    form: `a quantity such as ${example}, or none`,
    read: (text) => {
      if (text === 'none') return { value: null };
      const value = quantityValue(text);
      return value !== null && value >= min ? { value: text } : null;
    },
  };
}

/** `22,9000-9010`; empty: none. */
export function portList(): OptionReader<readonly string[]> {
  return listOf('ports and ranges of ports divided by commas, such as 22,9000-9010', (text) => {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
    if (match === null) return false;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    return first >= portRange.min && first <= last && last <= portRange.max;
  });
}

/** `10.0.0.0/8,fd00::/8`, an address alone too; empty: none. */
export function cidrList(): OptionReader<readonly string[]> {
  return listOf('blocks of addresses divided by commas, such as 10.0.0.0/8,fd00::/8', (text) => {
    const [address = '', length, ...more] = text.split('/');
    const known = canonicalAddress(address);
    if (known === null || more.length > 0) return false;
    if (length === undefined) return true;
    return /^\d{1,3}$/.test(length) && Number(length) <= (known.family === 'IPv4' ? 32 : 128);
  });
}

/** Distribution's reference: a name with an optional registry, tag and digest. */
export function imageReference(): OptionReader<string> {
  const form = /^[a-zA-Z0-9][\w.-]*(:\d{1,5})?(\/[\w.-]+)*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/;
  return {
    form: 'an image such as registry.example.com/sidecar:0.1.0',
    read: (text) => (text.length <= 512 && form.test(text) ? { value: text } : null),
  };
}

function listOf(form: string, isItem: (text: string) => boolean): OptionReader<readonly string[]> {
  return {
    form: `${form}, at most ${maxListed}`,
    read: (text) => {
      const items = text.split(',').map((item) => item.trim());
      const value = items.filter((item) => item !== '');
      return value.length <= maxListed && value.every(isItem) ? { value } : null;
    },
  };
}
