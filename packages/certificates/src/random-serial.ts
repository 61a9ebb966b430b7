import { randomBytes } from 'node:crypto';

/** 16 octets of chance, as hex. The first bits are fixed so that DER takes it as positive and at full length. */
export function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString('hex');
}
