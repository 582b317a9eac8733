/** No words of a stranger move a cursor, hide themselves or begin a line, whichever command writes them, as text or as JSON. */

import { deepEqual, equal } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "repull-words-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A cleared screen, a C1 control, a turned order of letters, a tag character, and a line of its own. */
const HOSTILE = "\u001b[2J\u009b31m\u202e\u{e0041}\r\nFORGED";
const UNSEEN = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u;

function written(name: string, document: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(document));
  return path;
}

/** An event of the repository's own, every text of which a stranger has had a hand in. */
function event(): unknown {
  const read = JSON.parse(readFileSync("events/fargate-service.json", "utf8")) as { detail: object };
  const spoiled = (value: unknown): unknown => {
    if (typeof value === "string") return /^(?:arn:|20\d\d-)/.test(value) ? value : `${value}${HOSTILE}`;
    if (Array.isArray(value)) return value.map(spoiled);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, spoiled(inner)]));
  };
  const { lastStatus, desiredStatus, stopCode } = read.detail as Record<string, unknown>;
  return { ...read, detail: { ...(spoiled(read.detail) as object), lastStatus, desiredStatus, stopCode } };
}

const failure = `CannotPullContainerError: toomanyrequests ${HOSTILE} You have reached your pull rate limit`;
describe("no word of a stranger moves a cursor or begins a line", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, args: readonly string[]])[] = [
    ["of an event, explained",                    ["explain", written("event.json", event())]],
    ["of an event, explained in JSON",            ["explain", "--json", written("event.json", event())]],
    ["of an event that is none",                  ["explain", written("none.json", { source: HOSTILE, "detail-type": HOSTILE })]],
    ["of an event, replayed",                     ["replay", written("event.json", event())]],
    ["of an error text",                          ["explain", "--text", failure, "--image", `nginx${HOSTILE}`]],
    ["of an error text, in JSON",                 ["explain", "--json", "--text", failure, "--image", `nginx${HOSTILE}`]],
    ["of a policy",                               ["policy", "check", written("policy.json", { [HOSTILE]: HOSTILE, mode: HOSTILE })]],
    ["of a policy, in JSON",                      ["policy", "check", "--json", written("policy.json", { [HOSTILE]: HOSTILE, mode: HOSTILE })]],
    ["of a file's name",                          ["explain", join(folder, HOSTILE)]],
    ["of an image's name",                        ["mirror", `nginx:${HOSTILE}`, "localhost/x"]],
    ["of an option",                              ["mirror", "nginx", "localhost/x", "--concurrency", HOSTILE]],
    ["of a registry that does not answer",        ["mirror", "127.0.0.1:1/app:v1", "127.0.0.1:1/x", "--timeout", "5"]],
  ];
  for (const [what, args] of table) {
    test(what, () => {
      const { stdout, stderr } = spawnSync(process.execPath, ["src/cli/main.ts", ...args], {
        encoding: "utf8",
        env: { PATH: process.env.PATH ?? "" },
      });
      deepEqual(UNSEEN.exec(`${stdout}${stderr}`), null);
      equal(/^\W*FORGED/m.test(`${stdout}${stderr}`), false, stdout);
      if (args.includes("--json")) for (const line of stdout.trim().split("\n")) JSON.parse(line);
    }, 30_000);
  }
});
