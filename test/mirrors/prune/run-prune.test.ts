/** Runs of the clean-up in which something happens between the first look and the last deletion. */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import type { DeletedCopy } from "../../../src/mirrors/prune/undo-command.ts";
import { APP, DAY, index, old, part, proof, RunAccount, WEB } from "./run-account.ts";

const SECOND = 1_000;
const [web, app] = [old("web"), old("app")];

describe("a run of the clean-up in parallel with an execution of Repull", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, happens: (account: RunAccount) => void])[] = [
    ["begins and ends while the uses are read",      (account) => { account.executions.push({ name: "heal", end: account.now + SECOND }); account.now += 2 * SECOND; }],
    ["begins while the uses are read, and runs on",  (account) => { account.executions.push({ name: "heal" }); }],
    ["runs at first, and ends while they are read",  (account) => { for (const one of account.executions) one.end = account.now + SECOND; account.now += 2 * SECOND; }],
  ];
  for (const [when, happens] of table)
    test(`deletes nothing where one ${when}: it may have taken a copy that no use that was read names`, async () => {
      const account = new RunAccount({ [WEB]: [web] });
      await account.mark();
      if (when.startsWith("runs")) account.executions.push({ name: "heal" });
      account.whileReading = () => happens(account);
      const { deleted } = await account.run();
      deepEqual([deleted, account.digestsIn(WEB)], [[], [web.digest]]);
    });

  test("deletes nothing where one begins and ends between the look and the deletion", async () => {
    const account = new RunAccount({ [WEB]: [web] });
    await account.mark();
    const ports = account.ports();
    const stopped = ports.stopped;
    let asked = 0;
    account.ports = () => ({
      ...ports,
      stopped: () => {
        asked += 1;
        if (asked === 2) {
          account.executions.push({ name: "heal", end: account.now + SECOND });
          account.now += 2 * SECOND;
        }
        return stopped();
      },
    });
    equal((await account.run()).deleted.length, 0);
    deepEqual(account.digestsIn(WEB), [web.digest]);
  });

  test("deletes what is unused where one ended an hour ago", async () => {
    const account = new RunAccount({ [WEB]: [web] });
    await account.mark();
    account.executions.push({ name: "heal", end: account.now - 3_600 * SECOND });
    equal((await account.run()).deleted.length, 1);
  });
});

describe("what a run leaves and reports", () => {
  test("keeps each copy where ECR does not record the pulls of another principal", async () => {
    const account = new RunAccount({ [WEB]: [web] });
    await account.mark();
    account.unrecorded = "ECR does not record the pulls of nodes";
    deepEqual((await account.run()).kept, { unread: 1 });
  });

  for (const unread of ["repositories", "images"] as const)
    test(`names the reason where the ${unread} could not be read and no copy is known`, async () => {
      const account = new RunAccount({ [WEB]: [web] });
      const ports = account.ports();
      const read = async () => ({ unread: "ecr", because: "not allowed" });
      account.ports = () => ({ ...ports, store: { ...ports.store, [unread]: read } });
      const { because, kept, deleted } = await account.run();
      deepEqual([because, kept, deleted], ["not allowed", {}, []]);
    });

  test("a dry run remembers task definitions, marks nothing, and reports what would be marked with its undo", async () => {
    const account = new RunAccount({ [WEB]: [web] });
    const { marked } = await account.run(true);
    deepEqual([marked.length, marked[0]?.undo?.[1]], [1, "mirror"]);
    equal(account.taskDefinitions.size, 1);
    account.now += 2 * DAY;
    deepEqual((await account.run()).kept, { "marked-now": 1 });
  });
});

describe("a run of the clean-up that meets a failure", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, fails: (call: string, repository?: string) => boolean, deleted: number])[] = [
    ["ECR throttles the second repository",     (call, name) => call === "deleteImages" && name === APP,  1],
    ["the table refuses the second repository", (call, name) => call === "writeRest" && name === APP,     1],
    ["the lock cannot be released",             (call) => call === "release",                             2],
  ];
  for (const [what, fails, count] of table)
    test(`reports what it deleted when ${what}`, async () => {
      const account = new RunAccount({ [WEB]: [web], [APP]: [app] });
      await account.mark();
      account.fails = (call, name) => {
        if (fails(call, name)) throw new Error("throttled");
      };
      const { deleted, failed } = await account.run();
      deepEqual([deleted.length, failed.length], [count, 2 - count]);
      deepEqual(account.digestsIn(WEB), []);
    });

  test("reports a deletion whose record could not be written afterwards", async () => {
    const account = new RunAccount({ [WEB]: [web] });
    await account.mark();
    let writes = 0;
    account.fails = (call) => {
      if (call === "writeRest") writes += 1;
      if (call === "writeRest" && writes === 2) throw new Error("throttled");
    };
    deepEqual((await account.run()).deleted[0]?.digests, [web.digest]);
  });

  test("reports what it is about to delete, and how to undo it, before the first deletion", async () => {
    const account = new RunAccount({ [WEB]: [web], [APP]: [app] });
    await account.mark();
    let planned: readonly DeletedCopy[] = [];
    let before: number | undefined;
    account.fails = (call) => {
      if (call === "deleteImages") before ??= planned.length;
    };
    await account.run(false, {
      planned: (those) => {
        planned = those;
      },
    });
    equal(before, 2);
    equal(
      planned.every(({ undo = [] }) => undo.length > 0),
      true,
    );
  });

  test("begins no repository for which no time is left", async () => {
    const account = new RunAccount({ [WEB]: [web], [APP]: [app] });
    await account.mark();
    let begun = 0;
    const { deleted, failed } = await account.run(false, {
      hasTime: () => {
        begun += 1;
        return begun === 1;
      },
    });
    deepEqual([deleted.length, failed.length, account.digestsIn(APP)], [1, 1, [app.digest]]);
  });
});

describe("a root that ECR refuses to delete", () => {
  test("keeps its platforms and its signatures, and takes none from the report of another copy", async () => {
    const [amd64, signature] = [part("amd64"), part("signature", { subject: index("root").digest })];
    const account = new RunAccount({ [WEB]: [index("root"), amd64, signature, web] });
    account.lists.set(index("root").digest, [amd64.digest]);
    await account.mark();
    account.refused.add(index("root").digest);
    const { deleted, failed } = await account.run();
    deepEqual(
      new Set(account.digestsIn(WEB)),
      new Set([index("root").digest, amd64.digest, signature.digest]),
    );
    deepEqual(
      deleted.map(({ digest, digests }) => [digest, digests]),
      [[web.digest, [web.digest]]],
    );
    equal(failed.length > 0, true);
  });
});

describe("an index that comes between the look and the deletion", () => {
  test("keeps every image of its repository, any of which it may list, and none of another", async () => {
    const account = new RunAccount({ [WEB]: [web], [APP]: [app] });
    await account.mark();
    const late = index("late");
    account.beforeDeletion = () => {
      const there = account.images.get(WEB) ?? [];
      if (!there.some(({ digest }) => digest === late.digest)) there.push(late);
    };
    const { deleted } = await account.run();
    deepEqual(
      deleted.map(({ digest }) => digest),
      [app.digest],
    );
    deepEqual(account.digestsIn(WEB), [web.digest, late.digest]);
  });
});

describe("a platform that two indexes list", () => {
  test("stays with the index that is pulled between the look and the deletion of the other", async () => {
    const shared = part("shared");
    const account = new RunAccount({ [WEB]: [index("one"), index("two"), shared] });
    for (const name of ["one", "two"]) account.lists.set(index(name).digest, [shared.digest]);
    await account.mark();
    account.beforeDeletion = () =>
      account.images.set(
        WEB,
        (account.images.get(WEB) ?? []).map((one) =>
          one.digest === index("two").digest ? { ...one, pulledAt: account.now } : one,
        ),
      );
    const { deleted } = await account.run();
    deepEqual(
      deleted.map(({ digests }) => digests),
      [[index("one").digest]],
    );
    deepEqual(account.digestsIn(WEB), [index("two").digest, shared.digest]);
  });
});

describe("the proof of a repository", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, happens: (account: RunAccount) => void, isProofLeft: boolean])[] = [
    ["goes with the last copy",                          () => {},                                                                                                            false],
    ["stays where the copy is pulled before it goes",    (account) => { account.images.set(WEB, (account.images.get(WEB) ?? []).map((one) => one.digest === web.digest ? { ...one, pulledAt: account.now } : one)); }, true],
    ["stays where ECR refuses to delete the copy",       (account) => { account.refused.add(web.digest); },                                                                   true],
    ["stays where a copy comes before it goes",          (account) => { const there = account.images.get(WEB) ?? []; if (!there.some(({ digest }) => digest === app.digest)) there.push(app); }, true],
  ];
  for (const [when, happens, isProofLeft] of table)
    test(when, async () => {
      const account = new RunAccount({ [WEB]: [web, proof("proof")] });
      await account.mark();
      account.beforeDeletion = () => happens(account);
      await account.run();
      equal(account.digestsIn(WEB).includes(proof("proof").digest), isProofLeft);
    });
});
