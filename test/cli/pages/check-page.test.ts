/** docs/check.md and the README: each `repull check` of theirs is run, in a folder of its own; its action and hooks as far as they go here. */

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { put, type Registries, startRegistries } from "../../outside/registries.ts";
import { PAGES, pageCommands } from "../../support/page-commands.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const MAIN = join(ROOT, "src/cli/main.ts");
const POD = "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: nginx:1}]}\n";
const PLAN = JSON.stringify({
  format_version: "1.2",
  planned_values: {
    root_module: {
      resources: [{ address: "docker_image.a", type: "docker_image", values: { name: "nginx:1" } }],
    },
  },
});

let registries: Registries;
let base = "";
let bin = "";
let index = "";
beforeAll(async () => {
  registries = await startRegistries();
  index = put(registries.hub, "library/nginx", "one", "1").index;
  put(registries.ecrPublic, "docker/library/nginx", "one", "1");
  base = await mkdtemp(join(tmpdir(), "repull-page-"));
  bin = join(base, "bin");
  await mkdir(bin);
  const program = (name: string, script: string) =>
    writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  await program("repull", `exec "${process.execPath}" "${MAIN}" "$@"`);
  // What other programs would print.
  await program("helm", `cat <<'END'\n${POD}END`);
  await program("terraform", `cat <<'END'\n${PLAN}\nEND`);
  await symlink(process.execPath, join(bin, "node"));
});
afterAll(async () => {
  await registries.stop();
  await rm(base, { recursive: true, force: true });
});

type Ran = { readonly status: number; readonly out: string; readonly err: string; readonly folder: string };
let count = 0;

async function run(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const folder = join(base, String(++count));
  const answer = {
    image: "nginx:1",
    replacement: { image: "public.ecr.aws/docker/library/nginx:1", digest: index, proof: "same-index" },
  };
  const files: Record<string, string> = {
    "build/Dockerfile": "FROM nginx:1\n",
    "compose.yaml": "services: {a: {image: nginx:1}}\n",
    "answers.jsonl": `${JSON.stringify(answer)}\n`,
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const path = `${bin}${delimiter}${process.env.PATH}`;
  const environment = { PATH: path, HOME: folder, REPULL_REGISTRY_ENDPOINTS: registries.endpoints, ...env };
  return new Promise((resolve) => {
    execFile(program, args, { cwd: folder, env: environment }, (error, out, err) =>
      resolve({ status: typeof error?.code === "number" ? error.code : 0, out, err, folder }),
    );
  });
}

const commands = pageCommands().filter(({ command }) => /(?:^|\| )repull check\b/.test(command));

describe("a command of a page", () => {
  it("is found", () => expect(commands.length).toBeGreaterThan(8));
  for (const { path, command } of commands)
    it(`finds or fixes the image of its folder: ${path}: ${command}`, async () => {
      const { status, out, err, folder } = await run("sh", ["-c", command]);
      expect(err).toBe("");
      expect(out).not.toBe("");
      const isFixed = command.includes("--fix");
      expect(status).toBe(isFixed ? 0 : 1);
      if (isFixed) expect(await readFile(join(folder, "compose.yaml"), "utf8")).toContain(index);
    });
});

describe("the action", () => {
  it("runs the check on its paths, with words that a shell does not read", async () => {
    const action = parse(await readFile(join(ROOT, "action.yml"), "utf8"));
    const step = action.runs.steps.at(-1);
    expect(
      action.runs.steps.every((one: { uses?: string }) =>
        /@[0-9a-f]{40}$/.test(one.uses ?? "x@".padEnd(42, "0")),
      ),
    ).toBe(true);
    expect(step.run).not.toContain("${".concat("{"));
    const place = join(base, "action");
    await mkdir(join(place, "dist/cli"), { recursive: true });
    await writeFile(join(place, "dist/cli/repull.mjs"), `import ${JSON.stringify(MAIN)};\n`);
    const { status, out, folder } = await run("bash", ["-e", "-o", "pipefail", "-c", step.run], {
      GITHUB_ACTION_PATH: place,
      REPULL_PATHS: "build $(touch evil) compose.yaml",
      REPULL_ARGUMENTS: "--offline",
      REPULL_SARIF: "out.sarif",
    });
    // A path that does not exist is a wrong call, and not a command.
    expect(status).toBe(2);
    await expect(readFile(join(folder, "evil"))).rejects.toThrow();
    const good = await run("bash", ["-e", "-o", "pipefail", "-c", step.run], {
      GITHUB_ACTION_PATH: place,
      REPULL_PATHS: "build compose.yaml",
      REPULL_ARGUMENTS: "--offline",
      REPULL_SARIF: "out.sarif",
    });
    expect(good.status).toBe(1);
    expect(good.out).toMatch(/^::warning file=build\/Dockerfile,line=1,/);
    expect(JSON.parse(await readFile(join(good.folder, "out.sarif"), "utf8")).runs[0].results).toHaveLength(
      2,
    );
    expect(out).toBe("");
  });

  it("has the inputs that the page gives it", async () => {
    const { inputs } = parse(await readFile(join(ROOT, "action.yml"), "utf8"));
    const page = PAGES.find(({ path }) => path === "docs/check.md")?.text ?? "";
    const example = parse(/```yaml\n(jobs:[\s\S]*?)```/.exec(page)?.[1] ?? "");
    expect(Object.keys(inputs)).toEqual(
      expect.arrayContaining(Object.keys(example.jobs.images.steps[1].with)),
    );
  });
});

describe("the hooks of pre-commit", () => {
  it("are asked about the files that a check reads, and run as pre-commit runs them", async () => {
    const hooks = parse(await readFile(join(ROOT, ".pre-commit-hooks.yaml"), "utf8"));
    for (const { id, entry, args: last, files, language } of hooks) {
      const pattern = new RegExp(files.replace("(?i)", ""), "i");
      const passed = ["build/Dockerfile", "compose.yaml", "a.tf", "task.json", "docker-bake.hcl"].filter(
        (file) => pattern.test(file),
      );
      expect({ language, passed }).toEqual({
        language: "node",
        passed: ["build/Dockerfile", "compose.yaml", "task.json", "docker-bake.hcl"],
      });
      const [program = "", ...args] = entry.split(" ");
      const given = [...args, ...last, "build/Dockerfile", "compose.yaml"];
      const { status, folder } = await run(join(bin, program), given);
      expect({ id, status }).toEqual({ id, status: id === "repull-fix" ? 0 : 1 });
      // A file whose name is an option is a file.
      const named = await run(join(bin, program), [...args, ...last, "--sarif=compose.yaml"]);
      expect({ id, status: named.status }).toEqual({ id, status: 2 });
      expect(await readFile(join(named.folder, "compose.yaml"), "utf8")).toContain("services");
      expect((await readFile(join(folder, "compose.yaml"), "utf8")).includes(index)).toBe(
        id === "repull-fix",
      );
    }
  });

  it("are those that the page names", async () => {
    const hooks: readonly { readonly id: string }[] = parse(
      await readFile(join(ROOT, ".pre-commit-hooks.yaml"), "utf8"),
    );
    const page = PAGES.find(({ path }) => path === "docs/check.md")?.text ?? "";
    for (const { id } of hooks) expect(page).toContain(`\`${id}\``);
  });
});

describe("the page's settings for Renovate", () => {
  it("are JSON, and match what --fix writes", () => {
    const page = PAGES.find(({ path }) => path === "docs/check.md")?.text ?? "";
    const settings = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? "");
    expect(settings.packageRules[0].matchPackageNames).toEqual(["public.ecr.aws/docker/library/**"]);
  });
});
