const magic = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2 /* 64 bit */, 1 /* little-endian */]);
/** Offsets in the ELF-64 header and in a program header (System V gABI, chapter 4 and 5). */
const header = {
  programHeaders: 32,
  sectionHeaders: 40,
  programHeaderBytes: 54,
  sectionHeaderBytes: 58,
  bytes: 64,
};
const segment = { offset: 8, fileBytes: 32 };

/**
 * A program without what only debuggers and linkers read: symbols and the table of sections, which lie behind
 * everything that is loaded. A sixth of Node's size. Unlike strip(1) it needs nothing installed and gives the same
 * bytes everywhere. Anything but a little-endian ELF-64 file is given back as it is.
 */
export function stripElf(program: Buffer): Buffer {
  if (program.length < header.bytes || !program.subarray(0, magic.length).equals(magic)) return program;
  const tableAt = Number(program.readBigUInt64LE(header.programHeaders));
  const entryBytes = program.readUInt16LE(header.programHeaderBytes);
  const count = program.readUInt16LE(header.programHeaderBytes + 2);
  let end = Math.max(header.bytes, tableAt + count * entryBytes);
  for (let index = 0; index < count; index++) {
    const at = tableAt + index * entryBytes;
    const offset = Number(program.readBigUInt64LE(at + segment.offset));
    end = Math.max(end, offset + Number(program.readBigUInt64LE(at + segment.fileBytes)));
  }
  if (end > program.length) throw new Error('the program is cut short: a segment ends behind its end');
  const stripped = Buffer.from(program.subarray(0, end));
  stripped.writeBigUInt64LE(0n, header.sectionHeaders);
  // Size, number and the index of the names: none of a table that is gone.
  stripped.fill(0, header.sectionHeaderBytes, header.sectionHeaderBytes + 6);
  return stripped;
}
