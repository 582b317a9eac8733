/** The commands of docs/mirrors.md in a served sandbox: what is there, what a clean-up would delete, and what it deletes a day later. */

import { afterEach, describe, expect, test } from "vitest";
import { listCopies } from "../../../src/cli/mirrors/list.ts";
import { mirrorsSchema } from "../../../src/cli/mirrors/mirrors-line.ts";
import { prune } from "../../../src/cli/mirrors/prune.ts";
import { pruneSchema } from "../../../src/cli/mirrors/prune-line.ts";
import { createProgram } from "../../../src/cli/program/create-program.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";
import { pageCommands } from "../../support/page-commands.ts";
import { type ServedAccount, serveAccount } from "../../support/served-account.ts";

const DAY_SECONDS = 86_400;
const HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
const old = { copied: { daysAgo: 300, pulledDaysAgo: 200 } };
const copy = (name: string, more: object = {}) => ({
  [`repull/docker.io/library/${name}`]: { sameAs: `docker.io/library/${name}`, ...old, ...more },
});

function world(more: object = {}) {
  const names = ["unused:1", "redis:7", "job:1", "build:1", "lambda:1", "lately:1", "shared:1", "web:1"];
  const images = Object.fromEntries(names.map((name) => [`library/${name}`, {}]));
  const named = (name: string) => `${HOST}/repull/docker.io/library/${name}:\${TAG}`;
  return {
    services: [{ name: "web", cluster: "prod", image: `${HOST}/own/web:1`, desiredCount: 1 }],
    registries: {
      "docker.io": { images, quota: { limit: 1_000 } },
      ecr: {
        images: {
          ...copy("unused:1"),
          ...copy("redis:7", { onlyPlatform: "linux/amd64" }),
          ...copy("job:1"),
          ...copy("build:1"),
          ...copy("lambda:1"),
          ...copy("lately:1", { copied: { daysAgo: 300, pulledDaysAgo: 2 } }),
          ...copy("shared:1"),
          "own/web:1": { sameAs: "docker.io/library/web:1" },
          "repull/docker.io/library/web:1": { sameAs: "docker.io/library/web:1" },
        },
      },
    },
    jobDefinitions: { nightly: named("job") },
    buildProjects: { ci: named("build") },
    functions: { resize: named("lambda") },
    repositoryPolicies: {
      "repull/docker.io/library/shared": {
        Statement: [{ Effect: "Allow", Principal: "*", Action: "ecr:*" }],
      },
    },
    ...more,
  };
}

let served: ServedAccount | undefined;
afterEach(async () => await served?.close());

async function serve(file: object = world()) {
  process.env.AWS_ACCESS_KEY_ID ??= "sandbox";
  process.env.AWS_SECRET_ACCESS_KEY ??= "sandbox";
  served = await serveAccount(file, "remediate");
  const { world: account, env } = served;
  await account.run(60);
  return {
    account,
    copies: () =>
      account.registries.ecr
        .repositories()
        .filter((name) => name.startsWith("repull/") && account.registries.ecr.digests(name).length > 0)
        .map((name) => name.slice("repull/docker.io/library/".length)),
    async prune(yes: boolean) {
      const io = commandIo({}, env);
      const status = await prune({ yes, rights: false, json: true }, io);
      return { status, ...pruneSchema.parse(objectsIn(io.printed.out)[0]) };
    },
    async list() {
      const io = commandIo({}, env);
      const status = await listCopies({ rights: false, json: true }, io);
      return { status, ...mirrorsSchema.parse(objectsIn(io.printed.out)[0]) };
    },
  };
}

const named = (copies: readonly { readonly repository: string }[]) =>
  copies.map(({ repository }) => repository.split("/").at(-1)).toSorted();

describe("repull mirrors in a served sandbox", () => {
  test("lists the copies that Repull made, with who uses them and whether their sources moved", async () => {
    const { list } = await serve();
    const { status, copies, unread } = await list();
    expect([status, unread]).toEqual([0, []]);
    expect(named(copies)).toEqual(["build", "job", "lambda", "lately", "redis", "shared", "unused"]);
    const used = copies.filter(({ usedBy }) => usedBy.length > 0);
    expect(named(used)).toEqual(["build", "job", "lambda"]);
    expect(copies.find(({ repository }) => repository.endsWith("unused"))?.sourceState).toBe("same");
  }, 60_000);

  test("deletes what nothing uses a day after it was marked, an index with its platforms, and nothing else", async () => {
    const { account, copies, prune: run } = await serve();
    const before = copies();
    expect((await run(false)).kind).toBe("dry-run");
    const first = await run(true);
    expect([first.status, named(first.marked), first.deleted]).toEqual([0, ["redis", "unused"], []]);
    expect((await run(true)).kept["marked-lately"]).toBe(2);
    await account.run(1.1 * DAY_SECONDS);
    const second = await run(true);
    expect([named(second.deleted), second.failed]).toEqual([["redis", "unused"], []]);
    expect(second.deleted.find(({ repository }) => repository.endsWith("unused"))?.digests).toHaveLength(3);
    expect(before.filter((name) => !copies().includes(name))).toEqual(["redis", "unused"]);
    expect(second.kept).toEqual({ used: 3, "repository-shared": 1 });
  }, 60_000);

  test("keeps everything in an account with a cluster of EKS that does not report", async () => {
    const { account, copies, prune: run } = await serve(world({ eksClusters: ["kube"] }));
    const before = copies();
    await run(true);
    await account.run(1.1 * DAY_SECONDS);
    expect(Object.keys((await run(true)).kept)).toEqual(["cluster-not-reported"]);
    expect(copies()).toEqual(before);
  }, 60_000);

  test("keeps a copy that was pulled between two looks", async () => {
    const { account, copies, prune: run } = await serve();
    await run(true);
    const [tag = ""] = Object.keys(account.registries.ecr.tags("repull/docker.io/library/unused"));
    const digest = account.registries.ecr.tags("repull/docker.io/library/unused")[tag];
    if (digest !== undefined)
      account.registries.ecr.setTimes("repull/docker.io/library/unused", digest, {
        pushedAt: account.clock.now() - 300 * DAY_SECONDS * 1000,
        pulledAt: account.clock.now(),
      });
    await account.run(1.1 * DAY_SECONDS);
    expect(named((await run(true)).deleted)).toEqual(["redis"]);
    expect(copies()).toContain("unused");
  }, 60_000);

  test("takes every command of the page about a list and a clean-up", async () => {
    const own = pageCommands().filter(
      ({ path, command }) => path === "docs/mirrors.md" && /^repull mirrors(?! refresh| cache)/.test(command),
    );
    expect(own.length).toBeGreaterThan(3);
    await serve();
    for (const { command } of own) {
      const io = commandIo({}, served?.env ?? {});
      let status: number | undefined;
      const program = createProgram({
        ...{ version: "0", io, begin: () => {} },
        finish: async (run) => {
          status = await run();
        },
      });
      await program.parseAsync(command.split(" ").slice(1), { from: "user" });
      expect([command, status, io.printed.out === ""]).toEqual([command, 0, false]);
    }
  }, 90_000);
});
