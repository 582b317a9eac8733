/** Words are counted: an error is one line that says what, why, and what to do about it. */

import { describe, expect, it } from "vitest";
import { describeError, errorLine, REFUSAL_REMEDIES } from "../../src/cli/output/command-error.ts";
import { type RefusalCode, RefusedCommand } from "../../src/cli/refused-command.ts";
import { unreadableFile } from "../../src/cli/wrong-call.ts";
import { ClusterError } from "../../src/cluster/cluster-error.ts";
import { InvalidInput } from "../../src/image/invalid-input.ts";
import { RegistryError, type RegistryErrorKind } from "../../src/oci/client/registry-error.ts";
import { AwsError } from "../../src/remediation/ports/aws-error.ts";

/** The longest remedy had 22 words on 2026-11-29, and the longest message of ours 14. */
const REMEDY_WORDS_MAX = 22;
const OWN_WORDS_MAX = 14;
const BUG = { version: "1.2.3", reportTo: "https://example.com/issues" };
const FOREIGN = "FOREIGN";

// biome-ignore format: a table is read by its columns
const table: readonly [what: string, thrown: unknown][] = [
  ["a file that cannot be read",    unreadableFile("events/none.json", {})],
  ["a value that cannot be",        new InvalidInput("SERVICE", "NAME or CLUSTER/NAME")],
  ["a right that is missing",       new AwsError("denied", "ecs:UpdateService", FOREIGN)],
  ["AWS that throttles",            new AwsError("throttled", "ecs:DescribeServices", FOREIGN)],
  ["AWS that does not answer",      new AwsError("unavailable", "ecs:DescribeServices", FOREIGN)],
  ["AWS that does not have it",     new AwsError("absent", "ecs:DescribeServices", FOREIGN)],
  ["a request that AWS refuses",    new AwsError("invalid", "ecs:DescribeServices", FOREIGN)],
  ["a change that came first",      new AwsError("conflict", "ecs:UpdateService", FOREIGN)],
  ["a cluster without a login",     new ClusterError(401, "Unauthorized", FOREIGN)],
  ["a fault of Repull",             new TypeError(FOREIGN)],
  ...Object.keys(REFUSAL_REMEDIES).map((code): [string, unknown] => [`the refusal ${code}`, new RefusedCommand(code as RefusalCode, FOREIGN)]),
];
const kinds: readonly RegistryErrorKind[] = [
  "rate-limited",
  "unauthorized",
  "denied",
  "not-allowed",
  "absent",
  "malformed",
  "unavailable",
];
const errors = [
  ...table,
  ...kinds.map(
    (kind) => [`a registry's ${kind}`, new RegistryError(FOREIGN, { kind, host: "docker.io" })] as const,
  ),
];
const wordsIn = (text: string): number => text.split(/\s+/).filter(Boolean).length;

describe("an error", () => {
  for (const [what, thrown] of errors)
    it(`is one line with a remedy of at most ${REMEDY_WORDS_MAX} words when it is ${what}`, () => {
      const told = describeError(thrown, "plan", BUG);
      expect(wordsIn(told.remedy)).toBeGreaterThan(2);
      expect(wordsIn(told.remedy)).toBeLessThanOrEqual(REMEDY_WORDS_MAX);
      // What others say is not ours to count.
      expect(wordsIn(told.message.replaceAll(FOREIGN, ""))).toBeLessThanOrEqual(OWN_WORDS_MAX);
      expect(errorLine(told, "plan").trimEnd().split("\n").length).toBe(1);
      expect(told.remedy).not.toMatch(/[.!]$/);
    });
});
