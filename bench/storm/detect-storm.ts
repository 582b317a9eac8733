/** Part one: ten thousand events of 300 deployments, with doubles and in disorder, in batches of SQS to `detect`. */

import { readFile } from "node:fs/promises";
import { createRandom } from "../../src/sandbox/random.ts";
import { EMULATOR_ACCOUNT, startEmulatedStack } from "../../test/support/emulated/emulated-stack.ts";
import { type Fate, openFaultyWay, type WayCall } from "../../test/support/emulated/faulty-way.ts";
import { startEmulator } from "../../test/support/emulated/programs.ts";
import { openDoorLog } from "./door-log.ts";
import { nameOf } from "./storm-world.ts";

export type DetectStorm = {
  readonly events: number;
  readonly batches: number;
  readonly deployments: number;
  readonly doubles: number;
  readonly starts: number;
  /** Messages that `detect` gave back, each of which SQS delivers again. */
  readonly failures: number;
  readonly cpuSeconds: number;
  readonly eventsPerCpuSecond: number;
  readonly callsToAws: number;
};

const BATCH = 10;
/** Of `detect`: Lambda runs several, and each knows nothing of the others. */
const PROCESSES = 2;
const DOUBLE_EVERY = 8;

export async function detectStorm(
  {
    events,
    deployments,
    hasFaults = false,
  }: { readonly events: number; readonly deployments: number; readonly hasFaults?: boolean },
  logPath: string,
): Promise<DetectStorm> {
  const bodies = await eventBodies(events, deployments);
  const log = openDoorLog(logPath, () => performance.now());
  const held = Promise.withResolvers<void>();
  let callsToAws = 0;
  const stack = await startEmulatedStack(
    { services: [] },
    {
      held: held.promise,
      onAnswer(call, answer) {
        log.onAnswer(call, answer);
        callsToAws += 1;
      },
    },
  );
  const way = hasFaults ? await openFaultyWay(stack.door.url, faults()) : undefined;
  const processes = await Promise.all(
    Array.from({ length: PROCESSES }, () =>
      startEmulator({
        bundle: "detect",
        functionName: `${stack.stackName}-detect`,
        environment: {
          ...stack.environment,
          ...(way === undefined ? {} : { AWS_ENDPOINT_URL: way.url }),
        },
        timeoutSeconds: 60,
      }),
    ),
  );
  try {
    const batches = batchesOf(bodies);
    let failures = 0;
    for (let due = batches; due.length > 0; ) {
      const again: string[] = [];
      let next = 0;
      await Promise.all(
        processes.map(async (detect) => {
          for (let batch = due[next++]; batch !== undefined; batch = due[next++]) {
            const { body } = await detect.invoke(JSON.stringify({ Records: batch.map(stack.recordOf) }));
            const { batchItemFailures } = JSON.parse(body) as {
              batchItemFailures?: readonly { readonly itemIdentifier: string }[];
            };
            if (batchItemFailures === undefined) throw new Error(`detect answered ${body}`);
            const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
            again.push(
              ...batch.filter((text, index) => failed.has(stack.recordOf(text, index).messageId as string)),
            );
          }
        }),
      );
      failures += again.length;
      due = batchesOf(again);
    }
    const used = await Promise.all(processes.map((one) => one.cpuSeconds()));
    const cpuSeconds = used.reduce<number>((sum, one = 0) => sum + one, 0);
    return {
      events,
      batches: batches.length,
      deployments,
      doubles: events - new Set(bodies).size,
      starts: stack.executions.all.length,
      failures,
      cpuSeconds,
      eventsPerCpuSecond: events / cpuSeconds,
      callsToAws,
    };
  } finally {
    await Promise.all(processes.map((one) => one.stop()));
    await way?.close();
    await stack.stop();
    await log.close();
  }
}

const REFUSED_PART = 0.04;
const THROTTLED_PART = 0.08;
const LOST_PART = 0.12;

/** Of Lambda's calls some are refused, some throttled, and of some the answer is lost after they were carried out. */
function faults(): (call: WayCall) => Fate | undefined {
  const random = createRandom("faults");
  const answered = (status: number, code: string): Fate => ({
    kind: "answered",
    answer: { status, headers: { "x-amzn-errortype": code }, body: '{"message":"a fault of the storm"}' },
  });
  return ({ path }) => {
    if (!/\/(?:invocations|durable-executions)(?:\?|$)/.test(path)) return undefined;
    const chance = random.next();
    if (chance < REFUSED_PART) return answered(403, "AccessDeniedException");
    if (chance < THROTTLED_PART) return answered(429, "TooManyRequestsException");
    return chance < LOST_PART ? { kind: "lost" } : undefined;
  };
}

/** The recorded event, as tasks of these deployments would have reported it, some twice, in no order. */
async function eventBodies(count: number, deployments: number): Promise<readonly string[]> {
  const sample = await readFile(new URL("../../events/fargate-service.json", import.meta.url), "utf8");
  const text = JSON.stringify(JSON.parse(sample)).replaceAll("123456789012", EMULATOR_ACCOUNT);
  const { detail, id } = JSON.parse(text) as { id: string; detail: { taskArn: string; startedBy: string } };
  const task = detail.taskArn.split("/").at(-1) ?? "";
  const began = Date.now() - 60_000;
  const bodies: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const before = bodies.at(-1);
    if (before !== undefined && index % DOUBLE_EVERY === 0) {
      bodies.push(before);
      continue;
    }
    const deployment = index % deployments;
    bodies.push(
      text
        .replaceAll(id, `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`)
        .replaceAll(task, String(index).padStart(32, "0"))
        .replaceAll(detail.startedBy, `ecs-svc/${9_000_000_000_000 + deployment}`)
        .replaceAll("service:web", `service:${nameOf(deployment)}`)
        .replace(/"time":"[^"]*"/, `"time":"${new Date(began + index).toISOString()}"`),
    );
  }
  const random = createRandom("storm");
  return bodies
    .map((body) => ({ body, place: random.next() }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ body }) => body);
}

function batchesOf(bodies: readonly string[]): readonly (readonly string[])[] {
  const count = Math.ceil(bodies.length / BATCH);
  return Array.from({ length: count }, (_, index) => bodies.slice(index * BATCH, (index + 1) * BATCH));
}
