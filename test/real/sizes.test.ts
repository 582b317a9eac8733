/** What the build made is small enough to start fast, and is packed the same on every machine. Needs `npm run build`. */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { zip } from "../../infra/zip.ts";

const dist = (path: string): string => fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));

describe("a bundle keeps its budget; raise it knowingly, and say in docs/bundles.md what it buys", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    // bundle      kilobytes, minified
    ["detect",      580],
    ["remediate",  1280],
    ["mirror",     1100],
    ["diagnose",    850],
    ["hook",        720],
    ["prefill",     720],
  ] as const;
  for (const [name, kilobytes] of table) {
    test(`${name}: ${kilobytes} kB`, () => {
      expect(statSync(dist(`${name}/index.mjs`)).size / 1000).toBeLessThanOrEqual(kilobytes);
    });
  }
  test("docs/bundles.md names the same budgets", () => {
    const page = readFileSync(new URL("../../docs/bundles.md", import.meta.url), "utf8");
    for (const [name, kilobytes] of table)
      expect(page).toMatch(
        new RegExp(`\\| \`${name}\` \\|.*\\| ${kilobytes.toLocaleString("en-US")} kB \\|`),
      );
  });
  test("no function carries the sandbox or the command line", () => {
    for (const [name] of table) {
      const map = JSON.parse(readFileSync(dist(`${name}/index.mjs.map`), "utf8")) as { sources: string[] };
      expect(map.sources.filter((source) => /\/src\/(?:sandbox|cli)\//.test(source))).toEqual([]);
      expect(map.sources.length).toBeGreaterThan(20);
    }
  });
  test("detect carries a client for what it starts, for what it puts aside, for what a sweep reads and for the policy, and none of a registry", () => {
    const { sources } = JSON.parse(readFileSync(dist("detect/index.mjs.map"), "utf8")) as {
      sources: string[];
    };
    const clients = new Set(
      sources.flatMap((source) => /@aws-sdk\/(client-[a-z-]+)\//.exec(source)?.[1] ?? []),
    );
    expect([...clients].toSorted()).toEqual(["client-ecs", "client-lambda", "client-sqs", "client-ssm"]);
    expect(sources.filter((source) => /\/src\/oci\//.test(source))).toEqual([]);
  });
});

test("the command line begins without the client of Kubernetes, which only a cluster's commands load", () => {
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    const text = readFileSync(dist(`cli/${file}`), "utf8");
    for (const [, other = ""] of text.matchAll(/(?:import|export)(?:[^"'();]*?from)?\s*"\.\/([^"]+\.mjs)"/g))
      load(other);
  };
  load("repull.mjs");
  const has = (file: string) =>
    readFileSync(dist(`cli/${file}.map`), "utf8").includes("/@kubernetes/client-node/");
  expect([...loaded].filter(has)).toEqual([]);
  const all = readdirSync(dist("cli")).filter((file) => file.endsWith(".mjs"));
  expect(all.filter(has)).toHaveLength(1);
});

describe("credentials", () => {
  for (const name of ["detect", "remediate", "mirror"]) {
    test(`${name} takes those that Lambda gives it, and has no way to others`, () => {
      const { sources } = JSON.parse(readFileSync(dist(`${name}/index.mjs.map`), "utf8")) as {
        sources: string[];
      };
      const ways = sources.flatMap(
        (source) => /@aws-sdk\/(credential-provider-[a-z-]+|nested-clients)\//.exec(source)?.[1] ?? [],
      );
      expect([...new Set(ways)]).toEqual(["credential-provider-env"]);
    });
  }
});

describe("the zips", () => {
  for (const name of ["detect", "remediate", "mirror"]) {
    test(`${name}.zip opens anywhere, and holds the bundle byte for byte`, () => {
      const program =
        "import hashlib, sys, zipfile\n" +
        "z = zipfile.ZipFile(sys.argv[1])\n" +
        "assert z.testzip() is None\n" +
        "print(','.join(z.namelist()), hashlib.sha256(z.read('index.mjs')).hexdigest(), z.infolist()[0].date_time[0])";
      const said = execFileSync("python3", ["-c", program, dist(`${name}.zip`)], { encoding: "utf8" }).trim();
      const hash = execFileSync("sha256sum", [dist(`${name}/index.mjs`)], { encoding: "utf8" }).slice(0, 64);
      expect(said).toBe(`index.mjs,index.mjs.map ${hash} 1980`);
    });
  }
  test("come out the same in whatever order the files come", () => {
    const files = [
      { name: "b", bytes: Buffer.from("2") },
      { name: "a", bytes: Buffer.from("1") },
    ];
    expect(zip(files)).toEqual(zip(files.toReversed()));
  });
});
