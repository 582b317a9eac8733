/** Deployments that a lifecycle hook holds: until their images are in ECR, for a quarter of an hour, and never by a fault. */

import { describe, expect, test } from "vitest";
import {
  HOLD_MINUTES_MAX,
  type HoldPorts,
  holdDeployment,
} from "../../../src/prevention/prefill/hold-deployment.ts";
import { mirror } from "../../../src/remediation/mirror/mirror-workflow.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { readPolicy, type SaidPolicy } from "../../support/policy.ts";

const AHEAD = { mirrors: { prefill: true } } as const;
const SECONDS = 1000;
const SIZE = { kilobytes: 2000 };
const MANY = ["acme/a:1", "acme/b:1", "acme/c:1", "acme/d:1", "acme/e:1"];

type Given = {
  readonly policy?: SaidPolicy;
  /** Parameter Store never answers. */
  readonly reads?: "nothing";
  /** What becomes of a copy; absent: it is made. */
  readonly copy?: "never ends" | "fails";
  readonly ports?: (ports: HoldPorts) => HoldPorts;
  readonly event?: (event: JsonObject) => unknown;
  readonly service?: object;
  /** How long the deployment has run when ECS asks first. */
  readonly minutes?: number;
};

/** Asks as ECS does: again after each delay, until the answer is final; answers how often, and after how many seconds. */
async function held(given: Given = {}) {
  const { policy = AHEAD, copy, ports = (all) => all, event = (all) => all, service, minutes = 0 } = given;
  const { reads } = given;
  const world = await createWorld(
    readWorldFile({
      services: [
        {
          cluster: "prod",
          name: "web",
          image: "acme/web:1",
          desiredCount: 1,
          ...service,
        },
      ],
      registries: {
        "docker.io": { images: Object.fromEntries(["acme/web:1", ...MANY].map((name) => [name, SIZE])) },
      },
    }),
  );
  world.executions.serve("mirror", async (input, steps) => {
    if (copy === "never ends") await steps.wait("for good", 86_400);
    if (copy === "fails") throw new Error("no copy");
    return await mirror(input, world.ports, readPolicy(policy), steps);
  });
  if (minutes > 0) await world.run(minutes * 60);
  const begun = world.clock.now();
  const all = ports({ ...world.ports, killSwitch: { activeReason: async () => undefined } });
  const codes: string[] = [];
  let atOnce = 0;
  for (;;) {
    const result = await within(world, () =>
      holdDeployment(event(asked(world)), world.clock, async () => ({
        policy: reads === "nothing" ? await new Promise<never>(() => {}) : readPolicy(policy),
        clusterPattern: "*",
        ports: all,
      })),
    );
    codes.push(result.code);
    atOnce = Math.max(atOnce, world.executions.records.filter(({ status }) => status === "running").length);
    if (result.answer.hookStatus === "SUCCEEDED") break;
    await world.run(result.answer.callBackDelay);
  }
  return { world, codes, atOnce, seconds: (world.clock.now() - begun) / SECONDS };
}

async function within<T>(world: World, run: () => Promise<T>): Promise<T> {
  let result: { readonly value: T } | undefined;
  world.clock.schedule(world.clock.now(), async () => {
    result = { value: await run() };
  });
  await world.runUntil(() => result !== undefined, 600);
  if (result === undefined) throw new Error("no answer came");
  return result.value;
}

/** The shape of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html (read 2026-11). */
function asked({ cluster }: World): JsonObject {
  const [service] = cluster.services();
  const id = service?.deployments[0]?.revisionId ?? "";
  const at = (kind: string) => `arn:aws:ecs:us-east-1:123456789012:${kind}/prod/web`;
  return {
    executionId: "e8d5a28f-eb01-4f3c-9454-a30ba6dc54bc",
    lifecycleStage: "PRE_SCALE_UP",
    resourceArn: `${at("service-deployment")}/EZe5RNVLH6PPzHXINuP28`,
    executionDetails: {
      serviceArn: at("service"),
      targetServiceRevisionArn: `${at("service-revision")}/${id}`,
      testTrafficWeights: {},
      productionTrafficWeights: {},
    },
  };
}

describe("a deployment", () => {
  test("waits for the copy of its image, and goes on when it is there", async () => {
    const { codes, seconds, world } = await held();
    expect(codes).toEqual(["copying", "nothing-to-wait-for"]);
    expect(seconds).toBeLessThan(60);
    expect(world.executions.records.map(({ name, status }) => [name[0], status])).toEqual([
      ["a", "succeeded"],
    ]);
  });

  test("waits a quarter of an hour at most, from its own beginning", async () => {
    const { codes, seconds } = await held({ copy: "never ends" });
    expect(codes.at(-1)).toBe("time-over");
    expect(seconds).toBeLessThanOrEqual(HOLD_MINUTES_MAX * 60 + 1);
    expect(seconds).toBeGreaterThan(HOLD_MINUTES_MAX * 60 - 60);
    const late = await held({ copy: "never ends", minutes: 14 });
    expect(late.seconds).toBeLessThanOrEqual(61);
  });

  test("of five images waits for all of them, and two are copied at once", async () => {
    const containerDefinitions = MANY.map((image, index) => ({ name: `c${index}`, image }));
    const taskDefinition = { family: "web", requiresCompatibilities: ["FARGATE"], containerDefinitions };
    const { world, codes, atOnce } = await held({ service: { image: undefined, taskDefinition } });
    expect(atOnce).toBe(2);
    expect(codes.at(-1)).toBe("nothing-to-wait-for");
    expect(world.executions.records.map(({ status }) => status)).toEqual(MANY.map(() => "succeeded"));
  });

  test("goes on when its copy fails", async () => {
    const { codes } = await held({ copy: "fails" });
    expect(codes).toEqual(["copying", "nothing-to-wait-for"]);
  });

  const fails = async (): Promise<never> => {
    throw new AwsError("denied", "ecs:x", "no");
  };
  const silent = () => new Promise<never>(() => {});
  const details = (changed: JsonObject) => (event: JsonObject) => ({
    ...event,
    executionDetails: { ...(event.executionDetails as JsonObject), ...changed },
  });
  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, Given, string]>([
    ["the policy does not want it",              { policy: {} },                                                                    "prefill-off"],
    ["its service opted out",                    { service: { tags: { repull: "off" } } },                                          "opted-out"],
    ["it is another stage",                      { event: (event) => ({ ...event, lifecycleStage: "POST_SCALE_UP" }) },              "other-stage"],
    ["the event is empty",                       { event: () => ({}) },                                                             "other-stage"],
    ["the event is a text",                      { event: () => "event" },                                                          "other-stage"],
    ["the event names no service",               { event: details({ serviceArn: null }) },                                          "malformed"],
    ["the event names another account",          { event: details({ serviceArn: "arn:aws:ecs:us-east-1:210987654321:service/prod/web" }) }, "other-account"],
    ["ECS does not know the revision",           { event: details({ targetServiceRevisionArn: "arn:aws:ecs:us-east-1:123456789012:service-revision/prod/web/7" }) }, "deployment-unknown"],
    ["its deployments may not be read",          { ports: (all) => ({ ...all, ecs: { ...all.ecs, listServiceDeployments: fails } }) },   "AwsError"],
    ["its revision may not be read",             { ports: (all) => ({ ...all, ecs: { ...all.ecs, describeServiceRevisions: fails } }) }, "AwsError"],
    ["ECS does not answer",                      { ports: (all) => ({ ...all, ecs: { ...all.ecs, describeService: silent } }) },         "Error"],
    ["the policy never comes",                   { reads: "nothing" },                                                              "Error"],
    ["copies may not be started",                { ports: (all) => ({ ...all, executions: { ...all.executions, start: fails } }) },      "AwsError"],
    ["the kill switch cannot be read",           { ports: (all) => ({ ...all, killSwitch: { activeReason: fails } }) },                  "AwsError"],
  ])("goes on at once where %s", async (_because, given, code) => {
    const { codes } = await held(given);
    expect(codes).toEqual([code]);
  });
});
