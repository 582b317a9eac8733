import { describe, expect, it } from "vitest";
import { decodeText } from "../../src/text/decode-text.ts";

const TEXT = '{"image": "nginx:1.27", "über": "日本"}\r\n';
const utf16 = (order: "le" | "be", mark: boolean) => {
  const bytes = Buffer.from(`${mark ? "\uFEFF" : ""}${TEXT}`, "utf16le");
  return order === "le" ? bytes : bytes.swap16();
};

// biome-ignore format: a table is read by its columns
const ROWS: readonly (readonly [what: string, bytes: Uint8Array, text: string])[] = [
  ["UTF-8",                                        Buffer.from(TEXT),             TEXT],
  ["UTF-8 with a byte order mark",                 Buffer.from(`\uFEFF${TEXT}`),  TEXT],
  ["UTF-16 as PowerShell 5 writes it",             utf16("le", true),             TEXT],
  ["UTF-16, the great end first",                  utf16("be", true),             TEXT],
  ["UTF-16 without a mark",                        utf16("le", false),            TEXT],
  ["UTF-16 without a mark, the great end first",   utf16("be", false),            TEXT],
  ["nothing",                                      Buffer.alloc(0),               ""],
  ["one byte",                                     Buffer.from("1"),              "1"],
];

describe("decodeText", () => {
  for (const [what, bytes, text] of ROWS) {
    it(`reads the text when the file holds ${what}`, () => {
      expect(decodeText(bytes)).toBe(text);
    });
  }
});
