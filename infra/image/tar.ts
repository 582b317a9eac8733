/**
 * A tar archive that is the same whenever and wherever it is made: no dates, no names of users, paths in order.
 *
 * The format is ustar, which every reader of OCI layers knows: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */

export type TarEntry =
  | { readonly path: string; readonly kind: "directory"; readonly mode: number }
  | { readonly path: string; readonly kind: "file"; readonly mode: number; readonly bytes: Uint8Array }
  | { readonly path: string; readonly kind: "link"; readonly target: string };

const BLOCK = 512;
const TYPES = { file: "0", link: "2", directory: "5" } as const;

/** With every directory above an entry, and each path once: the last of two wins. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const byPath = new Map<string, TarEntry>();
  for (const entry of entries) {
    for (const parent of parentsOf(entry.path))
      if (!byPath.has(parent)) byPath.set(parent, { path: parent, kind: "directory", mode: 0o755 });
    byPath.set(entry.path, entry);
  }
  const sorted = [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return Buffer.concat([...sorted.flatMap(blocksOf), Buffer.alloc(2 * BLOCK)]);
}

function parentsOf(path: string): readonly string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, at) => names.slice(0, at + 1).join("/"));
}

function blocksOf(entry: TarEntry): readonly Buffer[] {
  const bytes = entry.kind === "file" ? entry.bytes : new Uint8Array();
  const padding = Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK);
  return [headerOf(entry, bytes.length), Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), padding];
}

function headerOf(entry: TarEntry, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const [prefix, name] = splitPath(entry.kind === "directory" ? `${entry.path}/` : entry.path);
  header.write(name, 0);
  writeOctal(header, 100, 8, entry.kind === "link" ? 0o777 : entry.mode);
  writeOctal(header, 108, 8, 0);
  writeOctal(header, 116, 8, 0);
  writeOctal(header, 124, 12, size);
  writeOctal(header, 136, 12, 0);
  header.write(TYPES[entry.kind], 156);
  if (entry.kind === "link") header.write(fitting(entry.target, 100), 157);
  header.write("ustar\u000000", 257, "latin1");
  header.write(prefix, 345);
  header.write("        ", 148);
  writeOctal(
    header,
    148,
    7,
    header.reduce((sum, byte) => sum + byte, 0),
  );
  return header;
}

/** A name of up to 100 bytes, and before it what fits into 155. */
function splitPath(path: string): readonly [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ["", path];
  const at = path.indexOf("/", path.length - 101);
  return [fitting(path.slice(0, at), 155), fitting(path.slice(at + 1), 100)];
}

function fitting(text: string, bytes: number): string {
  if (Buffer.byteLength(text) > bytes) throw new RangeError(`${text} is too long for ustar`);
  return text;
}

function writeOctal(header: Buffer, at: number, width: number, value: number): void {
  header.write(`${value.toString(8).padStart(width - 1, "0")}\u0000`, at, "latin1");
}
