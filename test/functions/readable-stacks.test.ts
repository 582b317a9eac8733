import { execFileSync } from "node:child_process";
import { glob, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterEach, describe, expect, it } from "vitest";

const stacks = fileURLToPath(new URL("../../functions/readable-stacks.ts", import.meta.url));

const root = fileURLToPath(new URL("../../", import.meta.url));

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** What a program of these lines says of its stack, bundled as the functions are. */
async function stackOf(
  lines: readonly string[],
  { withMap }: { readonly withMap: boolean },
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "repull-stacks-"));
  folders.push(folder);
  await writeFile(join(folder, "thrower.ts"), lines.join("\n"));
  await writeFile(
    join(folder, "program.ts"),
    `import { makeStacksReadable } from ${JSON.stringify(stacks)};
     import { fail } from "./thrower.ts";
     makeStacksReadable();
     try { fail(); } catch (error) { process.stdout.write(error.stack); }`,
  );
  await build({
    entryPoints: [join(folder, "program.ts")],
    outfile: join(folder, "index.mjs"),
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    sourcemap: "linked",
  });
  if (!withMap) await rm(join(folder, "index.mjs.map"));
  return execFileSync(process.execPath, [join(folder, "index.mjs")], { encoding: "utf8" });
}

const THROWS = ["export function fail(): void {", "", "  throw new TypeError(String(2));", "}"];

describe("a stack trace of a bundle", () => {
  it("begins with the error, and names the line of the source", async () => {
    const [first, frame] = (await stackOf(THROWS, { withMap: true })).split("\n");
    expect(first).toBe("TypeError: 2");
    expect(frame).toMatch(/thrower\.ts:3:\d+/);
  });

  it("names the place in the bundle where there is no map", async () => {
    const [first, frame] = (await stackOf(THROWS, { withMap: false })).split("\n");
    expect(first).toBe("TypeError: 2");
    expect(frame).toMatch(/index\.mjs:\d+:\d+/);
  });
});

describe("the deployed functions", () => {
  it("all read their maps when a trace is read, and no template has Node read them at each start", async () => {
    const texts = async (pattern: string) => {
      const found: { readonly path: string; readonly text: string }[] = [];
      for await (const path of glob(pattern, { cwd: root }))
        found.push({ path, text: await readFile(join(root, path), "utf8") });
      return found;
    };
    const [handlers, templates] = [await texts("functions/*/handler.ts"), await texts("infra/*.yaml")];
    expect(handlers.length).toBeGreaterThan(3);
    const without = handlers.filter(({ text }) => !/^makeStacksReadable\(\);$/m.test(text));
    expect(without.map(({ path }) => path)).toEqual([]);
    const eager = templates.filter(({ text }) => text.includes("--enable-source-maps"));
    expect(eager.map(({ path }) => path)).toEqual([]);
  });
});
