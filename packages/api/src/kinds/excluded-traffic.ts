import type { PatternRule } from '../manifest-node.ts';
import { canonicalAddress } from './addresses.ts';
import { portRange } from './ports.ts';

/** A part of the pod's traffic that is not captured, by port. */
export const portOrRange: PatternRule = {
  is: 'a port or a range of ports such as 9000-9010',
  pattern: '^[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?$',
  maxLength: 11,
  test: (text) => {
    const match = /^([1-9]\d{0,4})(?:-([1-9]\d{0,4}))?$/.exec(text);
    if (match === null) return false;
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    return first <= last && last <= portRange.max;
  },
};

/** By address; one without a length is a single address. */
export const cidrBlock: PatternRule = {
  is: 'a block of addresses such as 10.0.0.0/8 or fd00::/8',
  pattern: '^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$',
  maxLength: 49,
  test: (text) => {
    const [address = '', length, ...more] = text.split('/');
    const known = canonicalAddress(address);
    if (known === null || more.length > 0) return false;
    if (length === undefined) return true;
    return /^(0|[1-9]\d{0,2})$/.test(length) && Number(length) <= (known.family === 'IPv4' ? 32 : 128);
  },
};
