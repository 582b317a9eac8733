/**
 * Counts what may happen only so often: claims under the policy's quotas, and tasks that are started again.
 *
 * It counts itself what was granted and done, below the injected faults, and never asks the table that it judges.
 */

import type { Ports } from "../../../src/remediation/ports/ports.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import type { Policy } from "../../../src/substitution/policy/policy.ts";
import type { Invariant } from "./violation.ts";

type Claims = Ports["quotaStore"];

export function createLedger(
  { quotas }: Policy,
  violate: (invariant: Invariant, what: string) => void,
  note: (line: string) => void,
) {
  /** Window → claimant → how much. */
  const windows = new Map<string, Map<string, number>>();
  const copied = new Set<string>();
  /** Quota period → the executions that notified the operator of it. */
  const told = new Map<string, Set<string>>();
  /** Execution, whatever its attempt → the tasks that it has started. */
  const started = new Map<string, Set<string>>();

  const limitOf = (cap: string): number =>
    cap === "bytesPerDay"
      ? Number.parseInt(quotas.bytesPerDay, 10) * 1e9
      : Number(quotas[cap as keyof typeof quotas]);
  // A cluster's share has a window of its own, named after the quota's; it is not a place in the hour.
  const claimantsOf = (cap: string): readonly string[] =>
    [...windows].flatMap(([name, claims]) =>
      /^\S+ \S+$/.test(name) && name.startsWith(`${cap} `) ? [...claims.keys()] : [],
    );

  const take = ({ period: { name }, requester, amount }: Parameters<Claims["acquire"]>[0]): void => {
    const claims = windows.get(name) ?? new Map<string, number>();
    windows.set(name, claims);
    if (!claims.has(requester)) note(`${requester} takes ${amount} of ${name}`);
    claims.set(requester, amount);
    const sum = [...claims.values()].reduce((all, one) => all + one, 0);
    const limit = limitOf(name.split(" ")[0] ?? "");
    if (sum > limit) violate("capped", `${sum} of ${limit} in ${name}`);
  };

  return {
    /** The same table; what it grants is written down. */
    watchClaims: (claims: Claims): Claims => ({
      ...claims,
      async acquire(request) {
        const answer = await claims.acquire(request);
        if (answer.kind === "granted") take(request);
        return answer;
      },
    }),
    registers(execution: string): void {
      const cap = "remediationsPerHour";
      if (!claimantsOf(cap).includes(execution)) violate("capped", `${execution} writes and has no ${cap}`);
    },
    copies(image: string): void {
      copied.add(image);
      const claimed = new Set(claimantsOf("bytesPerDay"));
      if (copied.size > claimed.size)
        violate("capped", `${copied.size} images are copied, ${claimed.size} claimed`);
    },
    publishes(execution: string, { outcome, because, resumesAt }: JsonObject): void {
      if (outcome !== "quota-exceeded" || resumesAt === undefined) return;
      const cap = /quotas\.(\w+)/.exec(String(because))?.[1] ?? "";
      const cluster = /^the share of the cluster (\S+),/.exec(String(because))?.[1] ?? "all";
      const window = `${cap} of ${cluster} until ${resumesAt}`;
      const who = told.get(window) ?? new Set();
      told.set(window, who.add(execution));
      if (who.size > 1) violate("capped", `${[...who].join(" and ")} both tell of ${window}`);
    },
    runs(execution: string, task: string): void {
      const matter = execution.replace(/-[0-9]+$/, "");
      const tasks = started.get(matter) ?? new Set();
      started.set(matter, tasks.add(task));
      note(`${execution} runs ${task}`);
      if (tasks.size > 1) violate("once", `${matter} has started ${[...tasks].join(" and ")}`);
    },
    /** Quota periods of which the operator was notified. */
    notifiedWindows: () => told.size,
  };
}

export type Ledger = ReturnType<typeof createLedger>;
