/** What the table of the quotas and the sandbox's have in common: both must pass it. */

import { describe, expect, test } from "vitest";
import type { QuotaPeriod, QuotaStore } from "../../src/remediation/ports/quota-store.ts";
import { fresh } from "./ports-contract.ts";

const TOMORROW = Date.parse("2026-01-21T00:00:00Z");

/** Windows of no other clause, because one table may serve all. */
const windowOf = (): QuotaPeriod => ({ name: fresh("bytesPerDay 2026-01-20"), endsAt: TOMORROW });

export function describeCapsContract(
  name: string,
  makeCaps: () => Promise<QuotaStore>,
  /** moto compares and writes in two threads at once: what DynamoDB promises of one item, it does not keep. */
  { isAtomic = true }: { readonly isAtomic?: boolean } = {},
): void {
  describe(`${name} keeps the contract of the quotas`, () => {
    test("grants what is left to the first requester, and says how much is used", async () => {
      const quotas = await makeCaps();
      const window = windowOf();
      const claimants = Array.from({ length: 12 }, (_, index) => `r-${index}`);
      const ask = (claimant: string) =>
        quotas.acquire({ period: window, requester: claimant, amount: 1, max: 5 });
      const asked = isAtomic ? await Promise.all(claimants.map(ask)) : [];
      if (!isAtomic) for (const claimant of claimants) asked.push(await ask(claimant));
      expect(asked.filter(({ kind }) => kind === "granted")).toHaveLength(5);
      for (const answer of asked) if (answer.kind === "reached") expect(answer.used).toBe(5);
      expect(await quotas.used(window)).toBe(5);
    });

    test("grants the same again to the same requester, and counts it once", async () => {
      const quotas = await makeCaps();
      const window = windowOf();
      const claim = { period: window, requester: "r-1", amount: 3, max: 3 };
      const granted = { kind: "granted" };
      if (isAtomic)
        expect(await Promise.all([quotas.acquire(claim), quotas.acquire(claim)])).toEqual([granted, granted]);
      expect(await quotas.acquire(claim)).toEqual(granted);
      expect(await quotas.acquire(claim)).toEqual(granted);
      expect(await quotas.used(window)).toBe(3);
      expect(await quotas.acquire({ ...claim, requester: "r-2" })).toEqual({ kind: "reached", used: 3 });
      expect(await quotas.acquire(claim)).toEqual({ kind: "granted" });
    });

    // biome-ignore format: a table is read by its columns
    const table = [
      ["what just fits",                      30, 70, 100, "granted", 100],
      ["not a byte more",                     30, 71, 100, "reached", 30],
      ["nothing that is more than the whole", 0,  101, 100, "reached", 0],
      ["nothing after the quota was lowered",   80, 1,  50,  "reached", 80],
      ["more after it was raised",            100, 50, 200, "granted", 150],
    ] as const;
    for (const [because, before, amount, max, kind, used] of table) {
      test(`grants ${because}`, async () => {
        const quotas = await makeCaps();
        const window = windowOf();
        if (before > 0)
          await quotas.acquire({ period: window, requester: "before", amount: before, max: before });
        const answer = await quotas.acquire({ period: window, requester: "after", amount, max });
        expect(answer).toEqual(kind === "granted" ? { kind } : { kind, used: before });
        expect(await quotas.used(window)).toBe(used);
      });
    }

    test("has one claimant report it, each time it asks", async () => {
      const quotas = await makeCaps();
      const window = windowOf();
      expect(await quotas.claimNotification(window, "r-1")).toBe(true);
      expect(await quotas.claimNotification(window, "r-2")).toBe(false);
      expect(await quotas.claimNotification(window, "r-1")).toBe(true);
      expect(await quotas.claimNotification(windowOf(), "r-2")).toBe(true);
      // A notification takes nothing.
      expect(await quotas.acquire({ period: window, requester: "r-1", amount: 1, max: 1 })).toEqual({
        kind: "granted",
      });
    });

    test("knows nothing of other windows", async () => {
      const quotas = await makeCaps();
      const [window, other] = [windowOf(), windowOf()];
      await quotas.acquire({ period: window, requester: "r-1", amount: 1, max: 1 });
      expect(await quotas.used(other)).toBe(0);
      expect(await quotas.acquire({ period: other, requester: "r-2", amount: 1, max: 1 })).toEqual({
        kind: "granted",
      });
    });
  });
}
