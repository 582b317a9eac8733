/** Every remedy is tried: the world in which it is told heals when exactly that is done. A code without a row fails. */

import { describe, expect, it } from "vitest";
import { windowOf } from "../../src/remediation/caps.ts";
import { detect } from "../../src/remediation/detect.ts";
import { type Outcome, outcomeSchema } from "../../src/remediation/outcome.ts";
import type { Json, JsonObject } from "../../src/runtime/json.ts";
import { serveWorkflows } from "../../src/sandbox/product.ts";
import { createWorld, type World } from "../../src/sandbox/world.ts";
import { readWorldFile } from "../../src/sandbox/world-file.ts";
import { readPolicy } from "../../src/substitution/policy.ts";
import { REMEDIES, type RemedyCode } from "../../src/substitution/remedy.ts";
import { type Case, follow } from "../support/follow-remedy.ts";
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
import { firstFailure } from "../support/scenario.ts";

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

type Row = {
  readonly in: Parameters<typeof world>[0];
  readonly policy?: object;
  readonly options?: Case["options"];
  readonly before?: Case["before"];
  /** The limit is told of an image that the registry has not: it answered before it looked. */
  readonly retold?: string;
  /** Where ECS itself goes on: what its next pull needs is there. */
  readonly heals?: (world: World) => Promise<boolean>;
};

/** One pull of Docker Hub's is left to nobody, and no other place has the image: unless a row says otherwise. */
const dead = (more: Row["in"] = {}): Row["in"] => ({ service: prefect, hub: dry, ...more });

const PRIVATE = {
  images: { "shop/api:7": {} },
  privateRepositories: ["shop/api"],
  accounts: { shop: { password: "right" } },
  repullSignsInAs: "shop",
};
const withCredentials = {
  taskDefinition: {
    family: "web",
    requiresCompatibilities: ["FARGATE"],
    executionRoleArn: "arn:aws:iam::123456789012:role/web-execution",
    containerDefinitions: [
      { name: "web", image: "shop/api:7", repositoryCredentials: { credentialsParameter: SECRET } },
    ],
  },
};
const TEXT_OF_LIMIT =
  "pull image manifest has been retried 1 time(s): failed to resolve ref HOST/PATH:TAG: unexpected status from HEAD request to https://SERVER/v2/PATH/manifests/TAG: 429 Too Many Requests";
const retold = (host: string, server: string, path: string, tag: string) =>
  `CannotPullContainerError: ${TEXT_OF_LIMIT.replaceAll("HOST", host).replaceAll("SERVER", server).replaceAll("PATH", path).replaceAll("TAG", tag)}`;
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
  retold: retold("docker.io", "registry-1.docker.io", "bitnami/redis", "7.2"),
};

const ROWS: readonly (readonly [RemedyCode, Row])[] = [
  ["wait", { in: dead() }],
  ["copy-into-ecr", { in: dead() }],
  ["create-pull-through-rule", { in: dead() }],
  ["name-docker-hub-account", { in: dead() }],
  ["allow-strategies", { in: { open: TWIN, hub: dry }, policy: { strategies: ["own-copy"] } }],
  ["accept-weaker-proof", { in: { hub: dry, open: TWIN }, options: silentHub }],
  ["accept-weaker-proof", { in: { service: prefect }, policy: { leastProof: "same-index" } }],
  ["pin-by-digest", { in: { hub: dry, open: TWIN }, options: silentHub }],
  ["allow-permission", { in: dead({ ecr: COPY, more: refused("ecs:DescribeServiceRevisions") }) }],
  ["allow-role", { in: dead({ ecr: COPY, more: denied("ecr:BatchGetImage") }) }],
  ["name-execution-role", { in: dead({ service: { ...prefect, executionRole: false }, ecr: COPY }) }],
  ["mend-secret", { in: dead({ more: denied("secretsmanager:GetSecretValue") }), ...account() }],
  ["accept-unchecked-secret", { in: dead({ more: refused("iam:SimulatePrincipalPolicy") }), ...account() }],
  [
    "pay-for-account",
    {
      in: dead({
        hub: { ...dry, repullSignsInAs: "shop", accounts: { shop: { password: "right", remaining: 0 } } },
      }),
      ...account(),
      options: silentHub,
    },
  ],
  ["mend-rule", { in: dead({ more: rule({ secretIsWrong: true }) }) }],
  ["let-cache-be-filled", { in: dead({ more: { ...rule(), ...refused("ecr:BatchGetImage") } }) }],
  [
    "restore-archived-copy",
    { in: dead({ ecr: same("repull/docker.io/prefecthq/prefect:3", PREFECT, { archived: true }) }) },
  ],
  [
    "allow-registry",
    {
      in: lone("registry.team.example:8443/shop/api:7", {
        registries: {
          "registry.team.example:8443": { images: { "shop/api:7": {} }, quota: { remaining: 0 } },
        },
      }),
      options: countingQuay,
    },
  ],
  [
    "allow-private-copy",
    {
      in: { service: withCredentials, hub: PRIVATE },
      // One pull is refused, and that is all: the account has pulls left.
      before: async ({ registries }) => registries.dockerHub.fail({ on: "any", as: LIMIT }),
    },
  ],
  ["open-registry", { in: { service: prefect, more: refused("ecr:CreateRepository") } }],
  [
    "open-network",
    {
      in: {
        service: { image: "quay.io/shop/api:7", subnets: ["subnet-a"] },
        registries: { "quay.io": { images: { "shop/api:7": {} }, quota: { remaining: 0 } } },
        more: { subnets: { "subnet-a": { route: "none" } } },
      },
      options: countingQuay,
    },
  ],
  ["reach-registry", { in: { open: { ...TWIN, trouble: "unreachable" }, hub: dry } }],
  [
    "name-rules-account",
    {
      in: { service: { image: `${ECR}/${CACHED}:3` }, hub: dry, more: rule({ account: "spent" }) },
      retold: retold(ECR, ECR, CACHED, "3"),
      heals: async ({ ports, registries }) => {
        const digest = registries.dockerHub.manifest("prefecthq/prefect", "3")?.digest;
        const answer = digest && (await ports.ecr.importImage(CACHED, digest));
        return answer?.kind === "imported";
      },
    },
  ],
  ["name-image-that-exists", GONE],
  ["name-other-place", GONE],
  [
    "raise-cap",
    {
      in: { open: TWIN },
      policy: { caps: { remediationsPerHour: 1 }, clusters: { include: ["prod"], exclude: [] } },
      before: async ({ ports }) =>
        void (await ports.caps.claim({
          window: windowOf("remediationsPerHour", ports.clock.now()),
          claimant: "another remediation",
          amount: 1,
          max: 1,
        })),
    },
  ],
];

function caseOf(row: Row): Case {
  const more = { ...signedUp, ...row.in.more };
  const file = readWorldFile(world({ ...row.in, more }));
  const { before, options } = row;
  return {
    world: file,
    policy: { waitForLimit: false, ...row.policy },
    ...(options === undefined ? {} : { options }),
    ...(before === undefined ? {} : { before }),
  };
}

function retell(detail: Json | undefined, stoppedReason: string): JsonObject {
  const task = detail as { readonly containers: readonly JsonObject[] };
  const containers = task.containers.map(({ reason: _, ...container }) => container as JsonObject);
  return {
    ...task,
    stoppedReason,
    containers,
    taskArn: `${(detail as JsonObject).taskArn}`.replace(/.{4}$/, "0000"),
  };
}

type Told = { readonly outcome?: Outcome; readonly isHealed: boolean };

/** The first that is told of the failing service; nothing where nothing fails any more. */
async function told({ world: file, policy: document, options, before }: Case, row: Row): Promise<Told> {
  const policy = readPolicy(document);
  const played = await createWorld(file, { allowed: policy.registries.allowed, ...options });
  const lift = await before?.(played);
  const event = await firstFailure(played).catch(() => undefined);
  if (typeof lift === "function") lift();
  if (event === undefined) return { isHealed: true };
  if (row.heals !== undefined && (await row.heals(played))) return { isHealed: true };
  const isLimit = /toomanyrequests|429/i.test(JSON.stringify(event));
  const detail = row.retold === undefined || isLimit ? event.detail : retell(event.detail, row.retold);
  if (detail !== event.detail) played.cluster.recallTask(detail as JsonObject);
  serveWorkflows(played, { policy });
  played.clock.schedule(played.clock.now(), () => detect({ ...event, detail }, played.ports, policy));
  await played.runUntil(() => played.bus.outcomes.length > 0, 24 * 3600);
  const outcome = outcomeSchema.parse(played.bus.outcomes[0]);
  return { outcome, isHealed: outcome.outcome === "settled" };
}

describe("the remedies of a refusal", () => {
  it("have a row each in this table", () => {
    expect(new Set(ROWS.map(([code]) => code))).toEqual(new Set(Object.keys(REMEDIES)));
  });

  for (const [code, row] of ROWS) {
    it(`heal the service, each of them, where ${code} is among them`, async () => {
      const one = caseOf(row);
      const { outcome } = await told(one, row);
      const remedies = outcome?.remedies ?? [];
      expect(
        remedies.map((remedy) => remedy.code),
        JSON.stringify(outcome),
      ).toContain(code);
      const failed: string[] = [];
      for (const remedy of remedies) {
        expect(remedy.command ?? remedy.setting ?? remedy.until).toBeDefined();
        const after = await told(await follow(remedy, one), row);
        // A digest in the reference is what the other remedies are made of, where no place has the image yet.
        const isStep = remedy.code === "pin-by-digest" && code !== remedy.code;
        const isDone = isStep ? after.outcome?.images[0]?.trusted?.from === "reference" : false;
        if (!after.isHealed && !isDone)
          failed.push(`${JSON.stringify(remedy)} → ${after.outcome?.outcome}: ${after.outcome?.because}`);
      }
      expect(failed).toEqual([]);
    });
  }
});
