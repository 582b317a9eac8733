/** The page's table next to AWS's runbook: each check that it names is one that the code makes. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { projectFiles } from "../support/project-files.ts";

const page = readFileSync(new URL("../../docs/diagnose.md", import.meta.url), "utf8");
const [, section = ""] = /## Compared with AWS's runbook\n([\s\S]*?)\n## /.exec(page) ?? [];
const rows = section.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| The runbook"));

test("the page has a counterpart for each check of the runbook", () => {
  expect(rows.length).toBe(13);
  for (const row of rows) expect(row.split("|")[2]?.trim()).not.toBe("");
});

test("each check that the page names is one of the code's", () => {
  const sources = projectFiles()
    .filter(({ path }) => path.startsWith("src/diagnosis/"))
    .map(({ text }) => text)
    .join("\n");
  const named = rows.flatMap((row) =>
    [...row.matchAll(/`((?:net|role|image|secret|ssm|kms|env-file|log|efs)\.[\w.-]+)`/g)].flatMap(
      ([, id]) => id ?? [],
    ),
  );
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((id) => !sources.includes(`"${id}"`))).toEqual([]);
});
