import { describe, expect, test } from "vitest";
import { outcomeSchema } from "../../src/remediation/report/outcome.ts";
import type { World } from "../../src/sandbox/world/world.ts";
import { ENGINES, inOfficialEnvironment, play, type Scenario, stateOf } from "../support/scenario.ts";

const MULTI = { platforms: ["linux/amd64", "linux/arm64"] };
const ECR_COPY = /^123456789012\.dkr\.ecr\.us-east-1\.amazonaws\.com\/repull\/docker\.io\//;
const PUBLIC = /^public\.ecr\.aws\/docker\/library\//;
const LEFT = /^[a-z]+(?:\/[a-z]+)?:/;

const service = { cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 2 };
const hub = (images: object, quota: object = { remaining: 0 }) => ({ images, quota });
const limited = (extra: object = {}, registries: object = {}) => ({
  services: [{ ...service, ...extra }],
  registries: {
    "docker.io": hub({ "library/nginx:1.25": MULTI, "grafana/grafana:11": MULTI }),
    ...registries,
  },
});
const onPublic = {
  "public.ecr.aws": { images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } } },
};

const ownCopy = {
  ecr: { images: { "repull/docker.io/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } } },
};

type Row = readonly [because: string, outcome: string, images: readonly RegExp[], scenario: Scenario];

const table: readonly Row[] = [
  ["an official image comes from ECR Public", "succeeded", [PUBLIC], { world: limited({}, onPublic) }],
  [
    "EC2's daemon names no image, its container does",
    "succeeded",
    [PUBLIC],
    { world: limited({ launchType: "EC2" }, onPublic) },
  ],
  [
    "another image is copied into ECR",
    "succeeded",
    [ECR_COPY],
    { world: limited({ image: "grafana/grafana:11" }) },
  ],
  [
    "a moved tag on ECR Public is passed over for a copy",
    "succeeded",
    [ECR_COPY],
    { world: limited({}, { "public.ecr.aws": { images: { "docker/library/nginx:1.25": MULTI } } }) },
  ],
  [
    "a copy of long ago is found by its digest",
    "succeeded",
    [ECR_COPY],
    {
      world: limited(
        {},
        {
          ecr: {
            images: { "repull/docker.io/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } },
          },
        },
      ),
    },
  ],
  [
    "another image under the copy's plain tag does not hide the copy",
    "succeeded",
    [ECR_COPY],
    {
      world: limited(
        { image: "grafana/grafana:11" },
        { ecr: { images: { "repull/docker.io/grafana/grafana:11": MULTI } } },
      ),
    },
  ],
  [
    "the sidecar's image would fail next",
    "succeeded",
    [PUBLIC, ECR_COPY],
    {
      world: limited(
        { image: undefined, images: { web: "nginx:1.25", metrics: "grafana/grafana:11" } },
        onPublic,
      ),
    },
  ],
  [
    "ARM tasks get an ARM copy",
    "succeeded",
    [ECR_COPY],
    { world: limited({ image: "grafana/grafana:11", architecture: "ARM64" }) },
  ],
  [
    "the policy may want the whole image",
    "succeeded",
    [ECR_COPY],
    { world: limited({ image: "grafana/grafana:11" }), policy: { mirrors: { platforms: "all" } } },
  ],
  [
    "the whole image, for a cluster of unknown machines",
    "succeeded",
    [ECR_COPY],
    { world: limited({ image: "grafana/grafana:11", launchType: "EC2" }) },
  ],
  [
    "where old tasks serve, they go on serving",
    "succeeded",
    [PUBLIC],
    {
      world: limited(
        { formerly: "nginx:1.24" },
        { ...onPublic, "docker.io": hub({ "library/nginx:1.25": MULTI, "library/nginx:1.24": MULTI }) },
      ),
    },
  ],
  [
    "without waiting, it ends when ECS has accepted",
    "redeployed",
    [PUBLIC],
    { world: limited({}, onPublic), waitForRollout: false },
  ],
  [
    "observing writes nothing",
    "dry-run",
    [LEFT],
    { world: limited({}, onPublic), policy: { mode: "observe" } },
  ],
  [
    "no place, no change",
    "no-substitute",
    [LEFT],
    {
      world: { ...limited({ image: "grafana/grafana:11" }), repullAddress: "shared" },
      policy: { waitForLimit: false },
    },
  ],
  [
    "a copy may be made from ECR Public while Docker Hub refuses",
    "succeeded",
    [ECR_COPY],
    {
      world: { ...limited({}, onPublic), repullAddress: "shared" },
      policy: { strategies: ["mirror"] },
    },
  ],
  [
    "a Fargate task without a role cannot pull from ECR",
    "succeeded",
    [PUBLIC],
    { world: limited({ executionRole: false }, { ...onPublic, ...ownCopy }) },
  ],
  [
    "a Fargate task without a role is left as it is where ECR is the only source",
    "no-substitute",
    [LEFT],
    { world: limited({ image: "grafana/grafana:11", executionRole: false }) },
  ],
  [
    "where tasks cannot pull the substitute, the next place is tried",
    "succeeded",
    [PUBLIC],
    { world: limited({}, { ...onPublic, ...ownCopy }), meanwhile: ecrRefusesPulls },
  ],
  [
    "another container's failing pull is not the substitute's fault",
    "rolled-back",
    [LEFT, /^quay\.io\/acme\/log:1$/],
    {
      world: limited(
        { image: undefined, images: { web: "nginx:1.25", log: "quay.io/acme/log:1" } },
        { ...onPublic, ...ownCopy, "quay.io": { images: { "acme/log:1": MULTI } } },
      ),
      meanwhile: ({ registries }) => {
        registries.byHost
          .get("quay.io")
          ?.fail({ on: "any", as: { kind: "status", status: 404, code: "MANIFEST_UNKNOWN" } });
      },
    },
  ],
  [
    "where tasks cannot pull the only substitute, the previous revision is put back",
    "rolled-back",
    [LEFT],
    {
      world: limited({}, { ...onPublic, ...ownCopy }),
      policy: { strategies: ["ecr-copy"] },
      meanwhile: ecrRefusesPulls,
    },
  ],
  [
    "who opted out is left alone",
    "not-eligible",
    [LEFT],
    { world: limited({ tags: { repull: "off" } }, onPublic) },
  ],
  [
    "CodeDeploy's services are CodeDeploy's",
    "not-eligible",
    [LEFT],
    { world: limited({ controller: "CODE_DEPLOY" }, onPublic) },
  ],
  [
    "an external controller's are its own",
    "not-eligible",
    [LEFT],
    { world: limited({ controller: "EXTERNAL" }, onPublic) },
  ],
  [
    "a copy that crashes is taken back",
    "rolled-back",
    [LEFT],
    {
      world: limited(
        {},
        {
          "public.ecr.aws": {
            images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25", exits: 1 } },
          },
        },
      ),
    },
  ],
  [
    "who deploys meanwhile is not overwritten",
    "superseded",
    [/^nginx:1\.26$/],
    {
      world: limited(
        { image: "grafana/grafana:11" },
        { "docker.io": hub({ "grafana/grafana:11": MULTI, "library/nginx:1.26": MULTI }) },
      ),
      meanwhile: deployNginx126,
    },
  ],
  [
    "AWS that is busy is asked again",
    "succeeded",
    [PUBLIC],
    {
      world: {
        ...limited({}, onPublic),
        refusals: [
          { action: "ecs:RegisterTaskDefinition", kind: "throttled", times: 2 },
          { action: "ecs:UpdateService", kind: "unavailable", times: 2 },
        ],
      },
    },
  ],
  [
    "rights that are missing end it with the reason",
    "failed",
    [LEFT],
    { world: { ...limited({}, onPublic), refusals: [{ action: "ecs:UpdateService", kind: "denied" }] } },
  ],
];

/** The repository's policy is changed under our feet: what could be seen can no longer be pulled. */
function ecrRefusesPulls({ registries }: World): void {
  registries.ecr.fail({
    on: "manifest-get",
    as: { kind: "status", status: 403, code: "DENIED", message: "not authorized" },
  });
}

function deployNginx126(world: World): void {
  const { arn } = register(world);
  world.cluster.updateService("prod", "web", arn);
}

function register(world: World): { arn: string } {
  const arn = world.definitions.register({
    family: "web",
    containerDefinitions: [{ name: "web", image: "nginx:1.26", essential: true }],
  });
  return { arn };
}

for (const engine of ENGINES) {
  describe(`a remediation on the ${engine} engine`, () => {
    if (engine === "official") inOfficialEnvironment();
    for (const [because, expected, images, scenario] of table) {
      test(`${because}: ${expected}`, async () => {
        const { world, outcome, execution } = await play(scenario, engine);
        expect(`${outcome.outcome}: ${outcome.because}`).toMatch(new RegExp(`^${expected}: `));

        const now = await stateOf(world, "prod", "web");
        expect(now.images).toHaveLength(images.length);
        for (const [index, image] of images.entries()) expect(now.images[index]).toMatch(image);
        if (expected === "succeeded")
          expect(now).toMatchObject({ running: now.service.desiredCount, rollout: "COMPLETED" });

        // One record for one remediation; a death between the effect and its record may say it twice.
        expect(new Set(world.bus.outcomes.map((detail) => JSON.stringify(detail))).size).toBe(1);
        expect(outcomeSchema.parse(world.bus.outcomes[0])).toEqual(outcome);
        expect(outcome.execution).toBe(execution);
      });
    }
  });
}

describe("a second look at the same failure", () => {
  test("finds the work done, changes nothing and says which execution did it", async () => {
    const { world, event, outcome } = await play({ world: limited({}, onPublic), waitForRollout: false });
    const before = await stateOf(world, "prod", "web");
    const again = await play({ world: limited({}, onPublic), waitForRollout: false });
    expect(again.outcome.outcome).toBe("redeployed");
    expect(outcome.outcome).toBe("redeployed");

    const { remediate } = await import("../../src/remediation/workflow/remediate.ts");
    const { runInProcess } = await import("../../src/runtime/in-process-steps.ts");
    const { DEFAULT_POLICY } = await import("../../src/substitution/policy/policy.ts");
    const second = await runInProcess(
      (steps) => remediate(event, world.ports, { policy: DEFAULT_POLICY, execution: "r-another-1" }, steps),
      { clock: world.clock },
    );
    expect(second).toMatchObject({ outcome: "ignored" });
    expect(second.because).toContain("already done");
    expect(second.because).toContain("web:43");
    expect(await stateOf(world, "prod", "web")).toEqual(before);
  });
});
