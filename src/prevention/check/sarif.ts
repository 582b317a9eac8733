/**
 * Findings as SARIF 2.1.0, each with the fix that `--fix` would make.
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html (read 2026-11): lines and columns from
 * 1, an end column behind the last one, UTF-16 code units.
 */

import { createHash } from "node:crypto";
import { visible } from "../../text/visible.ts";
import { editOf } from "../source-files/edits/edit-file.ts";
import { linesOf } from "../source-files/positions.ts";
import { adviceOf, sentenceOf } from "./finding-words.ts";
import type { Finding } from "./findings.ts";

export type CheckError = {
  readonly file: string;
  readonly at: Finding["from"];
  readonly because: string;
  /** It was read, and could not be written. */
  readonly isUnwritten?: true;
  /** It was read, and then changed by another program: nothing was written. */
  readonly isChanged?: true;
};

export type SarifOptions = {
  readonly version: string;
  /** Where the program is explained. */
  readonly informationUri: string;
  readonly errors: readonly CheckError[];
  /** The text of a file with findings. */
  readonly textOf: (file: string) => string;
};

const RULES = [
  {
    id: "limited-registry-image",
    name: "LimitedRegistryImage",
    shortDescription: { text: "An image is pulled from a registry with a pull limit." },
    fullDescription: {
      text: "When the registry's pull limit is reached, what needs this image does not start. The same bytes from another registry do.",
    },
    help: {
      text: "Pull the same bytes from Amazon ECR. repull check --fix writes each replacement that is proved.",
    },
    defaultConfiguration: { level: "warning" },
    properties: { tags: ["availability"], precision: "very-high", "problem.severity": "warning" },
  },
  {
    id: "image-not-checkable",
    name: "ImageNotCheckable",
    shortDescription: { text: "A variable decides which image is pulled." },
    fullDescription: {
      text: "The file does not say which image is pulled, so that its registry is not known.",
    },
    help: { text: "Give the variable a default, or check the file that the template makes." },
    defaultConfiguration: { level: "note" },
    properties: { tags: ["availability"], precision: "very-high", "problem.severity": "recommendation" },
  },
] as const;

export function sarifOf(findings: readonly Finding[], options: SarifOptions): object {
  const { version, informationUri, errors } = options;
  return {
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "repull", semanticVersion: version, informationUri, rules: RULES } },
        columnKind: "utf16CodeUnits",
        originalUriBaseIds: {
          SRCROOT: { description: { text: "The folder that the check was started in." } },
        },
        invocations: [
          {
            executionSuccessful: errors.length === 0,
            toolExecutionNotifications: errors.map(({ file, at, because }) => ({
              level: "error",
              message: { text: visible(because) },
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: artifact(file),
                    region: { startLine: at.line, startColumn: at.column },
                  },
                },
              ],
            })),
          },
        ],
        results: resultsOf(findings, options),
      },
    ],
  };
}

function resultsOf(findings: readonly Finding[], { textOf }: SarifOptions): readonly object[] {
  const seen = new Map<string, number>();
  return findings.map((finding) => {
    const { kind, file, image, ignored, codes, replacement } = finding;
    const ruleIndex = kind === "depends" ? 0 : 1;
    const key = createHash("sha256").update(`${file}\n${finding.place}\n${image}`).digest("hex").slice(0, 16);
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    const advice = adviceOf(finding);
    return {
      ruleId: RULES[ruleIndex].id,
      ruleIndex,
      level: kind === "depends" ? "warning" : "note",
      message: { text: visible(`${sentenceOf(finding)}.${advice === undefined ? "" : ` ${advice}.`}`) },
      locations: [
        {
          physicalLocation: {
            artifactLocation: artifact(file),
            region: { ...regionOf(finding), snippet: { text: visible(image) } },
          },
        },
      ],
      partialFingerprints: { "imageInPlace/v1": `${key}:${count}` },
      ...(ignored === undefined
        ? {}
        : { suppressions: [{ kind: "inSource", justification: visible(ignored) }] }),
      ...fixesOf(finding, textOf(file)),
      properties: { codes, ...(replacement === undefined ? {} : { proof: replacement.proof }) },
    };
  });
}

function fixesOf({ fixable, replacement, at, file }: Finding, text: string): object {
  const edit = !fixable || replacement === undefined ? undefined : editOf(at, replacement.writes);
  if (edit === undefined) return {};
  const lines = linesOf(text);
  const deletedRegion = regionOf({ from: lines.position(edit.start), to: lines.position(edit.end) });
  return {
    fixes: [
      {
        description: { text: `Pull ${visible(edit.text)}, which is proved: ${replacement?.proof}.` },
        artifactChanges: [
          {
            artifactLocation: artifact(file),
            replacements: [{ deletedRegion, insertedContent: { text: edit.text } }],
          },
        ],
      },
    ],
  };
}

function regionOf({ from, to }: Pick<Finding, "from" | "to">): object {
  return { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column };
}

/** A path as a URI: each name of it escaped. */
function artifact(file: string): object {
  return { uri: file.split("/").map(encodeURIComponent).join("/"), uriBaseId: "SRCROOT" };
}
