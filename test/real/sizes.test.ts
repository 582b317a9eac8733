/** What the build made is small enough to start fast, and is packed the same on every machine. Needs `npm run build`. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { zip } from "../../infra/zip.ts";

const dist = (path: string): string => fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));

const piecesOf = (name: string): readonly string[] =>
  readdirSync(dist(name)).filter((file) => file.endsWith(".mjs"));

/** The sources of these pieces, by their maps. */
const sourcesOf = (name: string, pieces = piecesOf(name)): readonly string[] =>
  pieces.flatMap((file) => JSON.parse(readFileSync(dist(`${name}/${file}.map`), "utf8")).sources as string[]);

const clientsIn = (sources: readonly string[]): readonly string[] =>
  [
    ...new Set(sources.flatMap((source) => /@aws-sdk\/(client-[a-z0-9-]+)\//.exec(source)?.[1] ?? [])),
  ].toSorted();

/** The pieces that this one imports by itself, directly or not. */
function loadedBy(name: string, first: string): readonly string[] {
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    const text = readFileSync(dist(`${name}/${file}`), "utf8");
    for (const [, other = ""] of text.matchAll(/(?:import|export)(?:[^"'();]*?from)?\s*"\.\/([^"]+\.mjs)"/g))
      load(other);
  };
  load(first);
  return [...loaded];
}

const kilobytesOf = (name: string, pieces: readonly string[]): number =>
  pieces.reduce((sum, file) => sum + statSync(dist(`${name}/${file}`)).size, 0) / 1000;

describe("a bundle keeps its budget; raise it knowingly, and say in docs/bundles.md what it buys", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    // bundle      kilobytes minified, of them at the start, clients that are loaded then
    ["detect",      520,     360,      ["client-lambda"]],
    ["remediate",  1130,     755,      ["client-ecs"]],
    ["mirror",      900,     515,      ["client-ecs"]],
    ["diagnose",    760,     740,      undefined],
    ["deployment-hook", 630, 520,      undefined],
    ["hook",        630,     480,      undefined],
    ["prefill",     630,     520,      undefined],
    ["mirrors",     515,     445,      undefined],
    ["refresh",     695,     590,      undefined],
  ] as const;
  for (const [name, kilobytes, atStart, clients] of table) {
    test(`${name}: ${kilobytes} kB`, () => {
      expect(kilobytesOf(name, piecesOf(name))).toBeLessThanOrEqual(kilobytes);
    });
    test(`${name} loads ${atStart} kB at its start, and the client of each AWS service when it is used`, () => {
      const pieces = loadedBy(name, "index.mjs");
      expect(kilobytesOf(name, pieces)).toBeLessThanOrEqual(atStart);
      if (clients !== undefined) expect(clientsIn(sourcesOf(name, pieces))).toEqual(clients);
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
      const sources = sourcesOf(name);
      expect(sources.filter((source) => /\/src\/(?:sandbox|cli)\//.test(source))).toEqual([]);
      expect(sources.length).toBeGreaterThan(20);
    }
  });
  test("detect carries a client for what it starts, for what it puts aside, for what a sweep reads and for the policy, and none of a registry", () => {
    const sources = sourcesOf("detect");
    expect(clientsIn(sources)).toEqual(["client-ecs", "client-lambda", "client-sqs", "client-ssm"]);
    expect(sources.filter((source) => /\/src\/oci\//.test(source))).toEqual([]);
  });
});

test("the command line begins without the client of Kubernetes, which only a cluster's commands load", () => {
  const has = (file: string) =>
    readFileSync(dist(`cli/${file}.map`), "utf8").includes("/@kubernetes/client-node/");
  expect(loadedBy("cli", "repull.mjs").filter(has)).toEqual([]);
  const all = readdirSync(dist("cli")).filter((file) => file.endsWith(".mjs"));
  expect(all.filter(has)).toHaveLength(1);
});

describe("credentials", () => {
  for (const name of ["detect", "remediate", "mirror"]) {
    test(`${name} takes those that Lambda gives it, and has no way to others`, () => {
      const ways = sourcesOf(name).flatMap(
        (source) => /@aws-sdk\/(credential-provider-[a-z-]+|nested-clients)\//.exec(source)?.[1] ?? [],
      );
      expect([...new Set(ways)]).toEqual(["credential-provider-env"]);
    });
  }
});

describe("the zips", () => {
  for (const name of ["detect", "remediate", "mirror"]) {
    test(`${name}.zip opens anywhere, and holds the bundle, byte for byte`, () => {
      const program =
        "import hashlib, sys, zipfile\n" +
        "z = zipfile.ZipFile(sys.argv[1])\n" +
        "assert z.testzip() is None\n" +
        "print(*[n + ' ' + hashlib.sha256(z.read(n)).hexdigest() for n in z.namelist()], z.infolist()[0].date_time[0], sep='\\n')";
      const said = execFileSync("python3", ["-c", program, dist(`${name}.zip`)], { encoding: "utf8" }).trim();
      const files = readdirSync(dist(name)).map((file) => {
        const hash = createHash("sha256").update(readFileSync(dist(`${name}/${file}`)));
        return `${file} ${hash.digest("hex")}`;
      });
      const lines = said.split("\n");
      expect(lines.at(-1)).toBe("1980");
      expect(lines.slice(0, -1).toSorted()).toEqual(files.toSorted());
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
