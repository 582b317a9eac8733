/**
 * A zip file that is the same whenever and wherever it is made: no dates, no user ids, names in order.
 *
 * Lambda takes what this writes: deflated entries, no encryption, no ZIP64 (a function's code is at most 250 MB).
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */

import { crc32, deflateRawSync } from "node:zlib";

export type ZipEntry = { readonly name: string; readonly bytes: Uint8Array };

/** 1980-01-01, the first day that the format can name. */
const DATE = 0x21;
const VERSION = 20;
const UTF8_NAMES = 0x0800;
const DEFLATED = 8;
/** Unix, regular file, rw-r--r--. */
const MADE_BY_UNIX = (3 << 8) | VERSION;
const ATTRIBUTES = (0o100644 << 16) >>> 0;

/** The zip of these files, sorted by name. */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes } of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const packed = deflateRawSync(bytes, { level: 9 });
    const label = Buffer.from(name, "utf8");
    const described = Buffer.alloc(26);
    described.writeUInt16LE(VERSION, 0);
    described.writeUInt16LE(UTF8_NAMES, 2);
    described.writeUInt16LE(DEFLATED, 4);
    described.writeUInt16LE(0, 6);
    described.writeUInt16LE(DATE, 8);
    described.writeUInt32LE(crc32(bytes), 10);
    described.writeUInt32LE(packed.length, 14);
    described.writeUInt32LE(bytes.length, 18);
    described.writeUInt16LE(label.length, 22);
    parts.push(signature(0x04034b50), described, label, packed);

    const madeBy = Buffer.alloc(2);
    madeBy.writeUInt16LE(MADE_BY_UNIX, 0);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(ATTRIBUTES, 6);
    place.writeUInt32LE(offset, 10);
    directory.push(signature(0x02014b50), madeBy, described, place, label);
    offset += 4 + described.length + label.length + packed.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(index.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, index, signature(0x06054b50), end]);
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value, 0);
  return bytes;
}
