/** Findings as SARIF: the regions are those of the findings, and the fixes are what `--fix` writes. */

import { describe, expect, it } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { findingsOf } from "../../../src/prevention/check/findings.ts";
import { sarifOf } from "../../../src/prevention/check/sarif.ts";
import { readSourceFile } from "../../../src/prevention/source-files/read-source-file.ts";
import { DEFAULT_POLICY } from "../../../src/substitution/policy/policy.ts";

const DIGEST = digestOf("the same image");
const NEW = `public.ecr.aws/docker/library/nginx:1@${DIGEST}`;
const ANSWERS = new Map([
  [
    "docker.io/library/nginx:1",
    {
      image: "docker.io/library/nginx:1",
      replacement: {
        image: "public.ecr.aws/docker/library/nginx:1",
        digest: DIGEST,
        proof: "same-index" as const,
      },
      codes: [],
    },
  ],
]);

type Region = {
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
};
type Result = {
  readonly ruleId: string;
  readonly locations: readonly {
    readonly physicalLocation: {
      readonly artifactLocation: { readonly uri: string };
      readonly region: Region;
    };
  }[];
  readonly suppressions?: readonly unknown[];
  readonly partialFingerprints: Record<string, string>;
  readonly fixes?: readonly {
    readonly artifactChanges: readonly {
      readonly replacements: readonly {
        readonly deletedRegion: Region;
        readonly insertedContent: { readonly text: string };
      }[];
    }[];
  }[];
};

function resultsOf(path: string, text: string): readonly Result[] {
  const file = { path, text };
  const read = readSourceFile(file);
  const findings =
    read.kind === "read" ? findingsOf(file, read.images, { answers: ANSWERS, policy: DEFAULT_POLICY }) : [];
  const options = { version: "1.2.3", informationUri: "https://example.com", errors: [], textOf: () => text };
  const log = sarifOf(findings, options) as {
    readonly runs: readonly { readonly results: readonly Result[] }[];
  };
  return log.runs[0]?.results ?? [];
}

/** As an editor applies it: by lines and columns. */
function applied(text: string, results: readonly Result[]): string {
  const lines = text.split("\n");
  for (const { fixes = [] } of results.toReversed())
    for (const { deletedRegion: at, insertedContent } of fixes.flatMap(({ artifactChanges }) =>
      artifactChanges.flatMap(({ replacements }) => replacements),
    )) {
      const line = lines[at.startLine - 1] ?? "";
      expect(at.endLine).toBe(at.startLine);
      lines[at.startLine - 1] =
        line.slice(0, at.startColumn - 1) + insertedContent.text + line.slice(at.endColumn - 1);
    }
  return lines.join("\n");
}

describe("SARIF", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly [path: string, text: string][] = [
    ["Dockerfile",   "# syntax=acme/front:1\nARG B=@\nFROM $B\nFROM acme/x:1\n"],
    ["compose.yaml", "services: {🐳: {image: '@'}, b: {image: @}}\n"],
  ];
  for (const [path, text] of table)
    it(`has fixes that make of ${path} what --fix makes of it`, () => {
      const before = text.replaceAll("@", "nginx:1");
      expect(applied(before, resultsOf(path, before))).toBe(text.replaceAll("@", NEW));
    });

  it("escapes a path as a URI, and gives each result a fingerprint of its own that does not depend on its line", () => {
    const [first, second] = resultsOf("a b/Dockerfile.ä#1", "FROM acme/x:1\nFROM acme/x:1 AS b\n");
    expect(first?.locations[0]?.physicalLocation.artifactLocation.uri).toBe("a%20b/Dockerfile.%C3%A4%231");
    const [moved] = resultsOf("a b/Dockerfile.ä#1", "# more\n\nFROM acme/x:1\n");
    expect(moved?.partialFingerprints).toEqual(first?.partialFingerprints);
    expect(second?.partialFingerprints).not.toEqual(first?.partialFingerprints);
  });

  it("suppresses what is ignored, and has no fix for it", () => {
    const [result] = resultsOf(
      "compose.yaml",
      "services:\n  a:\n    image: nginx:1 # repull: ignore a test\n",
    );
    expect(result).toMatchObject({ suppressions: [{ kind: "inSource", justification: "a test" }] });
    expect(result).not.toHaveProperty("fixes");
  });
});
