/** SARIF of `repull check`, judged by Microsoft's own validator of the format; skipped, and said so, where that is not installed. */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const VALIDATOR = join(ROOT, ".cache/sarif/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool");
const run = promisify(execFile);

describe.skipIf(!existsSync(VALIDATOR))("the SARIF of repull check", () => {
  it("has no error by its validator, and one where it is broken", { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "repull-sarif-"));
    try {
      const digest = `sha256:${"a".repeat(64)}`;
      const files: Record<string, string> = {
        Dockerfile: "# syntax=docker/dockerfile:1\nFROM nginx:1\nFROM $X\n",
        "a ä.yaml": "services:\n  a:\n    image: redis # repull: ignore a test\n",
        "bad.yaml": "image: [\n",
        answers: JSON.stringify({
          image: "nginx:1",
          replacement: { image: "public.ecr.aws/docker/library/nginx:1", digest, proof: "same-index" },
        }),
      };
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
      const args = ["check", "--assessments", "answers", "--sarif", "out.sarif"];
      await run(process.execPath, [join(ROOT, "dist/cli/repull.mjs"), ...args], { cwd: folder }).catch(
        (error) => expect(error.code).toBe(2),
      );
      const text = await readFile(join(folder, "out.sarif"), "utf8");
      expect(JSON.parse(text).runs[0].results).toHaveLength(4);
      const broken = text.replace('"startLine": 2', '"startLine": 0');
      expect(broken).not.toBe(text);
      await writeFile(join(folder, "broken.sarif"), broken);
      const errors = async (name: string): Promise<readonly string[]> => {
        const report = `${name}.report.sarif`;
        await run(VALIDATOR, ["validate", name, "--output", report, "--log", "ForceOverwrite"], {
          cwd: folder,
        }).catch(() => {});
        const { runs } = JSON.parse(await readFile(join(folder, report), "utf8"));
        const results: readonly { level?: string; ruleId: string }[] = runs[0].results ?? [];
        return results.filter(({ level }) => level === "error").map(({ ruleId }) => ruleId);
      };
      expect(await errors("out.sarif")).toEqual([]);
      expect(await errors("broken.sarif")).not.toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
