/** A fault of ours in the built command line: one line for people, one object for scripts, and a stack that names the sources. */

import { execFile } from "node:child_process";
import { describe, expect, it } from "vitest";

const ROOT = new URL("../../", import.meta.url).pathname;
/** Takes away what the demonstration needs, as an older Node does. */
const BREAK = "--import=data:text/javascript,delete%20Promise.withResolvers";

function broken(...flags: string[]): Promise<{ status: unknown; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [BREAK, "dist/cli/repull.mjs", "demo", ...flags],
      { cwd: ROOT, env: { PATH: process.env.PATH } },
      (error, out, err) => resolve({ status: error?.code ?? 0, out, err }),
    );
  });
}

describe("a fault of the built command line", () => {
  it("is one line that says where to report it, and status 5", async () => {
    const { status, err } = await broken();
    expect(status).toBe(5);
    expect(err).toMatch(/^repull demo: a fault of Repull [^\n]+; report it to [^\n]+\n$/);
  });

  it("has its stack in the sources when --verbose is given", async () => {
    const { err } = await broken("--verbose");
    expect(err).toMatch(/at .*src\/[\w/-]+\.ts:\d+:\d+/);
    expect(err).not.toMatch(/repull-[A-Z0-9]{8}\.mjs/);
  });

  it("is one object with the code bug when --json is given", async () => {
    const { out } = await broken("--json");
    expect(JSON.parse(out)).toMatchObject({ type: "error", code: "bug" });
  });
});
