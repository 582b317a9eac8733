import { deepEqual, equal, throws } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "vitest";
import { type TarEntry, tar } from "../../infra/image/tar.ts";

const file = (path: string, text = ""): TarEntry => ({
  path,
  kind: "file",
  mode: 0o644,
  bytes: Buffer.from(text),
});
const listed = (archive: Buffer) =>
  execFileSync("tar", ["-tvf", "-", "--numeric-owner", "--utc", "--full-time"], {
    input: archive,
    encoding: "utf8",
  })
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/\s+/g, " "));

describe("tar", () => {
  test("is read by tar with modes, owners, dates and links as they were given", () => {
    const archive = tar([
      { path: "b/program", kind: "file", mode: 0o755, bytes: Buffer.from("run") },
      { path: "a", kind: "link", target: "b/program" },
    ]);
    deepEqual(listed(archive), [
      "lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 a -> b/program",
      "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 b/",
      "-rwxr-xr-x 0/0 3 1970-01-01 00:00:00 b/program",
    ]);
  });

  test("is the same whatever the order of its entries", () => {
    const [one, other] = [file("a/b", "1"), file("a/c", "2")];
    equal(tar([one, other]).equals(tar([other, one])), true);
  });

  test("keeps a path longer than one field", () => {
    const path = `${"d".repeat(90)}/${"f".repeat(60)}`;
    equal(
      listed(tar([file(path, "x")]))
        .at(-1)
        ?.endsWith(path),
      true,
    );
  });

  // biome-ignore format: a table is read by its columns
  const refused: readonly (readonly [title: string, entry: TarEntry])[] = [
    ["a name longer than the format has room for",  file("f".repeat(101))],
    ["a path longer than the format has room for",  file(`${"d".repeat(156)}/f${"f".repeat(90)}`)],
    ["a target longer than the format has room for", { path: "a", kind: "link", target: "t".repeat(101) }],
  ];
  for (const [title, entry] of refused)
    test(`refuses ${title}`, () => throws(() => tar([entry]), RangeError));
});
