import { describe, expect, test } from "vitest";
import { readEventDocuments } from "../../../src/cli/input/event-files.ts";

describe("a file of events", () => {
  for (const [because, text, entries] of [
    ["one document", '{"a":1}', ["document f"]],
    ["one document over many lines", '{\n  "a": 1\n}\n', ["document f"]],
    ["an array of documents", '[{"a":1},{"a":2}]', ["document f[0]", "document f[1]"]],
    ["an empty array", "[]", ["unreadable f"]],
    ["a search that found no task", '{"tasks":[],"failures":[]}', ["unreadable f"]],
    ["one a line", '{"a":1}\n{"a":2}\n', ["document f:1", "document f:2"]],
    [
      "one a line, with Windows' line ends and empty lines",
      '{"a":1}\r\n\r\n{"a":2}\r\n',
      ["document f:1", "document f:3"],
    ],
    ["a byte order mark", '\uFEFF{"a":1}', ["document f"]],
    [
      "a line that was cut off among good ones",
      '{"a":1}\n{"a":\n{"a":3}',
      ["document f:1", "unreadable f:2", "document f:3"],
    ],
    ["a document that was cut off", '{\n  "a": ', ["unreadable f"]],
    ["no JSON at all", "hello", ["unreadable f"]],
    ["nothing", " \n", ["unreadable f"]],
  ] as const) {
    test(`${because}: ${entries.join(", ") || "none"}`, () => {
      expect(readEventDocuments(text, "f").map(({ kind, where }) => `${kind} ${where}`)).toEqual(entries);
    });
  }

  test("quotes nothing of a document that it cannot read, because it may hold secrets", () => {
    const [entry] = readEventDocuments('{"password": hunter2}', "f");
    expect(JSON.stringify(entry)).not.toContain("hunter2");
  });
});
