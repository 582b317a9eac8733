/** The commands of docs/mirrors.md in a served sandbox: what is there, what a clean-up would delete, and what it deletes a day later. */

import { afterEach, describe, expect, test } from "vitest";
import { HOST, mirrorsWorld, type ServedMirrors, serveMirrors } from "../../support/served-mirrors.ts";

const DAY_SECONDS = 86_400;

let served: ServedMirrors | undefined;
afterEach(async () => await served?.close());

async function serve(file?: object): Promise<ServedMirrors> {
  served = await serveMirrors(file);
  return served;
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
    const { account, copies, prune: run } = await serve(mirrorsWorld({ eksClusters: ["kube"] }));
    const before = copies();
    await run(true);
    await account.run(1.1 * DAY_SECONDS);
    expect(Object.keys((await run(true)).kept)).toEqual(["cluster-not-reported"]);
    expect(copies()).toEqual(before);
  }, 60_000);

  test("deletes with a cluster of EKS that reports from behind the certificate that EKS describes", async () => {
    const { account, copies, prune: run, report } = await serve(mirrorsWorld({ eksClusters: ["kube"] }));
    await report("kube", [`${HOST}/repull/docker.io/library/redis:7`]);
    const first = await run(true);
    expect(Object.keys(first.kept)).not.toContain("cluster-not-reported");
    await account.run(1.1 * DAY_SECONDS);
    await report("kube", []);
    const before = copies();
    expect(named((await run(true)).deleted)).toContain("unused");
    expect(copies()).not.toEqual(before);
  }, 60_000);

  test("keeps everything where a report is from behind another certificate", async () => {
    const {
      copies,
      account,
      prune: run,
      report,
    } = await serve(mirrorsWorld({ eksClusters: ["kube", "other"] }));
    await report("kube", []);
    await report("other", [], "kube");
    const before = copies();
    await run(true);
    await account.run(1.1 * DAY_SECONDS);
    await report("kube", []);
    await report("other", [], "kube");
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
    const { pageCommands } = await serve();
    const ran = await pageCommands(/^repull mirrors(?! refresh| cache)/);
    expect(ran.length).toBeGreaterThan(3);
    expect(ran).toEqual(ran.map(([command]) => [command, 0, true]));
  }, 90_000);
});
