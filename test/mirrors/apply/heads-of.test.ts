/** How often a registry is asked what the tags name that services follow. */

import { describe, expect, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { canonicalName, parseReference } from "../../../src/image/reference.ts";
import { headsOf } from "../../../src/mirrors/apply/heads-of.ts";
import { RegistryError } from "../../../src/oci/client/registry-error.ts";

const digest = digestOf("image");
const UNAVAILABLE = { kind: "unavailable", host: "quay.io" } as const;

// biome-ignore format: a table is read by its columns
const ANSWERS = [
  ["answers",                         10, () => ({ digest })],
  ["refuses because of a limit",       1, () => new RegistryError("enough", { ...UNAVAILABLE, kind: "rate-limited" })],
  ["does not answer",                  3, () => new RegistryError("no answer", { ...UNAVAILABLE, unanswered: "no-answer" })],
  ["answers with errors",             10, () => new RegistryError("error", UNAVAILABLE)],
] as const;

describe("a registry of ten followed tags", () => {
  for (const [what, times, answer] of ANSWERS)
    test(`is asked ${times} times where it ${what}`, async () => {
      let asked = 0;
      const headOf = headsOf({
        async headManifest() {
          asked += 1;
          const given = answer();
          if (given instanceof RegistryError) throw given;
          return given;
        },
      });
      for (const tag of [...Array(10).keys()]) {
        const source = parseReference(`quay.io/acme/web:${tag}`);
        const of = { name: canonicalName(source), source, repository: "repull/quay.io/acme/web" };
        // Two services follow it.
        expect(await headOf(of)).toEqual(await headOf(of));
      }
      expect(asked).toBe(times);
    });
});
