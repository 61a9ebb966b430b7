import { H1_BAD_VERSION, H1_UNSUPPORTED_VERSION } from './errors.ts';

/** `HTTP/1.1` */
export const VERSION_BYTES = 8;

/**
 * Reads HTTP-version (RFC 9112 section 2.3) at `at`: 0 or 1 for the minor version, or a negated
 * error. A higher minor of major version 1 is 1.1, as RFC 9110 section 2.5 has it.
 */
export function readVersion(buffer: Buffer, at: number): number {
  const isHttp =
    buffer[at] === 72 &&
    buffer[at + 1] === 84 &&
    buffer[at + 2] === 84 &&
    buffer[at + 3] === 80 &&
    buffer[at + 4] === 47 &&
    buffer[at + 6] === 46;
  const major = buffer[at + 5]! - 48;
  const minor = buffer[at + 7]! - 48;
  if (!isHttp || major < 0 || major > 9 || minor < 0 || minor > 9) return -H1_BAD_VERSION;
  if (major !== 1) return -H1_UNSUPPORTED_VERSION;
  return minor === 0 ? 0 : 1;
}
