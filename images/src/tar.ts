/**
 * Archives as POSIX.1-1988 ("ustar") has them, written the same way each time: entries in the order of their names,
 * no times, owned by root unless said otherwise. Layers and image archives need no more than that.
 */
export type TarEntry =
  | { readonly kind: 'file'; readonly path: string; readonly mode?: number; readonly bytes: Uint8Array }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'folder'; readonly path: string; readonly mode?: number };

const blockBytes = 512;
const maxNameBytes = 100;
const maxPrefixBytes = 155;

/** The archive of these entries and of the folders above them. Paths are relative, divided by slashes. */
export function writeTar(entries: readonly TarEntry[]): Buffer {
  const chunks: Buffer[] = [];
  for (const entry of inOrder(entries)) {
    const bytes = entry.kind === 'file' ? entry.bytes : new Uint8Array();
    chunks.push(header(entry, bytes.length), Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    chunks.push(Buffer.alloc((blockBytes - (bytes.length % blockBytes)) % blockBytes));
  }
  chunks.push(Buffer.alloc(2 * blockBytes));
  return Buffer.concat(chunks);
}

function inOrder(entries: readonly TarEntry[]): TarEntry[] {
  const byPath = new Map<string, TarEntry>();
  for (const entry of entries) {
    for (const folder of foldersAbove(entry.path)) {
      if (!byPath.has(folder)) byPath.set(folder, { kind: 'folder', path: folder });
    }
    if (entry.kind !== 'folder' && byPath.has(entry.path)) throw new Error(`${entry.path} is there twice`);
    byPath.set(entry.path, entry);
  }
  // Byte order: that of the machine's language would differ.
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

const typeFlags = { file: '0', link: '2', folder: '5' } as const;

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  const { name, prefix } = splitPath(entry.kind === 'folder' ? `${entry.path}/` : entry.path);
  const mode = entry.kind === 'link' ? 0o777 : (entry.mode ?? (entry.kind === 'folder' ? 0o755 : 0o644));
  block.write(name, 0, 'utf8');
  writeOctal(block, { at: 100, length: 8, value: mode });
  writeOctal(block, { at: 108, length: 8, value: 0 });
  writeOctal(block, { at: 116, length: 8, value: 0 });
  writeOctal(block, { at: 124, length: 12, value: size });
  writeOctal(block, { at: 136, length: 12, value: 0 });
  block.fill(' ', 148, 156);
  block.write(typeFlags[entry.kind], 156, 'ascii');
  if (entry.kind === 'link') {
    if (Buffer.byteLength(entry.target) > maxNameBytes)
      throw new Error(`${entry.path}: its target is too long`);
    block.write(entry.target, 157, 'utf8');
  }
  block.write('ustar\x0000', 257, 'latin1');
  block.write(prefix, 345, 'utf8');
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function writeOctal(
  block: Buffer,
  { at, length, value }: { readonly at: number; readonly length: number; readonly value: number },
): void {
  block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
}

/** A path of more than 100 bytes is divided at a slash, and the first part goes to the end of the header. */
function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= maxNameBytes) return { name: path, prefix: '' };
  for (let at = path.indexOf('/'); at > 0 && at < path.length - 1; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(name) <= maxNameBytes && Buffer.byteLength(prefix) <= maxPrefixBytes)
      return { name, prefix };
  }
  throw new Error(`${path} is too long for an archive`);
}
