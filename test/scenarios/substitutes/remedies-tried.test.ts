/**
 * Every remedy is tried: each refusal is met in a world, each remedy that is printed there is followed exactly, in the same
 * world, and it heals. A code of a refusal, or of a remedy, without a row does not compile.
 */

import { describe, expect, it } from "vitest";
import { type Outcome, REASONS } from "../../../src/remediation/report/outcome.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { REMEDIES, type Remedy, type RemedyCode } from "../../../src/substitution/remedies/remedy.ts";
import { follow } from "../../support/remedies/follow-remedy.ts";
import {
  CHECKS,
  CLOSED,
  DECLINED,
  FAILED,
  GIVEN_UP,
  IN_VAIN,
  OBSERVED,
  QUOTA_REACHED,
  UNTRUSTED,
} from "../../support/remedies/refusal-rows.ts";
import {
  account,
  CACHED,
  COPY,
  dead,
  ECR,
  GONE,
  LIMIT,
  limitAt,
  NO_ROUTE,
  PRIVATE,
  type Row,
  TWIN,
  UNALLOWED,
  withCredentials,
} from "../../support/remedies/refused-worlds.ts";
import { type Case, told } from "../../support/remedies/tried-case.ts";
import {
  dry,
  PREFECT,
  prefect,
  refused,
  rule,
  same,
  signedUp,
  silentHub,
  world,
} from "../../support/substitute-worlds.ts";

const BY_REMEDY: Readonly<Record<RemedyCode, Row>> = {
  wait: { in: dead() },
  "copy-into-ecr": { in: dead() },
  "create-pull-through-rule": { in: dead() },
  "name-docker-hub-account": { in: dead() },
  "allow-strategies": { in: { open: TWIN, hub: dry }, policy: { strategies: ["ecr-copy"] } },
  "accept-weaker-proof": { in: { service: prefect }, policy: { minimumProof: "same-index" } },
  "pin-by-digest": UNTRUSTED["origin-unreadable"]["Docker Hub refuses a HEAD too"] as Row,
  "allow-permission": UNTRUSTED["trust-unreadable"]["ECS may not be asked"] as Row,
  "allow-role": CHECKS.role,
  "name-execution-role": { in: dead({ service: { ...prefect, executionRole: false }, ecr: COPY }) },
  "mend-secret": CHECKS.secret,
  "accept-unchecked-secret": { in: dead({ more: refused("iam:SimulatePrincipalPolicy") }), ...account() },
  "pay-for-account": {
    in: dead({
      hub: { ...dry, repullSignsInAs: "shop", accounts: { shop: { password: "right", remaining: 0 } } },
    }),
    ...account(),
    options: silentHub,
  },
  "mend-rule": CHECKS.rule,
  "let-cache-be-filled": { in: dead({ more: { ...rule(), ...refused("ecr:BatchGetImage") } }) },
  "restore-archived-copy": {
    in: dead({ ecr: same("repull/docker.io/prefecthq/prefect:3", PREFECT, { archived: true }) }),
  },
  "allow-registry": UNALLOWED,
  "allow-private-copy": {
    in: { service: withCredentials, hub: PRIVATE },
    // One pull is refused, and that is all: the account has pulls left.
    before: ({ registries: { dockerHub } }) => dockerHub.fail({ on: "any", as: LIMIT }),
  },
  "open-registry": { in: { service: prefect, more: refused("ecr:CreateRepository") } },
  "open-network": NO_ROUTE,
  "reach-registry": { in: { open: { ...TWIN, trouble: "unreachable" }, hub: dry } },
  "name-rules-account": {
    in: { service: { image: `${ECR}/${CACHED}:3` }, hub: dry, more: rule({ account: "spent" }) },
    retold: limitAt(ECR, ECR, CACHED, "3"),
    heals: async ({ ports, registries: { dockerHub } }) => {
      const digest = dockerHub.manifest("prefecthq/prefect", "3")?.digest;
      const answer = digest && (await ports.ecr.importImage(CACHED, digest));
      return answer?.kind === "imported";
    },
  },
  "name-image-that-exists": GONE,
  "name-other-place": GONE,
  "raise-quota": QUOTA_REACHED.remediationsPerHour["that is one cluster's alone"] as Row,
  "remove-tag": DECLINED["opted-out"]["the service"] as Row,
  "set-tag": DECLINED["opt-out-unclear"]["the service"] as Row,
  "include-workload": DECLINED["excluded-by-policy"]["the service is excluded"] as Row,
  "raise-mode": OBSERVED["the stack observes"] as Row,
  "open-calendar": CLOSED["its calendar opens in some days"] as Row,
  "name-calendar": CLOSED["there is no such calendar"] as Row,
  "act-while-deploying": OBSERVED["a deployment under way is only reported"] as Row,
  "allow-task-changes": DECLINED["report-only"]["the stack reports lone tasks"] as Row,
  "deploy-yourself": DECLINED["deployed-by-others"].CodeDeploy as Row,
  "remove-own-tags": DECLINED["too-many-tags"]["for one image"] as Row,
  "undo-substitute": DECLINED["substitute-failed"]["that a rule starts"] as Row,
  "fix-by-hand": IN_VAIN,
  "next-failure": IN_VAIN,
  "allow-writes": FAILED.denied["the kill switch, which stops all writes"] as Row,
  "change-request": FAILED.invalid["AWS, which takes no such request"] as Row,
};

function caseOf({ in: parts, policy, heals: _, ...row }: Row): Case {
  const file = "file" in parts ? parts.file : world({ ...parts, more: { ...signedUp, ...parts.more } });
  return { ...row, world: readWorldFile(file), policy: { waitForLimit: false, ...policy } };
}

/** What is printed, and that each remedy of it says one thing to do, or one to wait for, and heals. */
async function tried(row: Row): Promise<Outcome> {
  const one = caseOf(row);
  const { outcome } = await told(one);
  if (outcome === undefined) throw new Error("nothing failed in this world");
  const { remedies = [] } = outcome;
  expect(remedies, `${outcome.outcome}: ${outcome.because}`).not.toEqual([]);
  for (const remedy of remedies) {
    const { command, setting, until } = remedy;
    const ways = [command, setting, until].filter((way) => way !== undefined);
    expect(ways, `one way of ${JSON.stringify(remedy)}`).toHaveLength(1);
    const { isHealed, world: played, outcome: then } = await follow(remedy, one);
    const isSo = isHealed || (await row.heals?.(played)) === true || isStep(remedy, then);
    expect(isSo, `${JSON.stringify(remedy)} → ${then?.outcome}: ${then?.because}`).toBe(true);
  }
  return outcome;
}

/** A digest in the reference is what the other remedies are made of, where no place has the image yet. */
function isStep({ code }: Remedy, then: Outcome | undefined): boolean {
  return code === "pin-by-digest" && then?.images[0]?.trusted?.from === "reference";
}

function each(
  table: Readonly<Record<string, Readonly<Record<string, Row>>>>,
  check: (outcome: Outcome, code: string) => void,
): void {
  for (const [code, rows] of Object.entries(table))
    describe(code, () => {
      for (const [when, row] of Object.entries(rows))
        it(`has remedies that heal, each of them, where it is ${when}`, async () => {
          check(await tried(row), code);
        });
    });
}

describe("a workload that Repull leaves as it is", () => {
  each(DECLINED, ({ outcome, reason }, code) => {
    expect({ outcome, reason }).toEqual({ outcome: "not-eligible", reason: code });
  });
});

describe("an image of unknown bytes", () => {
  each(UNTRUSTED, ({ outcome, images }, code) => {
    expect({ outcome, code: images[0]?.untrusted?.code }).toEqual({ outcome: "no-substitute", code });
  });
});

describe("a substitute that is not tried, or not any more", () => {
  each(GIVEN_UP, ({ outcome, reason }, code) => {
    expect({ outcome, reason }).toEqual({ outcome: "no-substitute", reason: code });
  });
});

describe("a place that a task could not pull from", () => {
  for (const [what, row] of Object.entries(CHECKS))
    it(`has remedies that heal, each of them, where ${what} is what fails`, async () => {
      const { outcome, images } = await tried(row);
      const failed = images.flatMap(({ rejected }) =>
        rejected.flatMap(({ checks = [] }) => checks.filter(({ result }) => result === "failed")),
      );
      expect(outcome).toBe("no-substitute");
      expect(failed.map((check) => check.what)).toContain(what);
    });
});

describe("a quota", () => {
  each(QUOTA_REACHED, ({ remedies = [] }, code) => {
    expect(remedies.flatMap(({ setting }) => setting?.key ?? [])).toContain(`quotas.${code}`);
  });
});

describe("a step that could not be done", () => {
  each(FAILED, ({ outcome, error }, code) => {
    expect({ outcome, code: error?.code }).toEqual({ outcome: "failed", code });
  });
});

describe("a plan that a Change Calendar keeps from being written", () => {
  each({ closed: CLOSED }, ({ outcome, reason }) =>
    expect({ outcome, reason }).toEqual({ outcome: "dry-run", reason: "calendar-closed" }),
  );
});

describe("a plan that is not written", () => {
  each({ observed: OBSERVED }, ({ outcome }) => expect(outcome).toBe("dry-run"));
});

describe("a remedy", () => {
  it("has a row for each code, and so has a refusal", () => {
    expect(new Set(Object.keys(BY_REMEDY))).toEqual(new Set(Object.keys(REMEDIES)));
    const reasons = [
      ...Object.keys(DECLINED),
      "calendar-closed",
      ...Object.keys(UNTRUSTED),
      ...Object.keys(GIVEN_UP),
      "no-proof",
      "limit-not-reset",
    ];
    expect(Object.keys(REASONS).filter((reason) => !reasons.includes(reason))).toEqual([]);
  });

  for (const [code, row] of Object.entries(BY_REMEDY))
    it(`heals, and so do those next to it, where ${code} is reported`, async () => {
      const { remedies = [] } = await tried(row);
      expect(remedies.map((remedy) => remedy.code)).toContain(code);
    });
});
