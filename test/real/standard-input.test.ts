/** A command that reads standard input at a terminal: it says that it waits, and reads what is typed. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";

const ROOT = new URL("../../", import.meta.url).pathname;

it("says that it waits for standard input at a terminal, and reads what is typed up to Ctrl-D", async () => {
  const command = [process.execPath, "src/cli/main.ts", "explain", "-"].join(" ");
  const child = spawn("script", ["--quiet", "--flush", "--return", "--command", command, "/dev/null"], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: "/nonexistent", TERM: "dumb" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  let screen = "";
  const { promise, resolve } = Promise.withResolvers<void>();
  child.stdout.on("data", (chunk) => {
    screen += chunk;
    if (screen.includes("standard input")) resolve();
  });
  const ended = once(child, "close");
  await promise;
  child.stdin.write("toomanyrequests: You have reached your unauthenticated pull rate limit.\r\u0004");
  const [status] = await ended;
  expect(screen).toContain("docker-hub-pull-limit");
  expect(status).toBe(0);
});
