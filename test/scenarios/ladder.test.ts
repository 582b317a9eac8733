/**
 * A table of worlds: what exists, what is limited, what the tasks' role may do; against the place that wins first, how
 * it ends, and why each other place lost.
 */

import { describe, expect, test } from "vitest";
import type { Digest } from "../../src/image/digest.ts";
import { type Platform, printPlatform } from "../../src/image/platform.ts";
import type { World, WorldOptions } from "../../src/sandbox/world.ts";
import type { Plan } from "../../src/substitution/planner.ts";
import type { Policy } from "../../src/substitution/policy.ts";
import { type Engine, play, stateOf } from "../support/scenario.ts";

const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub";
const NGINX = "docker.io/library/nginx:1.25";
const PREFECT = "docker.io/prefecthq/prefect:3";

type Parts = {
  readonly service?: object;
  readonly hub?: object;
  readonly ecr?: object;
  readonly open?: object;
  readonly more?: object;
  readonly registries?: object;
};

/** A service on an image of Docker Hub, whose limit is reached for its tasks. */
function world({ service = {}, hub = {}, ecr = {}, open = {}, more = {}, registries = {} }: Parts): object {
  return {
    services: [{ cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, ...service }],
    registries: {
      "docker.io": {
        images: { "library/nginx:1.25": {}, "prefecthq/prefect:3": {} },
        quota: { remaining: 0 },
        accounts: { shop: { password: "right" }, spent: { password: "right", remaining: 0 } },
        ...hub,
      },
      ecr,
      "public.ecr.aws": open,
      ...registries,
    },
    ...more,
  };
}

const same = (path: string, of = NGINX, extra: object = {}) => ({
  images: { [path]: { sameAs: of, ...extra } },
});
const rule = (extra: object = {}) => ({
  pullThrough: [{ prefix: "hub", upstream: "docker.io", account: "shop", ...extra }],
});
const prefect = { image: "prefecthq/prefect:3" };
const denied = (...actions: string[]) => ({ roles: { "web-execution": { denied: actions } } });
const refused = (action: string) => ({ refusals: [{ action, kind: "denied" }] });
const signedUp = { secrets: { [SECRET]: { username: "shop", password: "right" } } };
/** Repull's own address has no pulls left either. */
const dry = { quota: { remaining: 0, remainingForRepull: 0 } };

/** A HEAD is refused too once no pulls remain: nobody has measured which it is. */
const silentHub: WorldOptions = { registryWays: { "docker-hub": { headAtZero: "refuses" } } };

const daemon = { ...prefect, launchType: "EC2", schedulingStrategy: "DAEMON", desiredCount: 2 };
const machines = (...architectures: string[]) => ({
  machines: { prod: architectures.map((architecture) => ({ architecture })) },
});
const PLATFORMS = ["linux/amd64", "linux/arm64", "linux/s390x"];
const threePlatforms = { images: { "prefecthq/prefect:3": { platforms: PLATFORMS } } };

const QUAY = "quay.io/shop/api:7";
const quayService = { image: QUAY };
const quay = { "quay.io": { images: { "shop/api:7": {} }, quota: { remaining: 0 } } };
const countingQuay: WorldOptions = { registryWays: { plain: { counts: true } } };

type Row = {
  readonly because: string;
  readonly world: object;
  readonly policy?: Partial<Policy>;
  readonly options?: WorldOptions;
  /** Strategies that won, plan after plan; and how it ended. */
  readonly wins: string;
  /** Strategy → why it did not win the first plan in which it lost. */
  readonly loses?: Readonly<Record<string, RegExp>>;
  readonly runs?: RegExp;
  /** The platforms of which ECR holds the image at the end. */
  readonly copies?: readonly string[];
};

const table: readonly Row[] = [
  {
    because: "a rule fills its cache before the service is touched",
    world: world({ service: prefect, more: rule() }),
    wins: "pull-through, pull-through: settled",
    loses: { "own-copy": /no copy of it is there/ },
    runs: new RegExp(`^${ECR}/hub/prefecthq/prefect@sha256:`),
  },
  {
    because: "an official image is under library/ in the cache",
    world: world({ more: rule() }),
    wins: "pull-through, pull-through: settled",
    runs: new RegExp(`^${ECR}/hub/library/nginx@sha256:`),
  },
  {
    because: "a rule at the root has no prefix",
    world: world({ service: prefect, more: rule({ prefix: "ROOT" }) }),
    wins: "pull-through, pull-through: settled",
    runs: new RegExp(`^${ECR}/prefecthq/prefect@sha256:`),
  },
  {
    because: "a rule may lead to one namespace only",
    world: world({
      service: prefect,
      more: rule({ prefix: "hub/prefect", upstreamPrefix: "prefecthq" }),
    }),
    wins: "pull-through, pull-through: settled",
    runs: new RegExp(`^${ECR}/hub/prefect/prefect@sha256:`),
  },
  {
    because: "a rule for another namespace is no way",
    world: world({ service: prefect, more: rule({ upstreamPrefix: "library" }) }),
    wins: "fresh-mirror, own-copy: settled",
    loses: { "pull-through": /the rule hub leads to docker\.io\/library\/ only/ },
  },
  {
    because: "a rule whose secret is known to be wrong is passed over",
    world: world({ service: prefect, more: rule({ secretIsWrong: true }) }),
    wins: "fresh-mirror, own-copy: settled",
    loses: { "pull-through": /finds the rule hub wanting: the upstream refuses its secret/ },
  },
  {
    because:
      "a wrong secret that nobody may ask about shows when the cache is filled, and the next place has its turn",
    world: world({
      service: prefect,
      more: { ...rule({ secretIsWrong: true }), ...refused("ecr:ValidatePullThroughCacheRule") },
    }),
    wins: "pull-through, fresh-mirror, own-copy: settled",
    loses: { "pull-through": /could not fetch it from docker\.io: the upstream refuses the rule's secret/ },
  },
  {
    because: "the limit of the rule's own account is a reason, and the next place's turn",
    world: world({ service: prefect, more: rule({ account: "spent" }) }),
    wins: "pull-through, fresh-mirror, own-copy: settled",
    loses: { "pull-through": /the upstream's limit is reached for the rule's account/ },
  },
  {
    because: "rules that may not be read are no rules",
    world: world({ service: prefect, more: { ...rule(), ...refused("ecr:DescribePullThroughCacheRules") } }),
    wins: "fresh-mirror, own-copy: settled",
    loses: { "pull-through": /the account's rules cannot be read/ },
  },
  {
    because: "what is cached whole needs no filling",
    world: world({
      service: prefect,
      ecr: same("hub/prefecthq/prefect:3", PREFECT),
      more: rule({ account: "spent" }),
    }),
    wins: "pull-through: settled",
    runs: new RegExp(`^${ECR}/hub/prefecthq/prefect@sha256:`),
  },
  {
    because: "a moved tag is other bytes, and the trusted ones are copied",
    world: world({ open: { images: { "docker/library/nginx:1.25": { platforms: ["linux/amd64"] } } } }),
    wins: "fresh-mirror, own-copy: settled",
    loses: { "public-mirror": /it holds other bytes: [0-9a-f]{12} instead of [0-9a-f]{12}/ },
  },
  {
    because: "what lacks the tasks' platform is not the image that they need",
    world: world({
      service: { architecture: "ARM64" },
      open: same("docker/library/nginx:1.25", NGINX, { onlyPlatform: "linux/amd64" }),
    }),
    wins: "fresh-mirror, own-copy: settled",
    loses: { "public-mirror": /it holds other bytes/ },
  },
  {
    because: "a tag without layers is nobody's image",
    world: world({ hub: dry, open: { images: { "docker/library/nginx:1.25": { empty: true } } } }),
    policy: { leastProof: "same-publisher" },
    options: silentHub,
    wins: "nothing: stand-still",
    loses: { "public-mirror": /what stands there is empty: it has no layers/ },
  },
  {
    because: "an archived copy is there and cannot be pulled",
    world: world({
      ecr: same("repull/docker.io/library/nginx:1.25", NGINX, { archived: true }),
      open: same("docker/library/nginx:1.25"),
    }),
    wins: "public-mirror: settled",
    loses: { "own-copy": /ECR has archived the image/ },
  },
  {
    because: "the policy may name further repositories",
    world: world({ service: prefect, ecr: same("central/prefecthq/prefect:3", PREFECT) }),
    policy: { copies: ["central/{path}"] },
    wins: "own-copy: settled",
    loses: { "own-copy": /no copy of it is there/ },
    runs: new RegExp(`^${ECR}/central/prefecthq/prefect@sha256:`),
  },
  {
    because: "a copy under the right tag with other bytes is not the image",
    world: world({ service: prefect, ecr: { images: { "repull/docker.io/prefecthq/prefect:3": {} } } }),
    wins: "fresh-mirror, own-copy: settled",
    loses: { "own-copy": /it holds other bytes/ },
  },
  {
    because: "a role that may not pull from ECR is told to pull from ECR Public",
    world: world({
      ecr: same("repull/docker.io/library/nginx:1.25"),
      open: same("docker/library/nginx:1.25"),
      more: denied("ecr:BatchGetImage"),
    }),
    wins: "public-mirror: settled",
    loses: { "own-copy": /^web-execution may not ecr:BatchGetImage$/ },
    runs: /^public\.ecr\.aws\//,
  },
  {
    because: "a role that nobody may ask about is not held against a place",
    world: world({
      ecr: same("repull/docker.io/library/nginx:1.25"),
      more: refused("iam:SimulatePrincipalPolicy"),
    }),
    wins: "own-copy: settled",
  },
  {
    because: "a Fargate task without a role cannot pull from ECR",
    world: world({
      service: { executionRole: false },
      ecr: same("repull/docker.io/library/nginx:1.25"),
      open: same("docker/library/nginx:1.25"),
    }),
    wins: "public-mirror: settled",
    loses: { "own-copy": /without an execution role/ },
  },
  {
    because: "unless the owner lends such tasks one",
    world: world({ service: { executionRole: false }, ecr: same("repull/docker.io/library/nginx:1.25") }),
    policy: { executionRole: "arn:aws:iam::123456789012:role/lent" },
    wins: "own-copy: settled",
  },
  {
    because: "tasks behind endpoints only do not reach ECR Public",
    world: world({
      service: { subnets: ["subnet-a"] },
      open: same("docker/library/nginx:1.25"),
      more: { subnets: { "subnet-a": { route: "none", endpoints: ["ecr.api", "ecr.dkr", "s3"] } } },
    }),
    wins: "fresh-mirror, own-copy: settled",
    loses: {
      "public-mirror": /subnet-a has no way to the internet, and public\.ecr\.aws has no VPC endpoint/,
    },
  },
  {
    because: "and not ECR, where an endpoint is missing",
    world: world({
      service: { subnets: ["subnet-a"] },
      ecr: same("repull/docker.io/library/nginx:1.25"),
      more: { subnets: { "subnet-a": { route: "none", endpoints: ["ecr.api", "s3"] } } },
    }),
    wins: "nothing: stand-still",
    loses: { "own-copy": /no endpoint for ecr\.dkr/, "fresh-mirror": /no endpoint for ecr\.dkr/ },
  },
  {
    because: "an internet gateway is a way for those who have a public address",
    world: world({
      service: { subnets: ["subnet-a"], assignPublicIp: true },
      open: same("docker/library/nginx:1.25"),
      more: { subnets: { "subnet-a": { route: "internet-gateway" } } },
    }),
    wins: "public-mirror: settled",
  },
  {
    because: "signing in is the last rung, and keeps the image",
    world: world({ service: prefect, hub: dry, more: signedUp }),
    policy: { dockerHubSecret: SECRET },
    wins: "sign-in: settled",
    loses: { "fresh-mirror": /grants no more pulls here \(0 of 100 pulls in 6 hours are left/ },
    runs: /^docker\.io\/prefecthq\/prefect@sha256:/,
  },
  {
    because: "nobody signs in with a secret that the role may not read",
    world: world({
      service: prefect,
      hub: dry,
      more: { ...signedUp, ...denied("secretsmanager:GetSecretValue") },
    }),
    policy: { dockerHubSecret: SECRET },
    wins: "nothing: stand-still",
    loses: { "sign-in": /web-execution may not secretsmanager:GetSecretValue/ },
  },
  {
    because: "nor with one of which that is not known",
    world: world({
      service: prefect,
      hub: dry,
      more: { ...signedUp, ...refused("iam:SimulatePrincipalPolicy") },
    }),
    policy: { dockerHubSecret: SECRET },
    wins: "nothing: stand-still",
    loses: {
      "sign-in": /is not checked \(iam:SimulatePrincipalPolicy: .*\); uncheckedSecret would do without/,
    },
  },
  {
    because: "unless the owner says that it will do",
    world: world({
      service: prefect,
      hub: dry,
      more: { ...signedUp, ...refused("iam:SimulatePrincipalPolicy") },
    }),
    policy: { dockerHubSecret: SECRET, uncheckedSecret: true },
    wins: "sign-in: settled",
  },
  {
    because: "without a secret nobody signs in",
    world: world({ service: prefect, hub: dry }),
    wins: "nothing: stand-still",
    loses: {
      "sign-in": /no secret is configured/,
      "pull-through": /no pull-through cache rule for docker\.io/,
    },
  },
  {
    because: "the abuse limit is not cured by an account",
    world: world({
      service: { ...prefect, launchType: "EC2" },
      hub: { trouble: "abuse-limit" },
      more: signedUp,
    }),
    policy: { dockerHubSecret: SECRET },
    wins: "nothing: stand-still",
    loses: { "sign-in": /the abuse limit holds whoever is signed in/ },
  },
  {
    because: "an account whose pulls are spent is not cured by an account",
    world: world({
      service: {
        taskDefinition: {
          family: "web",
          requiresCompatibilities: ["FARGATE"],
          executionRoleArn: "arn:aws:iam::123456789012:role/web-execution",
          containerDefinitions: [
            {
              name: "web",
              image: "prefecthq/prefect:3",
              repositoryCredentials: { credentialsParameter: SECRET },
            },
          ],
        },
      },
      hub: dry,
      more: { secrets: { [SECRET]: { username: "spent", password: "right" } } },
    }),
    policy: { dockerHubSecret: SECRET },
    wins: "nothing: stand-still",
    loses: { "sign-in": /already (?:used|shows) an account/ },
  },
  {
    because: "the configured account copies where nobody may",
    world: world({ service: prefect, hub: { ...dry, repullSignsInAs: "shop" } }),
    policy: { dockerHubSecret: SECRET },
    wins: "fresh-mirror, own-copy: settled",
  },
  {
    because: "and where its pulls are spent, nobody's may be left",
    world: world({ service: prefect, hub: { repullSignsInAs: "spent" } }),
    policy: { dockerHubSecret: SECRET },
    wins: "fresh-mirror, own-copy: settled",
    loses: { "fresh-mirror": /grants no more pulls here \(0 of 200/ },
  },
  {
    because: "where Docker Hub does not even name a digest, the publisher's word is not taken unasked",
    world: world({ hub: dry, open: same("docker/library/nginx:1.25") }),
    options: silentHub,
    wins: "nothing: stand-still",
    loses: { "public-mirror": /its proof is same-publisher, and the policy asks for same-platform/ },
  },
  {
    because: "but where the owner takes it",
    world: world({ hub: dry, open: same("docker/library/nginx:1.25") }),
    policy: { leastProof: "same-publisher" },
    options: silentHub,
    wins: "public-mirror: settled",
  },
  {
    because: "and not of somebody who does not publish both",
    world: world({
      service: { image: "amazon/aws-cli:2" },
      hub: { images: { "amazon/aws-cli:2": {} }, ...dry },
      open: same("aws-cli/aws-cli:2", "docker.io/amazon/aws-cli:2"),
    }),
    policy: { leastProof: "same-publisher" },
    options: silentHub,
    wins: "nothing: stand-still",
    loses: { "public-mirror": /it cannot be compared/ },
  },
  {
    because: "the owner may say where else an image is",
    world: world({
      service: prefect,
      registries: { "ghcr.io": same("shop/prefect:3", PREFECT) },
    }),
    policy: { equivalents: [{ image: "prefecthq/*", use: "ghcr.io/shop/{name}:{tag}", otherBytes: false }] },
    wins: "public-mirror: settled",
    runs: /^ghcr\.io\/shop\/prefect@sha256:/,
  },
  {
    because: "where other bytes stand there, that is not enough",
    world: world({
      service: prefect,
      registries: { "ghcr.io": { images: { "shop/prefect:3": {} } } },
    }),
    policy: { equivalents: [{ image: "prefecthq/*", use: "ghcr.io/shop/{name}:{tag}", otherBytes: false }] },
    wins: "fresh-mirror, own-copy: settled",
    loses: { "public-mirror": /it holds other bytes/ },
  },
  {
    because: "unless the owner wants them for this very image",
    world: world({
      service: prefect,
      registries: { "ghcr.io": { images: { "shop/prefect:3": {} } } },
    }),
    policy: {
      equivalents: [{ image: "prefecthq/prefect", use: "ghcr.io/shop/prefect:{tag}", otherBytes: true }],
    },
    wins: "public-mirror: settled",
  },
  {
    because: "another registry's limit is cured by a copy of its image",
    world: world({ service: quayService, registries: quay, ecr: same("repull/quay.io/shop/api:7", QUAY) }),
    options: countingQuay,
    wins: "own-copy: settled",
    loses: { "public-mirror": /nobody is known to publish quay\.io\/shop\/api/ },
  },
  {
    because: "or by a fresh one, from where it still may be read",
    world: world({ service: quayService, registries: quay }),
    options: countingQuay,
    wins: "fresh-mirror, own-copy: settled",
    loses: { "sign-in": /the limit is quay\.io's, not Docker Hub's/ },
  },
  {
    because: "a daemon on machines of two architectures gets a copy for both, under one name",
    world: world({ service: daemon, hub: threePlatforms, more: machines("X86_64", "ARM64") }),
    wins: "fresh-mirror, own-copy: settled",
    copies: ["linux/amd64", "linux/arm64"],
  },
  {
    because: "on machines of one architecture, a copy for that one",
    world: world({ service: daemon, hub: threePlatforms, more: machines("ARM64", "ARM64") }),
    wins: "fresh-mirror, own-copy: settled",
    copies: ["linux/arm64"],
  },
  {
    because: "an image for fewer architectures than the cluster has is what it is",
    world: world({
      service: { ...daemon, desiredCount: 1 },
      hub: { images: { "prefecthq/prefect:3": { platforms: ["linux/amd64", "linux/s390x"] } } },
      more: machines("X86_64", "ARM64"),
    }),
    wins: "fresh-mirror, own-copy: settled",
    copies: ["linux/amd64"],
  },
  {
    because: "the machines of the service's own capacity provider count, and no others",
    world: world({
      service: { ...prefect, capacityProvider: "graviton" },
      hub: threePlatforms,
      more: {
        machines: {
          prod: [{ architecture: "X86_64" }, { architecture: "ARM64", capacityProvider: "graviton" }],
        },
      },
    }),
    wins: "fresh-mirror, own-copy: settled",
    copies: ["linux/arm64"],
  },
  {
    because: "machines that nobody may ask about may be of any kind: the whole image is copied",
    world: world({ service: daemon, hub: threePlatforms, more: refused("ecs:ListContainerInstances") }),
    wins: "fresh-mirror, own-copy: settled",
    copies: ["linux/amd64", "linux/arm64", "linux/s390x"],
  },
  {
    because: "and a place that has it for one of them only is no place",
    world: world({
      service: { ...daemon, image: "nginx:1.25" },
      hub: dry,
      open: { images: { "docker/library/nginx:1.25": { platforms: ["linux/amd64", "linux/s390x"] } } },
      more: machines("X86_64", "ARM64"),
    }),
    policy: { leastProof: "same-publisher" },
    options: silentHub,
    wins: "nothing: stand-still",
    loses: { "public-mirror": /^it has no linux\/arm64$/ },
  },
  {
    because: "a service that the policy leaves out is left alone",
    world: world({ open: same("docker/library/nginx:1.25") }),
    policy: { services: { include: ["*"], exclude: ["we*"] } },
    wins: ": declined",
  },
  {
    because: "and an image",
    world: world({ open: same("docker/library/nginx:1.25") }),
    policy: { images: { include: ["acme/*"], exclude: [] } },
    wins: ": declined",
  },
];

for (const engine of ["twin", "dying"] as const) {
  describe(`the ladder on the ${engine} engine`, () => climb(engine));
}

function climb(engine: Engine): void {
  for (const row of table) {
    test(`${row.because}: ${row.wins}`, async () => {
      const plans: Plan[] = [];
      const scenario = {
        world: row.world,
        ...(row.policy === undefined ? {} : { policy: row.policy }),
        ...(row.options === undefined ? {} : { options: row.options }),
        onPlan: (plan: Plan) => void plans.push(plan),
      };
      const { world, outcome } = await play(scenario, engine);
      // Who dies and comes again tells each plan again, word for word.
      const told = new Map(plans.map((plan) => [JSON.stringify(plan), plan]));
      const winners = [...told.values()]
        .map(({ images }) => images[0]?.winner?.candidate.strategy ?? "nothing")
        // Where a registry did not answer, it is asked again after a while.
        .filter((winner, index, all) => winner !== "nothing" || all[index - 1] !== "nothing");
      expect(`${winners.join(", ")}: ${outcome.outcome}`, outcome.because).toBe(row.wins);

      for (const [strategy, reason] of Object.entries(row.loses ?? {})) {
        const reasons = [...told.values()].flatMap(({ images }) => [
          ...(images[0]?.losers ?? []).filter(({ candidate }) => candidate.strategy === strategy),
          ...(images[0]?.notOffered ?? []).filter((one) => one.strategy === strategy),
        ]);
        expect(reasons.map(({ because }) => because).join("\n"), strategy).toMatch(reason);
      }
      const { images, running, service } = await stateOf(world, "prod", "web");
      if (row.runs !== undefined) expect(images[0]).toMatch(row.runs);
      if (outcome.outcome === "settled") expect(running).toBe(service.desiredCount);
      if (row.copies !== undefined) expect(copiedPlatforms(world)).toEqual(row.copies);
    });
  }
}

/** The platforms of the origin's image whose manifests the copy's repository holds. */
function copiedPlatforms({ registries }: World): readonly string[] {
  const index = registries.dockerHub.manifest("prefecthq/prefect", "3");
  const { manifests } = JSON.parse(Buffer.from(index?.bytes ?? []).toString()) as {
    manifests: readonly { digest: Digest; platform: Platform }[];
  };
  return manifests
    .filter(({ digest }) => registries.ecr.manifest("repull/docker.io/prefecthq/prefect", digest))
    .map(({ platform }) => printPlatform(platform));
}

describe("a private image", () => {
  const services = [
    {
      cluster: "prod",
      name: "web",
      taskDefinition: {
        family: "web",
        requiresCompatibilities: ["FARGATE"],
        executionRoleArn: "arn:aws:iam::123456789012:role/web-execution",
        containerDefinitions: [
          { name: "web", image: "nginx:1.25" },
          {
            name: "api",
            image: "shop/api:7",
            repositoryCredentials: { credentialsParameter: SECRET },
          },
        ],
      },
    },
  ];
  const hub = {
    images: { "library/nginx:1.25": {}, "shop/api:7": {} },
    privateRepositories: ["shop/api"],
    quota: { remaining: 0 },
    accounts: { shop: { password: "right" } },
    repullSignsInAs: "shop",
  };
  const file = { services, registries: { "docker.io": hub }, ...signedUp };

  for (const [says, privateImages, api] of [
    ["is not copied to where others could read it", [], /^shop\/api:7$/],
    ["is copied where the owner says so", ["shop/*"], new RegExp(`^${ECR}/repull/docker\\.io/shop/api@`)],
  ] as const) {
    test(says, async () => {
      const { world: after, outcome } = await play({
        world: file,
        policy: { dockerHubSecret: SECRET, privateImages: [...privateImages] },
      });
      expect(outcome.outcome, outcome.because).toBe("settled");
      const { images } = await stateOf(after, "prod", "web");
      expect(images[0]).toMatch(new RegExp(`^${ECR}/repull/docker\\.io/library/nginx@`));
      expect(images[1]).toMatch(api);
      const reasons = outcome.images[1]?.passedOver.map(({ because }) => because).join();
      if (privateImages.length === 0) expect(reasons).toMatch(/it is private.*privateImages/);
    });
  }
});
