/**
 * Where decoded fields lie, as text, until their event returns: one block for all connections, since one
 * head at a time is read.
 */
let text: Buffer = Buffer.alloc(0);

/** The lines of a section of that size, and again its cookies joined into one (RFC 9113 section 8.2.3). */
export function fieldText(maxSectionBytes: number): Buffer {
  const bytes = 2 * maxSectionBytes + 1024;
  if (text.length < bytes) text = Buffer.allocUnsafeSlow(bytes);
  return text;
}
