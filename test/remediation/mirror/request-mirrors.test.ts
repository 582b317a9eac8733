/** Images on their way into ECR: the cache that is filled, the copy that is refused, and which candidate is tried then. */

import { describe, expect, test } from "vitest";
import type { PullFailure } from "../../../src/ecs-events/pull-failure.ts";
import { digestOf } from "../../../src/image/digest.ts";
import { InvalidInput } from "../../../src/image/invalid-input.ts";
import { mirrorName } from "../../../src/remediation/detect/execution-names.ts";
import { mirror } from "../../../src/remediation/mirror/mirror-workflow.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import type { ExecutionStatus, ImportResult, Ports } from "../../../src/remediation/ports/ports.ts";
import type { Survey } from "../../../src/remediation/survey/types.ts";
import { next, withSeen } from "../../../src/remediation/workflow/next.ts";
import { observe, subjectOf } from "../../../src/remediation/workflow/observe.ts";
import { readPolicyOnce } from "../../../src/remediation/workflow/read-policy-once.ts";
import { remediateWithPolicy } from "../../../src/remediation/workflow/remediate-with-policy.ts";
import { FIRST_STATE, type State } from "../../../src/remediation/workflow/state.ts";
import { write } from "../../../src/remediation/workflow/write.ts";
import { runInProcess } from "../../../src/runtime/in-process-steps.ts";
import { createWorld } from "../../../src/sandbox/world/world.ts";
import type { ImagePlan } from "../../../src/substitution/plan-types.ts";
import { DEFAULT_POLICY } from "../../../src/substitution/policy/policy.ts";
import { readPolicy } from "../../support/policy.ts";
import { firstFailure } from "../../support/scenario.ts";

const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const OCI = "application/vnd.oci.image.manifest.v1+json";
const text = (value: object) => new TextEncoder().encode(JSON.stringify(value));
const config = digestOf("config");
const layer = digestOf("layer");
const descriptor = (digest: string, mediaType: string) => ({ mediaType, digest, size: 5 });
const manifest = text({
  schemaVersion: 2,
  mediaType: OCI,
  config: descriptor(config, "application/vnd.oci.image.config.v1+json"),
  layers: [descriptor(layer, "application/vnd.oci.image.layer.v1.tar+gzip")],
});
const DIGEST = digestOf(manifest);
const imported: ImportResult = { kind: "imported", bytes: manifest, mediaType: OCI };
const warming = { kind: "fill-cache", target: `${ECR}/hub/library/nginx:1`, digest: DIGEST };

type EcrAnswers = {
  readonly imports?: readonly (ImportResult | AwsError)[];
  /** Blobs come after so many looks; absent: they are there. */
  readonly looks?: number;
  readonly prefix?: string;
};

/** A mirror workflow over an ECR that answers so; how it ended, and how long it took in seconds. */
async function run(request: unknown, { imports = [imported], looks = 0, prefix = "hub" }: EcrAnswers) {
  const world = await createWorld({ services: [] });
  let asked = 0;
  let seen = 0;
  const ecr: Ports["ecr"] = {
    ...world.ports.ecr,
    pullThroughRules: async () => [{ prefix, upstreamHost: "registry-1.docker.io" }],
    async importImage() {
      const answer = imports[Math.min(asked, imports.length - 1)];
      asked += 1;
      if (answer instanceof Error || answer === undefined) throw answer;
      return answer;
    },
    missingLayers: async (_repository, digests) => (seen++ < looks ? digests : []),
    fetchLayer: async () => {},
  };
  const begun = world.clock.now();
  let ended: unknown;
  world.clock.schedule(begun, async () => {
    ended = await runInProcess((steps) => mirror(request, { ...world.ports, ecr }, DEFAULT_POLICY, steps), {
      clock: world.clock,
    }).catch((error: unknown) => error);
  });
  await world.runUntil(() => ended !== undefined, 24 * 3600);
  return { ended, asked, seconds: (world.clock.now() - begun) / 1000 };
}

describe("filling a pull-through cache", () => {
  const refused = (because: string, isTransient = false): ImportResult => ({
    kind: "refused",
    isTransient,
    because,
  });

  test("ends when the image and all its blobs are there", async () => {
    const { ended, seconds } = await run(warming, { looks: 3 });
    expect(ended).toMatchObject({ kind: "warmed", digest: DIGEST, blobs: 2 });
    expect(seconds).toBeGreaterThan(5);
    expect(seconds).toBeLessThan(60);
  });

  test("gives up on blobs that never come, after a quarter of an hour", async () => {
    const { ended, seconds } = await run(warming, { looks: Number.POSITIVE_INFINITY });
    expect(ended).toMatchObject({ kind: "refused", because: expect.stringContaining("2 of its 2 blobs") });
    expect(seconds).toBeGreaterThan(14 * 60);
    expect(seconds).toBeLessThan(20 * 60);
  });

  test("is refused once by what asking again does not cure", async () => {
    const { ended, asked } = await run(warming, { imports: [refused("the limit is reached")] });
    expect(ended).toEqual({
      kind: "refused",
      because: "ECR could not fetch it from docker.io: the limit is reached",
    });
    expect(asked).toBe(1);
  });

  test("asks again where the upstream was not there for a moment", async () => {
    const { ended } = await run(warming, { imports: [refused("no answer", true), imported] });
    expect(ended).toMatchObject({ kind: "warmed" });
  });

  test("is refused where Repull has no right to it, in the words of AWS", async () => {
    const { ended } = await run(warming, {
      imports: [
        new AwsError("denied", "ecr:BatchGetImage", "not authorized to ecr:BatchImportUpstreamImage"),
      ],
    });
    expect(ended).toMatchObject({
      kind: "refused",
      because: expect.stringContaining("ecr:BatchImportUpstreamImage"),
    });
  });

  test("does not leave the repositories that rules lead to", async () => {
    const { ended, asked } = await run(warming, { prefix: "elsewhere" });
    expect(ended).toMatchObject({
      kind: "refused",
      because: "no pull-through cache rule leads to hub/library/nginx",
    });
    expect(asked).toBe(0);
  });

  test("does not take other bytes for the image", async () => {
    const { ended } = await run(warming, {
      imports: [{ kind: "imported", bytes: text({ schemaVersion: 2, other: true }), mediaType: OCI }],
    });
    expect(ended).toMatchObject({ kind: "refused", because: expect.stringContaining("does not match") });
  });

  for (const [because, request] of [
    ["another registry", { ...warming, target: "docker.io/library/nginx:1" }],
    ["a target that is none", { ...warming, target: "UPPER" }],
    [
      "a copy outside the prefix",
      { source: "docker.io/library/nginx", digest: DIGEST, target: warming.target },
    ],
    ["a request with more in it", { ...warming, role: "admin" }],
    ["no digest", { ...warming, digest: "latest" }],
  ] as const) {
    test(`never fills ${because}`, async () => {
      const { ended } = await run(request, {});
      expect(ended).toBeInstanceOf(InvalidInput);
    });
  }
});

describe("waiting for a copy", () => {
  const target = `${ECR}/repull/docker.io/library/nginx:1`;
  const source = `docker.io/library/nginx@${DIGEST}`;
  const plan: ImagePlan = {
    image: "nginx:1",
    containers: ["web"],
    failing: true,
    rejected: [],
    substitute: {
      candidate: { strategy: "mirror", image: target, source, samePublisher: false },
      proof: "same-index",
      digest: DIGEST,
      copy: { source, target },
      checks: [],
    },
  };
  const context = {
    failure: {} as PullFailure,
    options: { policy: DEFAULT_POLICY, execution: "r-1-1" },
    region: "us-east-1",
  };
  const SURVEYED = {
    surveyed: {} as Survey,
    plan: { kind: "substitute", images: [plan], policy: DEFAULT_POLICY } as const,
  };
  const nameOf = (attempt: number) =>
    mirrorName("repull-mirror", { digest: DIGEST, target, source }, attempt);

  /** Waits over executions that have ended so, by attempt; what is started ends as `started` says. */
  async function wait(
    past: readonly ExecutionStatus[],
    started: readonly ExecutionStatus[],
    made = new Set<string>(),
  ) {
    const world = await createWorld({ services: [] });
    const known = new Map(past.map((status, index) => [nameOf(index + 1), status]));
    const starts: string[] = [];
    const executions: Ports["executions"] = {
      functionName: (workflow) => `repull-${workflow}`,
      async start(_workflow, name) {
        if (known.has(name)) return "taken";
        known.set(name, started[Math.min(starts.length, started.length - 1)] ?? { status: "succeeded" });
        starts.push(name);
        return "started";
      },
      status: async (_workflow, name) => known.get(name),
    };
    const ports = { ...world.ports, executions };
    let state: State = { ...FIRST_STATE, plan: SURVEYED, mirrored: [...made] };
    for (
      let subject = subjectOf(state, context);
      subject !== "failure";
      subject = subjectOf(state, context)
    ) {
      state =
        subject === "copy"
          ? withSeen(state, await observe(subject, state, context, ports), context)
          : next(state, await write("start-copy", state, context, ports), context);
    }
    return { because: state.rejected.at(-1)?.because, starts };
  }
  const ok: ExecutionStatus = { status: "succeeded" };
  const failed: ExecutionStatus = { status: "failed", because: "a socket" };
  const no: ExecutionStatus = { status: "succeeded", refused: "the limit is reached" };
  const heldUntil = (opensAt: string, max = 200e9): ExecutionStatus => {
    const held = { quota: "bytesPerDay" as const, window: "w", max, used: max, amount: 1e9 };
    return { status: "succeeded", refused: "a quota", held: { ...held, opensAt: Date.parse(opensAt) } };
  };

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [because: string, past: readonly ExecutionStatus[], started: readonly ExecutionStatus[], starts: number, ended: RegExp | undefined])[] = [
    ["a copy that is made is waited for",                     [],                       [ok],               1, undefined],
    ["one that another execution has made is believed",       [ok],                     [],                 0, undefined],
    ["one that failed is tried again",                        [],                       [failed, ok],       2, undefined],
    ["three times",                                           [],                       [failed],           3, /the copy failed \(a socket\)/],
    ["a refusal is not asked for again",                      [],                       [no, ok],           1, /^the limit is reached$/],
    ["failures of long ago delay nothing",                    [failed, failed, failed], [ok],               1, undefined],
    ["refusals of long ago delay nothing: a window may have ended since", [no, no],                 [ok],               1, undefined],
    ["a quota that has refused holds for all who come",         [heldUntil("2026-01-21")], [ok],              0, /^the quota of 200 GB copied per day \(quotas.bytesPerDay\) is reached: 200 GB are used until 2026-01-21 00:00 UTC, and this image has 1 GB$/],
    ["until its day is over",                                 [heldUntil("2026-01-20")], [ok],              1, undefined],
    ["until the policy raises it",                            [heldUntil("2026-01-21", 100e9)], [ok],         1, undefined],
  ];
  for (const [because, past, started, starts, expected] of table) {
    test(because, async () => {
      const ended = await wait(past, started);
      expect(ended.starts).toHaveLength(starts);
      expect(ended.starts).toEqual(ended.starts.map((_, index) => nameOf(past.length + index + 1)));
      if (expected === undefined) expect(ended.because).toBeUndefined();
      else expect(ended.because).toMatch(expected);
    });
  }

  test("a copy that was made and is gone again is made anew", async () => {
    const place = `mirror ${source} → ${target}`;
    expect((await wait([ok], [ok], new Set([place]))).starts).toEqual([nameOf(2)]);
  });
});

describe("a policy that has to be read", () => {
  const failing = {
    services: [{ cluster: "prod", name: "web", image: "nginx:1.25" }],
    registries: {
      "docker.io": { images: { "library/nginx:1.25": {} }, quota: { remaining: 0 } },
      "public.ecr.aws": {
        images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } },
      },
    },
  };

  async function remediated(read: () => Promise<typeof DEFAULT_POLICY>) {
    const world = await createWorld(failing);
    const event = await firstFailure(world);
    let ended: Awaited<ReturnType<typeof remediateWithPolicy>> | undefined;
    world.clock.schedule(world.clock.now(), async () => {
      ended = await runInProcess(
        (steps) =>
          remediateWithPolicy(
            event,
            { read, portsFor: () => world.ports },
            { execution: "r-1", waitForRollout: false },
            steps,
          ),
        { clock: world.clock },
      );
    });
    await world.runUntil(() => ended !== undefined, 3600);
    return { outcome: ended, reported: world.bus.outcomes };
  }

  test("is gone by", async () => {
    const { outcome } = await remediated(async () => readPolicy({ mode: "observe" }));
    expect(outcome?.outcome).toBe("dry-run");
  });

  for (const [because, error] of [
    ["that is none", new InvalidInput("pinning", "one of digest, tag")],
    ["that may not be read", new AwsError("denied", "ssm:GetParameter", "no")],
  ] as const) {
    test(`${because} stops everything, with a record that says why`, async () => {
      const { outcome, reported } = await remediated(() => Promise.reject(error));
      expect(outcome).toMatchObject({
        outcome: "failed",
        because: expect.stringContaining("the policy cannot be read"),
        workload: { name: "web" },
      });
      expect(outcome?.because).toContain(error.message);
      expect(outcome?.nextSteps.join()).toContain("repull policy check");
      expect(reported).toEqual([outcome]);
    });
  }

  test("is asked for again where AWS was busy", async () => {
    const world = await createWorld({ services: [] });
    let asked = 0;
    let policy: unknown;
    world.clock.schedule(world.clock.now(), async () => {
      policy = await runInProcess(
        (steps) =>
          readPolicyOnce(async () => {
            asked += 1;
            if (asked < 3) throw new AwsError("throttled", "ssm:GetParameter", "Rate exceeded");
            return DEFAULT_POLICY;
          }, steps),
        { clock: world.clock },
      );
    });
    await world.runUntil(() => policy !== undefined, 3600);
    expect(policy).toEqual(DEFAULT_POLICY);
  });
});
