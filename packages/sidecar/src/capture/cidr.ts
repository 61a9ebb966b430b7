import { isIPv4, isIPv6 } from 'node:net';
import { ipv4Text, ipv6Text } from './ip-text.ts';

export type AddressFamily = 4 | 6;

/** A block of addresses, its host bits zero, in the one form in which netfilter prints it too. */
export interface Cidr {
  readonly family: AddressFamily;
  readonly address: string;
  readonly prefixLength: number;
}

/** `10.0.0.0/8`, `fd00::/8`, or an address alone; host bits are cleared. Null: neither. */
export function parseCidr(text: string): Cidr | null {
  const [addressText = '', lengthText, ...more] = text.split('/');
  if (more.length > 0) return null;
  const bytes = addressBytes(addressText);
  if (bytes === null) return null;
  const bits = bytes.length * 8;
  const prefixLength = lengthText === undefined ? bits : Number(lengthText);
  if (lengthText !== undefined && !/^[0-9]{1,3}$/.test(lengthText)) return null;
  if (prefixLength > bits) return null;
  const masked = bytes.map((byte, i) => byte & maskByte(prefixLength - 8 * i));
  const isV4 = bytes.length === 4;
  return { family: isV4 ? 4 : 6, address: isV4 ? ipv4Text(masked, 0) : ipv6Text(masked, 0), prefixLength };
}

export function cidrText({ address, prefixLength }: Cidr): string {
  return `${address}/${prefixLength}`;
}

export function isWithin(cidr: Cidr, address: string): boolean {
  const own = parseCidr(`${address}/${cidr.prefixLength}`);
  return own !== null && own.family === cidr.family && own.address === cidr.address;
}

function maskByte(bits: number): number {
  if (bits >= 8) return 0xff;
  return bits <= 0 ? 0 : (0xff00 >> bits) & 0xff;
}

function addressBytes(text: string): Uint8Array | null {
  if (isIPv4(text)) return Uint8Array.from(text.split('.').map(Number));
  if (!isIPv6(text) || text.includes('%')) return null;
  // The URL standard writes it in hexadecimal groups alone, also where the last four bytes were decimal.
  const [head = '', tail] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split('::');
  const groups = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0);
  return Uint8Array.from([...first, ...zeros, ...last].flatMap((group) => [group >> 8, group & 0xff]));
}
