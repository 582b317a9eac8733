/** Texts of what comes before a pull, which name access and mean something else: content, the network, or no one knows what. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { classify } from "../../src/pull-failure/classify.ts";

type Sample = { readonly id: string; readonly task?: { readonly stoppedReason?: string } };
const samples: readonly Sample[] = JSON.parse(
  readFileSync(new URL("../diagnosis/tasks.json", import.meta.url), "utf8"),
);
const AUTH = "ResourceInitializationError: unable to pull secrets or registry auth: ";

describe("a text that is not a refusal is not called one", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["a JSON key that is not in the secret",  reasonOf("secret-json-key-missing"),                                                                                         "other",        "certain"],
    ["a secret that is not JSON",              `${AUTH}unable to retrieve secret from asm: invalid character '\\'' looking for beginning of value`,                         "other",        "certain"],
    ["a process that was killed",             reasonOf("secrets-killed"),                                                                                                  "network",      "certain"],
    ["a text that was cut",                   reasonOf("private-registry-auth"),                                                                                           "unauthorized", "likely"],
    ["a token that was not given",            reasonOf("pull-anonymous-token"),                                                                                            "network",      "likely"],
    ["a refusal",                             `${AUTH}AccessDeniedException: User: x is not authorized to perform: ssm:GetParameters`,                                     "unauthorized", "certain"],
  ] as const;
  for (const [what, text, kind, confidence] of table)
    test(`${what} is ${kind}, ${confidence}`, () =>
      expect(classify(text)).toMatchObject({ kind, confidence }));
});

function reasonOf(id: string): string {
  return samples.find((one) => one.id === id)?.task?.stoppedReason ?? "";
}
