/**
 * What comes before a limit, as built: `prefill`, `hook` and `deployment-hook` under Lambda's emulator and runtime client, the
 * copies on the durable functions local runner, and the account of a sandbox world behind one address.
 */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HookAnswer } from "../../src/prevention/hook/hook-answer.ts";
import type { Json, JsonObject } from "../../src/runtime/json.ts";
import {
  type BundleName,
  EMULATOR_ACCOUNT,
  type EmulatedStack,
  startEmulatedStack,
} from "../support/emulated/emulated-stack.ts";
import { missingProgram } from "../support/emulated/programs.ts";
import { resourceEvent, storedEvent, TOKEN, taskDefinition } from "../support/hook-events.ts";

const missing = missingProgram();
beforeEach(({ skip }) => skip(missing !== undefined, missing));

const running: EmulatedStack[] = [];
afterEach(async () => {
  for (const stack of running.splice(0)) {
    expect(stack.door.broken).toEqual([]);
    await stack.stop();
  }
});

const WORLD = {
  services: [{ cluster: "prod", name: "web", image: "acme/web:1", desiredCount: 1 }],
  registries: {
    "docker.io": { images: { "acme/web:1": { kilobytes: 100 }, "nginx:1.27": { kilobytes: 10 } } },
    "public.ecr.aws": { images: { "docker/library/nginx:1.27": { sameAs: "docker.io/library/nginx:1.27" } } },
  },
};

async function started(policy: JsonObject, environment: Record<string, string> = {}): Promise<EmulatedStack> {
  // A function has the clock of this machine: the world begins now.
  const world = { ...WORLD, time: new Date().toISOString() };
  const stack = await startEmulatedStack(world, { policy, environment });
  running.push(stack);
  return stack;
}

async function invoked<T>(stack: EmulatedStack, name: BundleName, event: unknown): Promise<T> {
  const { status, body } = await (await stack.functionOf(name)).invoke(JSON.stringify(event));
  expect([status, body.slice(0, 300)]).toEqual([200, expect.any(String)]);
  return JSON.parse(body) as T;
}

const nameOf = ({ world }: EmulatedStack) => {
  const [service] = world.cluster.services();
  const [deployment] = service?.deployments ?? [];
  return { arn: service?.arn ?? "", id: deployment?.id ?? "", revision: deployment?.revisionId ?? "" };
};
const deployed = (stack: EmulatedStack): JsonObject => {
  const { arn, id } = nameOf(stack);
  const body = {
    version: "0",
    source: "aws.ecs",
    "detail-type": "ECS Deployment State Change",
    account: EMULATOR_ACCOUNT,
    region: "us-east-1",
    resources: [arn],
    detail: { eventName: "SERVICE_DEPLOYMENT_IN_PROGRESS", deploymentId: id },
  };
  return { Records: [stack.recordOf(JSON.stringify(body), 0)] };
};
const AHEAD = { mirrors: { prefill: true } };

describe("prefill", () => {
  it("has one copy made for an event that comes twice, and knows of it afterwards", async () => {
    const stack = await started(AHEAD);
    type Results = readonly {
      readonly images: readonly { readonly kind: string; readonly code?: string }[];
    }[];
    const first = await invoked<Results>(stack, "prefill", deployed(stack));
    expect(first).toMatchObject([{ kind: "looked", images: [{ image: "acme/web:1", kind: "started" }] }]);
    const second = await invoked<Results>(stack, "prefill", deployed(stack));
    expect(["running", "copied"]).toContain(second[0]?.images[0]?.kind);
    const ended = [...(await stack.settle())];
    expect(ended).toEqual([[expect.stringMatching(/^a-/), "SUCCEEDED"]]);
    const third = await invoked<Results>(stack, "prefill", deployed(stack));
    expect(third[0]?.images[0]).toMatchObject({ kind: "copied" });
    expect(Object.keys(stack.world.registries.ecr.tags("repull/docker.io/acme/web"))).toContainEqual(
      expect.stringMatching(/^1-[0-9a-f]{12}$/),
    );
    expect(stack.world.cluster.services()[0]?.taskDefinition).toMatch(/:1$/);
  });

  it("copies nothing where the policy does not say so", async () => {
    const stack = await started({});
    expect(await invoked<Json>(stack, "prefill", deployed(stack))).toMatchObject([{ code: "prefill-off" }]);
    expect(await stack.settle()).toEqual(new Map());
  });
});

describe("deployment-hook", () => {
  it("holds a deployment while its image is copied, and lets it go on then", async () => {
    const stack = await started(AHEAD);
    const { arn, revision } = nameOf(stack);
    const event = {
      executionId: "1",
      lifecycleStage: "PRE_SCALE_UP",
      resourceArn: `${arn.replace(":service/", ":service-deployment/")}/1`,
      executionDetails: {
        serviceArn: arn,
        targetServiceRevisionArn: `${arn.replace(":service/", ":service-revision/")}/${revision}`,
      },
    };
    expect(await invoked<Json>(stack, "deployment-hook", event)).toEqual({
      hookStatus: "IN_PROGRESS",
      callBackDelay: 20,
    });
    await stack.settle();
    expect(await invoked<Json>(stack, "deployment-hook", event)).toEqual({ hookStatus: "SUCCEEDED" });
  });

  it("lets a deployment go on by a fault of its own", async () => {
    const stack = await started(AHEAD, { REPULL_MIRROR_PREFIX: "NO / " });
    expect(await invoked<Json>(stack, "deployment-hook", {})).toEqual({ hookStatus: "SUCCEEDED" });
  });
});

describe("hook", () => {
  it("names the proved replacement of each image, within 20 seconds", async () => {
    const stack = await started({});
    const begun = performance.now();
    const answer = await invoked<HookAnswer>(
      stack,
      "hook",
      resourceEvent(taskDefinition(["nginx:1.27", "acme/web:1"])),
    );
    expect(performance.now() - begun).toBeLessThan(20_000);
    expect(answer).toMatchObject({
      hookStatus: "FAILED",
      errorCode: "NonCompliant",
      clientRequestToken: TOKEN,
    });
    expect(answer.annotations?.map(({ remediationMessage }) => remediationMessage)).toEqual([
      expect.stringContaining("public.ecr.aws/docker/library/nginx@sha256:"),
      expect.stringContaining("repull mirror acme/web:1"),
    ]);
  });

  it.each<readonly [string, Record<string, string>, unknown]>([
    [
      "a setting is malformed",
      { REPULL_MIRROR_PREFIX: "NO / " },
      resourceEvent(taskDefinition(["nginx:1.27"])),
    ],
    ["a template is at another host", {}, storedEvent("https://a.example/key")],
    ["the event is empty", {}, { clientRequestToken: TOKEN }],
  ])("lets a deployment pass where %s", async (_because, environment, event) => {
    const stack = await started({}, environment);
    const answer = await invoked<HookAnswer>(stack, "hook", event);
    expect([answer.hookStatus, answer.clientRequestToken]).toEqual(["SUCCESS", TOKEN]);
  });
});
