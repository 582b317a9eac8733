/**
 * A stuck pod healed by a copy that the stack's `mirror` function makes: the controller by Lambda's own client, the function as
 * built under Lambda's emulator, its executions on AWS's local runner. And what the controller makes of a function that is not
 * there, refuses, is throttled, loses its answer, is cut off after its copy, or lies.
 */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { environmentWithAws } from "../../src/cli/commands/kubernetes/controller-environment.ts";
import { createController } from "../../src/controller/create-controller.ts";
import { runController } from "../../src/controller/run-controller.ts";
import { ecrHost } from "../../src/image/ecr-hosts.ts";
import { tryParseReference } from "../../src/image/reference.ts";
import type { Outcome } from "../../src/remediation/report/outcome.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { createSandboxCluster } from "../../src/sandbox/kubernetes/sandbox-cluster.ts";
import { seedImage } from "../../src/sandbox/registry/image-builder.ts";
import { STUB_CREDENTIALS } from "../support/aws/aws-stub.ts";
import {
  EMULATOR_ACCOUNT,
  type EmulatedStack,
  startEmulatedStack,
} from "../support/emulated/emulated-stack.ts";
import { type Fate, openFaultyWay, type WayCall } from "../support/emulated/faulty-way.ts";
import { missingProgram } from "../support/emulated/programs.ts";
import { node, pod } from "../support/kubernetes/cluster-objects.ts";
import { startKubelet } from "../support/kubernetes/kubelet.ts";
import { imageNamed } from "../support/kubernetes/registries-in-memory.ts";
import { readPolicy, type SaidPolicy } from "../support/policy.ts";

const missing = missingProgram();
beforeEach(({ skip }) => skip(missing !== undefined, missing));

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const REPOSITORY = "repull/docker.io/library/app";
const WORLD = {
  registries: {
    "docker.io": {
      images: { "library/app:1": { kilobytes: 100 }, "library/other:1": { kilobytes: 100 } },
      quota: { remaining: 0 },
    },
  },
};

/** Two pods of a Deployment that wait, and a controller whose calls to AWS have the fates that the test says. */
async function stuck(fateOf: (call: WayCall, stack: EmulatedStack) => Fate | undefined = () => undefined) {
  // A function has the clock of this machine: the world begins now.
  const stack = await startEmulatedStack({ ...WORLD, time: new Date().toISOString() }, { policy: {} });
  const { world, stackName } = stack;
  const way = await openFaultyWay(stack.door.url, (call) => fateOf(call, stack));
  ends.push(stack.stop, way.close);
  const { region } = world.home;
  const host = ecrHost(EMULATOR_ACCOUNT, region);
  const { registries } = JSON.parse(stack.account.parameters.get(`/${stackName}/policy`) ?? "{}");
  const policy = readPolicy({ registries, kubernetes: { reachableRegistries: [host] } } as SaidPolicy);
  const asked = await environmentWithAws(
    () => policy,
    { region, endpoint: way.url, credentials: STUB_CREDENTIALS, attemptsMax: 2 },
    EMULATOR_ACCOUNT,
    { copies: "stack", stack: stackName, io: { env: {} }, log: silentLog },
  );

  const cluster = createSandboxCluster();
  cluster.put("nodes", node("a"));
  for (const name of ["repull", "shop"]) cluster.put("namespaces", { metadata: { name } });
  cluster.put("configmaps", {
    metadata: { namespace: "repull", name: "repull-writes" },
    data: { writes: "allowed" },
  } as never);
  for (const name of ["web-1", "web-2"]) cluster.put("pods", pod({ name, of: "web/1", image: "app:1" }));
  const uids = () => cluster.all("pods").map(({ metadata }) => metadata.uid);
  const before = uids();
  // A node runs what ECR has, byte for byte, and meets the limit everywhere else.
  startKubelet(cluster, (of, image) => {
    if (of !== host) return "limit";
    const { path = "", digest = "" } = tryParseReference(image) ?? {};
    return world.registries.ecr.digests(path).includes(digest as never) ? "runs" : "missing";
  });
  const outcomes: Outcome[] = [];
  const stop = new AbortController();
  const parts = createController(
    {
      ...asked,
      cluster,
      clock: systemClock,
      log: silentLog,
      publish: async (outcome) => {
        outcomes.push(outcome);
        await asked.publish(outcome);
      },
    },
    {
      namespace: "repull",
      mode: "remediate" as const,
      identity: "one",
      policy: () => policy,
      allowedRegistries: [`${host}/repull`],
    },
    stop.signal,
  );
  const ended = runController(parts, stop.signal);
  ends.push(async () => {
    stop.abort();
    await ended;
  });
  return {
    stack,
    cluster,
    outcomes,
    before,
    uids,
    images: () => new Set(cluster.all("pods").map(({ spec }) => spec.containers[0]?.image)),
    phases: () => new Set(cluster.all("pods").map(({ status }) => status?.phase)),
    copies: () => world.registries.ecr.digests(REPOSITORY),
    starts: () => stack.executions.all.length,
    reasons: () => new Set(cluster.all("events").map(({ reason }) => reason)),
    host,
  };
}

type Stuck = Awaited<ReturnType<typeof stuck>>;

async function healed(made: Stuck): Promise<void> {
  await vi.waitFor(() => expect(made.phases()).toEqual(new Set(["Running"])), {
    timeout: 90_000,
    interval: 200,
  });
  const [image = "", ...others] = made.images();
  const { host, path, digest = "" } = tryParseReference(image) ?? {};
  expect([host, path, others]).toEqual([made.host, REPOSITORY, []]);
  expect(made.copies()).toContain(digest);
  expect(made.uids()).toEqual(made.before);
}

const isInvoke = ({ method, path }: WayCall) => method === "POST" && path.includes("/invocations");
const isList = ({ method, path }: WayCall) => method === "GET" && /\/durable-executions\?/.test(path);
const refused = (status: number, type: string): Fate => ({
  kind: "answered",
  answer: {
    status,
    headers: { "x-amzn-errortype": type },
    body: JSON.stringify({ Type: "User", Message: type, message: type }),
  },
});

describe("pods that wait for an image of a limited registry", () => {
  it("run the copy that the mirror function has made once, and are the same pods", async () => {
    const made = await stuck();
    await healed(made);
    expect(made.starts()).toBe(1);
    await vi.waitFor(() => expect(made.outcomes.map(({ outcome }) => outcome)).toEqual(["succeeded"]), {
      timeout: 10_000,
    });
  });

  it("run it after a throttle of the start", async () => {
    let left = 3;
    const made = await stuck((call) =>
      isInvoke(call) && left-- > 0 ? refused(429, "TooManyRequestsException") : undefined,
    );
    await healed(made);
    expect([made.starts(), left < 0]).toEqual([1, true]);
  });

  it("run it where the answer to the start is lost, and the image is copied once", async () => {
    let left = 1;
    const made = await stuck((call) => (isInvoke(call) && left-- > 0 ? { kind: "lost" } : undefined));
    await healed(made);
    expect(made.starts()).toBe(1);
  });

  it("run it where the function is cut off after its copy", async () => {
    const made = await stuck((call) =>
      isList(call)
        ? {
            kind: "changed",
            change: (answer) => ({
              ...answer,
              body: answer.body.replaceAll(/"Status":"(?:SUCCEEDED|FAILED)"/g, '"Status":"TIMED_OUT"'),
            }),
          }
        : undefined,
    );
    await healed(made);
    expect(made.starts()).toBe(1);
  });
});

describe("pods stay as they are, and their owner gets an Event,", () => {
  const absent = refused(404, "ResourceNotFoundException");
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, fateOf: (call: WayCall, stack: EmulatedStack) => Fate | undefined])[] = [
    ["when the stack has no mirror function",           (call) => (isInvoke(call) || isList(call) ? absent : undefined)],
    ["when the role may not invoke it",                 (call) => (isInvoke(call) ? refused(403, "AccessDeniedException") : undefined)],
    ["when the role may not see its executions",        (call) => (isList(call) ? refused(403, "AccessDeniedException") : undefined)],
  ];
  for (const [when, fateOf] of table)
    it(when, async () => {
      const made = await stuck(fateOf);
      await vi.waitFor(() => expect(made.reasons()).toContain("ImageNotCopied"), { timeout: 60_000 });
      await vi.waitFor(() => expect(made.outcomes).toHaveLength(1), { timeout: 30_000 });
      expect([made.outcomes.map(({ outcome, reason }) => `${outcome} ${reason}`), made.starts()]).toEqual([
        ["no-substitute no-proof"],
        0,
      ]);
      expect([made.images(), made.copies()]).toEqual([new Set(["app:1"]), []]);
    });

  it("when the function says that it has copied, and has copied other bytes", async () => {
    let evil = "";
    const made = await stuck((call, { world, stackName }) => {
      if (isInvoke(call)) {
        world.registries.ecr.createRepository(REPOSITORY);
        evil = seedImage(world.registries.ecr, REPOSITORY, "1", imageNamed("other bytes"));
        return { kind: "answered", answer: { status: 202, body: "" } };
      }
      if (evil === "" || !call.path.includes("/durable-executions")) return undefined;
      const arn = `arn:aws:lambda:us-east-1:${EMULATOR_ACCOUNT}:function:${stackName}-mirror`;
      const asked = new URL(`http://lambda${call.path}`).searchParams.get("DurableExecutionName");
      const found: JsonObject = {
        DurableExecutionArn: `${arn}:7/durable-execution/copy/1`,
        FunctionArn: arn,
        DurableExecutionName: asked ?? "copy",
        Status: "SUCCEEDED",
        StartTimestamp: Date.now() / 1000,
        Result: JSON.stringify({ kind: "copied" }),
      };
      const body = JSON.stringify(asked === null ? found : { DurableExecutions: [found] });
      return { kind: "answered", answer: { status: 200, body } };
    });
    await vi.waitFor(() => expect(made.outcomes).toHaveLength(1), { timeout: 60_000 });
    expect(made.outcomes.map(({ outcome, reason }) => `${outcome} ${reason}`)).toEqual([
      "no-substitute no-proof",
    ]);
    expect(made.copies()).toContain(evil);
    expect([made.images(), made.starts()]).toEqual([new Set(["app:1"]), 0]);
  });
});
