/** Where answers are kept between runs: a folder is made if it can be, and a run never waits for one that cannot. */

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { answerCache } from "../../../src/cli/check/answer-cache.ts";
import { DEFAULT_POLICY } from "../../../src/substitution/policy/policy.ts";

const NOW = Date.parse("2026-01-20T10:00:00Z");
const ANSWER = {
  image: "docker.io/library/nginx:1.27",
  codes: ["no-proof"],
  askedAt: "2026-01-20T10:00:00Z",
} as never;
const cacheIn = (folder: string) =>
  answerCache({ env: { XDG_CACHE_HOME: folder } }, { policy: DEFAULT_POLICY, isAnonymous: false }, NOW);

test("answers are kept in a folder that has to be made with the one around it", () => {
  const root = mkdtempSync(join(tmpdir(), "repull-cache-"));
  try {
    cacheIn(join(root, "a", "b")).keep([ANSWER]);
    expect(cacheIn(join(root, "a", "b")).answers).toMatchObject([{ image: "docker.io/library/nginx:1.27" }]);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("nothing is kept, and nothing waits, where the file system makes no folder although its parent is there", async () => {
  // In a process of its own: what waits here does not let a time limit of this one begin.
  const code = [
    `import { answerCache } from ${JSON.stringify(new URL("../../../src/cli/check/answer-cache.ts", import.meta.url).href)};`,
    `import { DEFAULT_POLICY } from ${JSON.stringify(new URL("../../../src/substitution/policy/policy.ts", import.meta.url).href)};`,
    `const key = { policy: DEFAULT_POLICY, isAnonymous: false };`,
    `answerCache({ env: { XDG_CACHE_HOME: "/proc/none" } }, key, ${NOW}).keep([${JSON.stringify(ANSWER)}]);`,
  ].join("\n");
  const ended = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", code], {
    timeout: 60_000,
  });
  expect(await ended).toMatchObject({ stdout: "" });
}, 70_000);
