/** A world for each code of a refusal: one without a row does not compile. */

import { type QuotaName, quotaPeriod } from "../../../src/remediation/gates/quotas.ts";
import { mirror } from "../../../src/remediation/mirror/mirror-workflow.ts";
import type { Outcome, Reason } from "../../../src/remediation/report/outcome.ts";
import { installRepull } from "../../../src/sandbox/install-repull.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import type { Check, UntrustedCode } from "../../../src/substitution/candidate.ts";
import type { Policy } from "../../../src/substitution/policy/policy.ts";
import { countingQuay, denied, dry, refused, rule, same, silentHub } from "../substitute-worlds.ts";

import {
  account,
  byRule,
  COPY,
  CUT,
  dead,
  ECR,
  GONE,
  HOUR,
  job,
  lone,
  NO_ROUTE,
  near,
  nightly,
  OTHER_BYTES,
  OURS,
  ourPlaceIsLimited,
  type Row,
  registries,
  TWIN,
  tagged,
  task,
} from "./refused-worlds.ts";

export const DECLINED: Readonly<
  Record<
    Exclude<Reason, UntrustedCode | GivenUpCode | "no-proof" | "limit-not-reset" | "calendar-closed">,
    Readonly<Record<string, Row>>
  >
> = {
  "opted-out": {
    "the service": { in: near({ tags: { Repull: "off" } }) },
    "the service, in two spellings": { in: near({ tags: { Repull: "off", repull: "later" } }) },
    "the cluster": { in: near({}, { clusters: { prod: { tags: { repull: "no" } } } }) },
    "the task definition": { in: near(tagged({ repull: "never", team: "shop" })) },
    "a task": { in: task({ tags: { repull: "off" } }) },
    "a rule": { in: task(byRule, [nightly({ tags: { repull: "0" } })]) },
    "a schedule's group": {
      in: task({ startedBy: "chronos-schedule/nightly" }, [
        nightly({ kind: "schedule", tags: { repull: "off" } }),
      ]),
    },
  },
  "opt-out-unclear": {
    "the service": { in: near({ tags: { repull: "please" } }) },
    "the service, in two spellings": { in: near({ tags: { Repull: "please", repull: "later" } }) },
    "the cluster": { in: near({}, { clusters: { prod: { tags: { REPULL: "" } } } }) },
    "the task definition": { in: near(tagged({ repull: "1" })) },
    "a task": { in: task({ tags: { repull: "maybe" } }) },
    "a rule": { in: task(byRule, [nightly({ tags: { repull: "later" } })]) },
    "a schedule's group": {
      in: task({ startedBy: "chronos-schedule/nightly" }, [
        nightly({ kind: "schedule", tags: { repull: "?" } }),
      ]),
    },
  },
  "excluded-by-policy": {
    "its cluster is excluded": {
      in: near(),
      policy: { scope: { clusters: { exclude: ["staging", "pr*"] } } },
    },
    "its cluster is not included": { in: near(), policy: { scope: { clusters: { include: ["staging"] } } } },
    "the service is excluded": { in: near(), policy: { scope: { services: { exclude: ["w*"] } } } },
    "the service is not included": { in: near(), policy: { scope: { services: { include: ["api"] } } } },
    "the image is excluded": { in: near(), policy: { scope: { images: { exclude: ["nginx"] } } } },
    "the image is not included": { in: near(), policy: { scope: { images: { include: ["redis"] } } } },
    "a lone task's cluster is excluded": {
      in: task(),
      policy: { scope: { clusters: { exclude: ["prod"] } } },
    },
  },
  "report-only": {
    "the stack reports lone tasks": { in: task(), parameters: { StandaloneTasks: "report" } },
    "the stack reports schedules": { in: task(byRule, [nightly()]), parameters: { ScheduleRoleArns: "" } },
  },
  "deployed-by-others": {
    CodeDeploy: { in: near({ controller: "CODE_DEPLOY" }) },
    "an external controller": {
      in: { ...near({ controller: "EXTERNAL" }), ecr: same("own/nginx:1.25") },
    },
    "ECS, which manages a daemon": {
      in: {
        ...near({ resourceManagementType: "ECS", schedulingStrategy: "DAEMON", launchType: "EC2" }),
        ecr: same("own/nginx:1.25"),
      },
    },
    "ECS, which manages an Express service": {
      in: { ...near({ resourceManagementType: "ECS" }), open: { images: { "acme/redis:7.2": {} } } },
    },
    "AWS Batch": { in: task({ cluster: "AWSBatch-nightly-1f0e" }) },
    "Step Functions": { in: task({ startedBy: "AWS Step Functions" }) },
  },
  "substitute-failed": {
    "that a rule starts": {
      in: task(byRule, [nightly()], {
        services: [{ cluster: "prod", name: "neighbour", image: `${ECR}/own/postgres:16`, settled: true }],
      }),
      parameters: { StandaloneTasks: "report" },
      story: ourPlaceIsLimited,
    },
    "that RunTask has started": {
      in: { file: { tasks: [{ ...job, revision: 4, taskDefinition: OURS }], registries } },
    },
  },
  "too-many-tags": {
    "for one image": {
      in: near(tagged(Object.fromEntries(Array.from({ length: 48 }, (_, at) => [`team-${at + 1}`, "x"])))),
    },
  },
  "ambiguous-failure": {
    "a text that is cut off, of a task that is gone": { in: near(), retold: () => CUT, isForgotten: true },
    "a rule that is not found": { in: task(byRule) },
  },
};

export const UNTRUSTED: Readonly<Record<UntrustedCode, Readonly<Record<string, Row>>>> = {
  "trust-unreadable": {
    "ECS may not be asked": { in: dead({ ecr: COPY, more: refused("ecs:DescribeServiceRevisions") }) },
    "ECS does not answer": {
      in: dead({
        ecr: COPY,
        more: { refusals: [{ action: "ecs:DescribeServiceRevisions", kind: "unavailable" }] },
      }),
    },
  },
  "other-manifest-in-text": {
    "the text names the manifest of another image": {
      in: near(),
      retold: (image) => (image.includes("@") ? undefined : OTHER_BYTES),
    },
  },
  "origin-unreadable": {
    "Docker Hub refuses a HEAD too": { in: { hub: dry, open: TWIN }, options: silentHub },
  },
  "origin-not-allowed": {
    "the policy allows other registries, and ECS keeps no digest of a lone task": {
      in: {
        file: {
          tasks: [{ ...job, image: "registry.team.example:8443/shop/api:7" }],
          registries: {
            "registry.team.example:8443": { images: { "shop/api:7": {} }, quota: { remaining: 0 } },
          },
        },
      },
      options: countingQuay,
    },
  },
  "origin-has-no-tag": { "its publisher has taken it away": GONE },
};

/** That a place has the platform is known of each that is found: this check never fails. */
export const CHECKS: Readonly<Record<Exclude<Check["what"], "platform">, Row>> = {
  role: { in: dead({ ecr: COPY, more: denied("ecr:BatchGetImage") }) },
  secret: { in: dead({ more: denied("secretsmanager:GetSecretValue") }), ...account() },
  network: NO_ROUTE,
  rule: { in: dead({ more: rule({ secretIsWrong: true }) }) },
};

/** Others have used up all of it. */
export const usedUp =
  (cap: QuotaName, amount: number, cluster = "") =>
  async ({ ports }: World) => {
    const window = quotaPeriod(cap, ports.clock.now());
    const name = cluster === "" ? window.name : `${window.name} ${cluster}`;
    await ports.quotaStore.acquire({ period: { ...window, name }, requester: "others", amount, max: amount });
  };
export const only = { scope: { clusters: { include: ["prod"], exclude: [] } } };
export const QUOTA_REACHED: Readonly<Record<QuotaName, Readonly<Record<string, Row>>>> = {
  remediationsPerHour: {
    "that is one cluster's alone": {
      in: { open: TWIN },
      policy: { quotas: { remediationsPerHour: 1 }, ...only },
      before: usedUp("remediationsPerHour", 1),
    },
    "of which a cluster has half": {
      in: { open: TWIN },
      policy: { quotas: { remediationsPerHour: 4 } },
      before: usedUp("remediationsPerHour", 2, "prod"),
    },
  },
  bytesPerDay: {
    "that is reached": {
      in: lone("acme/web:1", {
        hub: { images: { "acme/web:1": { kilobytes: 1500 } }, quota: { remaining: 0 } },
      }),
      policy: { quotas: { bytesPerDay: "2MB" } },
      before: usedUp("bytesPerDay", 1_000_000),
    },
    "that is smaller than the image": {
      in: lone("acme/web:1", {
        hub: { images: { "acme/web:1": { kilobytes: 1500 } }, quota: { remaining: 0 } },
      }),
      policy: { quotas: { bytesPerDay: "1MB" } },
    },
  },
};

export const refusing = (action: string, kind: string, times?: number) => ({
  refusals: [{ action, kind, ...(times === undefined ? {} : { times }) }],
});
export type FailedCode = NonNullable<Outcome["error"]>["code"];
export const FAILED: Readonly<Record<FailedCode, Readonly<Record<string, Row>>>> = {
  denied: {
    "a right that is missing": { in: near({}, refusing("ecs:UpdateService", "denied")) },
    "the kill switch, which stops all writes": {
      in: near({}, { operator: { writesStopped: "Ada: an audit" } }),
    },
  },
  invalid: {
    "AWS, which takes no such request": { in: near({}, refusing("ecs:RegisterTaskDefinition", "invalid")) },
  },
  unfinished: {
    "AWS, which does not answer for hours": {
      in: near({}, refusing("ecs:RegisterTaskDefinition", "unavailable", 40)),
    },
  },
};

export const OBSERVED: Readonly<Record<string, Row>> = {
  "the stack observes": { in: near(), parameters: { Mode: "observe" } },
  "the policy observes": { in: near(), policy: { mode: "observe" } },
  "a tag of the service says observe": { in: near({ tags: { "repull:mode": "observe" } }) },
  "a tag of the cluster has an unknown value": {
    in: near({}, { clusters: { prod: { tags: { "Repull:Mode": "never" } } } }),
  },
  "a deployment under way is only reported": { in: near(), policy: { onActiveDeployment: "report" } },
};

const freeze = (calendars: object, more: object = {}): Row => ({
  in: near({}, { calendars, ...more }),
  policy: { changeCalendar: ["freeze"] },
});
export const CLOSED: Readonly<Record<string, Row>> = {
  "its calendar opens in some days": freeze({ freeze: [{ until: "2030-01-01T00:00:00Z" }] }),
  "its calendar is closed for good": freeze({ freeze: [{}] }),
  "its calendar may not be read": freeze({ freeze: [] }, refused("ssm:GetCalendarState")),
  "there is no such calendar": freeze({}),
};

/** The substitute cannot be pulled either, twice: then the guard holds, and ECR lets it be pulled at last. */
export async function twiceInVain(played: World, policy: Policy): Promise<void> {
  const stop = installRepull(played, { policy });
  const lift = played.registries.ecr.fail({
    on: "manifest-get",
    as: { kind: "status", status: 403, code: "DENIED", message: "not authorized" },
  });
  await played.runUntil(() => played.bus.outcomes.at(-1)?.reason === "loop-guard", 5 * HOUR);
  stop();
  lift();
}
export const IN_VAIN: Row = {
  in: {
    hub: { images: { "library/nginx:1.25": { platforms: ["linux/amd64"] } }, quota: { remaining: 0 } },
    ecr: same("repull/docker.io/library/nginx:1.25"),
  },
  policy: { strategies: ["ecr-copy"] },
  story: twiceInVain,
};

/** Ten images of one service, each of which takes three tries of two hours to be copied: then a day is over. */
async function slowCopies(played: World, policy: Policy): Promise<void> {
  const stop = installRepull(played, { policy });
  const tries = new Map<string, number>();
  played.executions.serve("mirror", async (input, steps) => {
    const { target } = input as { target: string };
    const count = (tries.get(target) ?? 0) + 1;
    tries.set(target, count);
    await steps.wait("slow", 6900);
    if (count % 3 !== 0) throw new Error("a socket");
    return await mirror(input, played.ports, policy, steps);
  });
  // Others behind the tasks' address use up what comes back, so that no task starts by itself.
  const spend = () => {
    const caller = { address: played.addresses.tasks };
    played.registries.dockerHub.spend(caller, played.registries.dockerHub.pullsLeft(caller) ?? 0);
    played.clock.schedule(played.clock.now() + 5000, spend);
  };
  spend();
  await played.runUntil(() => played.bus.outcomes.at(-1)?.reason === "time-over", 25 * HOUR);
  stop();
}

const TEN = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`c${at}`, `acme/c${at}:1`]));

/** Why there is no substitute where each image has a place. */
export type GivenUpCode = "loop-guard" | "time-over";
export const GIVEN_UP: Readonly<Record<GivenUpCode, Readonly<Record<string, Row>>>> = {
  "loop-guard": { "for two substitutes that did not last": IN_VAIN },
  "time-over": {
    "for copies that take longer than a day": {
      in: {
        file: {
          services: [{ cluster: "prod", name: "web", images: TEN, desiredCount: 1 }],
          registries: {
            "docker.io": {
              images: Object.fromEntries(Object.values(TEN).map((image) => [image, {}])),
              quota: { remaining: 0 },
            },
          },
        },
      },
      policy: { strategies: ["ecr-copy", "mirror"] },
      story: slowCopies,
    },
  },
};
