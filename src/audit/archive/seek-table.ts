/** Where the frames of a file are: the "Zstandard Seekable Format" 0.1.0, in a skippable frame at the file's end. */
const SKIPPABLE_MAGIC = 0x184d2a5e;
const SEEKABLE_MAGIC = 0x8f92eab1;
const HEADER_BYTES = 8;
const ENTRY_BYTES = 8;
/** Number of frames, a byte that says that there are no checksums beside them, and the magic number. */
export const FOOTER_BYTES = 9;

/** How long a frame is, in bytes. */
export interface Frame {
  readonly compressed: number;
  readonly content: number;
}

/** A file does not end with a seek table that is one. */
export class NoSeekTable extends Error {
  readonly code = 'no-seek-table';
}

export function seekTable(frames: readonly Frame[]): Buffer {
  const table = Buffer.alloc(HEADER_BYTES + frames.length * ENTRY_BYTES + FOOTER_BYTES);
  table.writeUInt32LE(SKIPPABLE_MAGIC, 0);
  table.writeUInt32LE(table.length - HEADER_BYTES, 4);
  for (const [index, { compressed, content }] of frames.entries()) {
    table.writeUInt32LE(compressed, HEADER_BYTES + index * ENTRY_BYTES);
    table.writeUInt32LE(content, HEADER_BYTES + index * ENTRY_BYTES + 4);
  }
  table.writeUInt32LE(frames.length, table.length - FOOTER_BYTES);
  table.writeUInt32LE(SEEKABLE_MAGIC, table.length - 4);
  return table;
}

/**
 * How long the whole table is.
 * @param footer the last bytes of the file, `FOOTER_BYTES` of them
 * @throws NoSeekTable
 */
export function tableBytes(footer: Buffer): number {
  const isFooter = footer.length === FOOTER_BYTES && footer.readUInt32LE(5) === SEEKABLE_MAGIC && footer[4] === 0;
  if (!isFooter) throw new NoSeekTable('the file does not end with a seek table');
  return HEADER_BYTES + footer.readUInt32LE(0) * ENTRY_BYTES + FOOTER_BYTES;
}

/**
 * @param table all of it
 * @throws NoSeekTable
 */
export function readSeekTable(table: Buffer): Frame[] {
  const isTable =
    table.length >= HEADER_BYTES + FOOTER_BYTES &&
    table.readUInt32LE(0) === SKIPPABLE_MAGIC &&
    table.readUInt32LE(4) === table.length - HEADER_BYTES;
  if (!isTable) throw new NoSeekTable('the seek table is damaged');
  const count = (table.length - HEADER_BYTES - FOOTER_BYTES) / ENTRY_BYTES;
  return Array.from({ length: count }, (_, index) => ({
    compressed: table.readUInt32LE(HEADER_BYTES + index * ENTRY_BYTES),
    content: table.readUInt32LE(HEADER_BYTES + index * ENTRY_BYTES + 4),
  }));
}
