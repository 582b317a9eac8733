/**
 * Every remedy is tried: each refusal is met in a world, each remedy that is told there is followed exactly, in the same
 * world, and it heals. A code of a refusal, or of a remedy, without a row does not compile.
 */

import { describe, expect, it } from "vitest";
import { type CapName, windowOf } from "../../src/remediation/caps.ts";
import { type Outcome, REFUSALS, type RefusalReason } from "../../src/remediation/outcome.ts";
import { installRepull } from "../../src/sandbox/product.ts";
import type { World } from "../../src/sandbox/world.ts";
import { readWorldFile } from "../../src/sandbox/world-file.ts";
import type { Check, UntrustedCode } from "../../src/substitution/candidate.ts";
import type { Policy } from "../../src/substitution/policy.ts";
import { REMEDIES, type Remedy, type RemedyCode } from "../../src/substitution/remedy.ts";
import { follow } from "../support/follow-remedy.ts";
import {
  countingQuay,
  denied,
  dry,
  PREFECT,
  prefect,
  refused,
  rule,
  SECRET,
  same,
  signedUp,
  silentHub,
  world,
} from "../support/ladder.ts";
import { type Case, told } from "../support/tried-case.ts";

const HOUR = 3600;
const TWIN = same("docker/library/nginx:1.25");
const COPY = same("repull/docker.io/prefecthq/prefect:3", PREFECT);
const account = (extra: object = {}) => ({ policy: { dockerHubSecret: SECRET, ...extra } });
const lone = (image: string, more: object = {}) => ({ service: { image }, ...more });

/** What Docker Hub answers who has no pulls left. */
const LIMIT = {
  kind: "status",
  status: 429,
  code: "TOOMANYREQUESTS",
  message:
    "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit",
} as const;

type Row = Omit<Case, "world" | "policy"> & {
  readonly in: Parameters<typeof world>[0] | { readonly file: object };
  readonly policy?: object;
  /** Where ECS itself goes on: what its next pull needs is there. */
  readonly heals?: (world: World) => Promise<boolean>;
};

/** One pull of Docker Hub's is left to nobody, and no other place has the image: unless a row says otherwise. */
const dead = (more: object = {}) => ({ service: prefect, hub: dry, ...more });
/** The very image is on ECR Public: nothing but the refusal keeps Repull from it. */
const near = (service: object = {}, more: object = {}) => ({ service, open: TWIN, hub: dry, more });

const PRIVATE = {
  images: { "shop/api:7": {} },
  privateRepositories: ["shop/api"],
  accounts: { shop: { password: "right" } },
  repullSignsInAs: "shop",
};
const definition = (family: string, image: string, more: object = {}) => ({
  family,
  requiresCompatibilities: ["FARGATE"],
  networkMode: "awsvpc",
  executionRoleArn: `arn:aws:iam::123456789012:role/${family}-execution`,
  containerDefinitions: [{ name: family, image, ...more }],
});
const tagged = (tags: Readonly<Record<string, string>>) => ({
  taskDefinition: {
    ...definition("web", "nginx:1.25"),
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
  },
});
const withCredentials = {
  taskDefinition: definition("web", "shop/api:7", {
    repositoryCredentials: { credentialsParameter: SECRET },
  }),
};

const TEXT_OF_LIMIT =
  "pull image manifest has been retried 1 time(s): failed to resolve ref HOST/PATH:TAG: unexpected status from HEAD request to https://SERVER/v2/PATH/manifests/TAG: 429 Too Many Requests";
/** The limit is told of an image that the registry has not: it answered before it looked. */
const limitAt = (host: string, server: string, path: string, tag: string) => (image: string) =>
  image.includes(path)
    ? `CannotPullContainerError: ${TEXT_OF_LIMIT.replaceAll("HOST", host).replaceAll("SERVER", server).replaceAll("PATH", path).replaceAll("TAG", tag)}`
    : undefined;
const CUT =
  "CannotPullContainerError: failed to resolve ref docker.io/library/nginx:1.25: unexpected status from HEAD request to https://registry-1.docker.io/v2/library/nginx/manifests/1.25: ";
const OTHER_BYTES = `CannotPullContainerError: pull image manifest has been retried 1 time(s): httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/sha256:${"e".repeat(64)}: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit`;

const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const CACHED = "hub/prefecthq/prefect";
const GONE: Row = {
  in: lone("bitnami/redis:7.2", {
    hub: {
      images: { "bitnamilegacy/redis:7.2": {} },
      repositories: ["bitnami/redis"],
      quota: { remaining: 0 },
    },
    open: { images: { "acme/redis:7.2": {} } },
  }),
  retold: limitAt("docker.io", "registry-1.docker.io", "bitnami/redis", "7.2"),
};
const UNALLOWED: Row = {
  in: lone("registry.team.example:8443/shop/api:7", {
    registries: {
      "registry.team.example:8443": { images: { "shop/api:7": {} }, quota: { remaining: 0 } },
    },
  }),
  options: countingQuay,
};
const NO_ROUTE: Row = {
  in: {
    service: { image: "quay.io/shop/api:7", subnets: ["subnet-a"] },
    registries: { "quay.io": { images: { "shop/api:7": {} }, quota: { remaining: 0 } } },
    more: { subnets: { "subnet-a": { route: "none" } } },
  },
  options: countingQuay,
};

/** A task that no service keeps running. */
const job = { cluster: "prod", family: "job", revision: 3, image: "postgres:16" };
const registries = {
  "docker.io": { images: { "library/postgres:16": {} }, quota: { remaining: 0, remainingForRepull: 0 } },
  "public.ecr.aws": { images: { "docker/library/postgres:16": { sameAs: "docker.io/library/postgres:16" } } },
  ecr: { images: { "own/postgres:16": {} } },
};
const nightly = (more: object = {}) => ({
  kind: "rule",
  name: "nightly",
  cluster: "prod",
  taskDefinition: "job:3",
  ...more,
});
const byRule = { startedBy: "events-rule/nightly" };
const task = (more: object = {}, schedules: readonly object[] = [], other: object = {}) => ({
  file: { tasks: [{ ...job, ...more }], schedules, registries, ...other },
});
/** Somebody runs a substitute of ours. */
const OURS = {
  ...definition("job", "postgres:16"),
  tags: [
    { key: "repull:execution", value: `r-${"a".repeat(40)}-1` },
    { key: "repull:former", value: "job:3" },
    { key: "repull:image-1", value: `postgres:16 sha256:${"b".repeat(64)}` },
  ],
};
/** The rule was moved to a substitute; a day later that place is at its limit for an hour, and Docker Hub is not. */
async function ourPlaceIsLimited(played: World, policy: Policy): Promise<void> {
  const stop = installRepull(played, { policy });
  const isTold = (outcome: string) => () => played.bus.outcomes.at(-1)?.outcome === outcome;
  await played.runUntil(isTold("applied"), HOUR);
  await played.run(24 * HOUR);
  const lift = played.registries.byHost.get("public.ecr.aws")?.fail({
    on: "any",
    as: { kind: "status", status: 429, code: "TOOMANYREQUESTS", message: "Rate exceeded" },
  });
  played.clock.schedule(played.clock.now() + HOUR * 1000, () => lift?.());
  played.cluster.runTask({ cluster: "prod", taskDefinition: "job:4", ...byRule });
  await played.runUntil(isTold("declined"), HOUR);
  stop();
}

const DECLINED: Readonly<
  Record<Exclude<RefusalReason, UntrustedCode | "no-proof">, Readonly<Record<string, Row>>>
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
  "left-out": {
    "its cluster is excluded": { in: near(), policy: { clusters: { exclude: ["staging", "pr*"] } } },
    "its cluster is not included": { in: near(), policy: { clusters: { include: ["staging"] } } },
    "the service is excluded": { in: near(), policy: { services: { exclude: ["w*"] } } },
    "the service is not included": { in: near(), policy: { services: { include: ["api"] } } },
    "the image is excluded": { in: near(), policy: { images: { exclude: ["nginx"] } } },
    "the image is not included": { in: near(), policy: { images: { include: ["redis"] } } },
    "a lone task's cluster is excluded": { in: task(), policy: { clusters: { exclude: ["prod"] } } },
  },
  "report-only": {
    "the stack reports lone tasks": { in: task(), parameters: { StandaloneTasks: "report" } },
    "the policy reports lone tasks": { in: task(), policy: { standaloneTasks: "report" } },
    "the stack reports schedules": { in: task(byRule, [nightly()]), parameters: { Schedules: "report" } },
    "the policy reports schedules": { in: task(byRule, [nightly()]), policy: { schedules: "report" } },
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
  "substitute-fails": {
    "that a rule starts": {
      in: task(byRule, [nightly()], {
        services: [{ cluster: "prod", name: "neighbour", image: `${ECR}/own/postgres:16`, settled: true }],
      }),
      policy: { schedules: "move" },
      story: ourPlaceIsLimited,
    },
    "that somebody has started": {
      in: { file: { tasks: [{ ...job, revision: 4, taskDefinition: OURS }], registries } },
    },
  },
  "no-room": {
    "for one image": {
      in: near(tagged(Object.fromEntries(Array.from({ length: 48 }, (_, at) => [`owner-${at + 1}`, "x"])))),
    },
  },
  unclear: {
    "a text that is cut off, of a task that is gone": { in: near(), retold: () => CUT, isForgotten: true },
    "a rule that nobody finds": { in: task(byRule) },
  },
};

const UNTRUSTED: Readonly<Record<UntrustedCode, Readonly<Record<string, Row>>>> = {
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
const CHECKS: Readonly<Record<Exclude<Check["what"], "platform">, Row>> = {
  role: { in: dead({ ecr: COPY, more: denied("ecr:BatchGetImage") }) },
  secret: { in: dead({ more: denied("secretsmanager:GetSecretValue") }), ...account() },
  network: NO_ROUTE,
  rule: { in: dead({ more: rule({ secretIsWrong: true }) }) },
};

/** Others have used up all of it. */
const usedUp =
  (cap: CapName, amount: number, cluster = "") =>
  async ({ ports }: World) => {
    const window = windowOf(cap, ports.clock.now());
    const name = cluster === "" ? window.name : `${window.name} ${cluster}`;
    await ports.caps.claim({ window: { ...window, name }, claimant: "others", amount, max: amount });
  };
const only = { clusters: { include: ["prod"], exclude: [] } };
const HELD: Readonly<Record<CapName, Readonly<Record<string, Row>>>> = {
  remediationsPerHour: {
    "that is one cluster's alone": {
      in: { open: TWIN },
      policy: { caps: { remediationsPerHour: 1 }, ...only },
      before: usedUp("remediationsPerHour", 1),
    },
    "of which a cluster has half": {
      in: { open: TWIN },
      policy: { caps: { remediationsPerHour: 4 } },
      before: usedUp("remediationsPerHour", 2, "prod"),
    },
  },
  bytesPerDay: {
    "that is reached": {
      in: lone("acme/web:1", {
        hub: { images: { "acme/web:1": { kilobytes: 1500 } }, quota: { remaining: 0 } },
      }),
      policy: { caps: { bytesPerDay: "2MB" } },
      before: usedUp("bytesPerDay", 1_000_000),
    },
    "that is smaller than the image": {
      in: lone("acme/web:1", {
        hub: { images: { "acme/web:1": { kilobytes: 1500 } }, quota: { remaining: 0 } },
      }),
      policy: { caps: { bytesPerDay: "1MB" } },
    },
  },
};

const refusing = (action: string, kind: string, times?: number) => ({
  refusals: [{ action, kind, ...(times === undefined ? {} : { times }) }],
});
type FailedCode = NonNullable<Outcome["error"]>["code"];
const FAILED: Readonly<Record<FailedCode, Readonly<Record<string, Row>>>> = {
  denied: {
    "a right that is missing": { in: near({}, refusing("ecs:UpdateService", "denied")) },
    "the owner, who has stopped all writes": {
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

const OBSERVED: Readonly<Record<string, Row>> = {
  "the stack observes": { in: near(), parameters: { Mode: "observe" } },
  "the policy observes": { in: near(), policy: { mode: "observe" } },
  "a tag of the service says observe": { in: near({ tags: { "repull:mode": "observe" } }) },
  "a tag of the cluster says what nobody knows": {
    in: near({}, { clusters: { prod: { tags: { "Repull:Mode": "never" } } } }),
  },
  "a deployment under way is only reported": { in: near(), policy: { whileDeploying: "report" } },
};

/** The substitute cannot be pulled either, twice: then the guard holds, and ECR lets it be pulled at last. */
async function twiceInVain(played: World, policy: Policy): Promise<void> {
  const stop = installRepull(played, { policy });
  const lift = played.registries.ecr.fail({
    on: "manifest-get",
    as: { kind: "status", status: 403, code: "DENIED", message: "not authorized" },
  });
  await played.runUntil(() => `${played.bus.outcomes.at(-1)?.because}`.includes("did not last"), 5 * HOUR);
  stop();
  lift();
}
const IN_VAIN: Row = {
  in: {
    hub: { images: { "library/nginx:1.25": { platforms: ["linux/amd64"] } }, quota: { remaining: 0 } },
    ecr: same("repull/docker.io/library/nginx:1.25"),
  },
  policy: { strategies: ["own-copy"] },
  story: twiceInVain,
};

const BY_REMEDY: Readonly<Record<RemedyCode, Row>> = {
  wait: { in: dead() },
  "copy-into-ecr": { in: dead() },
  "create-pull-through-rule": { in: dead() },
  "name-docker-hub-account": { in: dead() },
  "allow-strategies": { in: { open: TWIN, hub: dry }, policy: { strategies: ["own-copy"] } },
  "accept-weaker-proof": { in: { service: prefect }, policy: { leastProof: "same-index" } },
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
  "raise-cap": HELD.remediationsPerHour["that is one cluster's alone"] as Row,
  "remove-tag": DECLINED["opted-out"]["the service"] as Row,
  "set-tag": DECLINED["opt-out-unclear"]["the service"] as Row,
  "include-workload": DECLINED["left-out"]["the service is excluded"] as Row,
  "raise-mode": OBSERVED["the stack observes"] as Row,
  "act-while-deploying": OBSERVED["a deployment under way is only reported"] as Row,
  "allow-task-changes": DECLINED["report-only"]["the stack reports lone tasks"] as Row,
  "deploy-yourself": DECLINED["deployed-by-others"].CodeDeploy as Row,
  "remove-own-tags": DECLINED["no-room"]["for one image"] as Row,
  "undo-substitute": DECLINED["substitute-fails"]["that a rule starts"] as Row,
  "fix-by-hand": IN_VAIN,
  "next-failure": IN_VAIN,
  "release-brake": FAILED.denied["the owner, who has stopped all writes"] as Row,
  "change-request": FAILED.invalid["AWS, which takes no such request"] as Row,
};

function caseOf({ in: parts, policy, heals: _, ...row }: Row): Case {
  const file = "file" in parts ? parts.file : world({ ...parts, more: { ...signedUp, ...parts.more } });
  return { ...row, world: readWorldFile(file), policy: { waitForLimit: false, ...policy } };
}

/** What is told, and that each remedy of it says one thing to do, or one to wait for, and heals. */
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
    expect({ outcome, reason }).toEqual({ outcome: "declined", reason: code });
  });
});

describe("an image whose bytes nobody can tell", () => {
  each(UNTRUSTED, ({ outcome, images }, code) => {
    expect({ outcome, code: images[0]?.untrusted?.code }).toEqual({ outcome: "stand-still", code });
  });
});

describe("a place that a task could not pull from", () => {
  for (const [what, row] of Object.entries(CHECKS))
    it(`has remedies that heal, each of them, where ${what} is what fails`, async () => {
      const { outcome, images } = await tried(row);
      const failed = images.flatMap(({ passedOver }) =>
        passedOver.flatMap(({ checks = [] }) => checks.filter(({ result }) => result === "failed")),
      );
      expect(outcome).toBe("stand-still");
      expect(failed.map((check) => check.what)).toContain(what);
    });
});

describe("a cap", () => {
  each(HELD, ({ remedies = [] }, code) => {
    expect(remedies.flatMap(({ setting }) => setting?.key ?? [])).toContain(`caps.${code}`);
  });
});

describe("a step that could not be done", () => {
  each(FAILED, ({ outcome, error }, code) => {
    expect({ outcome, code: error?.code }).toEqual({ outcome: "failed", code });
  });
});

describe("a plan that is not written", () => {
  each({ observed: OBSERVED }, ({ outcome }) => expect(outcome).toBe("observed"));
});

describe("a remedy", () => {
  it("has a row for each code, and so has a refusal", () => {
    expect(new Set(Object.keys(BY_REMEDY))).toEqual(new Set(Object.keys(REMEDIES)));
    const reasons = [...Object.keys(DECLINED), ...Object.keys(UNTRUSTED), "no-proof"];
    expect(Object.keys(REFUSALS).filter((reason) => !reasons.includes(reason))).toEqual([]);
  });

  for (const [code, row] of Object.entries(BY_REMEDY))
    it(`heals, and so do those beside it, where ${code} is told`, async () => {
      const { remedies = [] } = await tried(row);
      expect(remedies.map((remedy) => remedy.code)).toContain(code);
    });
});
