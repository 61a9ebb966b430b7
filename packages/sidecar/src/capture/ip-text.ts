/** Addresses as bytes and as text. IPv6 in its one canonical form (RFC 5952), as everywhere in the mesh. */

const groupCount = 8;

export function ipv4Text(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

export function ipv6Text(bytes: Uint8Array, at: number): string {
  const [zerosStart, zerosEnd] = longestZeros(bytes, at);
  let text = '';
  for (let i = 0; i < groupCount; i++) {
    if (i === zerosStart) {
      text += '::';
      i = zerosEnd - 1;
      continue;
    }
    if (text !== '' && i !== zerosEnd) text += ':';
    text += groupAt(bytes, at, i).toString(16);
  }
  return text;
}

/** The first of the longest runs of two zero groups or more; (-1, -1) where there is none. */
function longestZeros(bytes: Uint8Array, at: number): readonly [number, number] {
  let best: readonly [number, number] = [-1, -1];
  let bestLength = 1;
  for (let i = 0; i < groupCount; i++) {
    let end = i;
    while (end < groupCount && groupAt(bytes, at, end) === 0) end++;
    if (end - i > bestLength) {
      best = [i, end];
      bestLength = end - i;
    }
    if (end > i) i = end;
  }
  return best;
}

function groupAt(bytes: Uint8Array, at: number, group: number): number {
  return (bytes[at + 2 * group]! << 8) | bytes[at + 2 * group + 1]!;
}
