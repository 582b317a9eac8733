import { deepEqual, throws } from "node:assert/strict";
import { describe, test } from "vitest";
import { EndpointsError, parseEndpoints } from "../../../src/oci/http/registry-endpoints.ts";

test("hosts are mapped to addresses", () => {
  deepEqual(
    [
      ...parseEndpoints(
        "registry-1.docker.io=http://127.0.0.1:5001, public.ecr.aws=https://mirror.example/ecr/ ,",
      ),
    ],
    [
      ["registry-1.docker.io", "http://127.0.0.1:5001"],
      ["public.ecr.aws", "https://mirror.example/ecr"],
    ],
  );
});

test("an empty text has no mapping", () => {
  deepEqual([parseEndpoints(undefined).size, parseEndpoints("").size], [0, 0]);
});

describe("what is half understood is refused", () => {
  // biome-ignore format: one row a line
  const table: readonly (readonly [string, RegExp])[] = [
    ["docker.io",                          /expected a registry host before the =/],
    ["=http://127.0.0.1",                  /expected a registry host/],
    ["docker.io=127.0.0.1:5000",           /expected an http or https address/],
    ["docker.io=ftp://x",                  /expected an http or https address/],
    ["docker.io=https://u:secret@x",       /expected an address without a password/],
    ["docker.io=https://x/?a=b",           /expected an address without \?/],
    ["a.b=https://x,a.b=https://y",        /expected each host once/],
    ["docker.io/library=https://x",        /expected a registry host/],
  ];
  for (const [text, words] of table) {
    test(`${text}: ${words.source}`, () => {
      throws(
        () => parseEndpoints(text),
        (error) =>
          error instanceof EndpointsError && words.test(error.message) && !error.message.includes("secret"),
      );
    });
  }
});
