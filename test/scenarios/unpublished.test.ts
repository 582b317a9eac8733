/** What becomes of a remediation whose record the event bus does not take. */

import { describe, expect, it } from "vitest";
import { shortRevision } from "../../src/ecs/arn.ts";
import { AwsError, type AwsErrorKind } from "../../src/remediation/ports/aws-error.ts";
import type { Outcome } from "../../src/remediation/report/outcome.ts";
import type { Log } from "../../src/runtime/log.ts";
import { installRepull } from "../../src/sandbox/install-repull.ts";
import { createWorld, type World } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import { readPolicy } from "../support/policy.ts";

const NGINX = { "library/nginx:1.25": { platforms: ["linux/amd64"] } };
const file = {
  services: [{ cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 1 }],
  registries: {
    "docker.io": { images: NGINX, quota: { remaining: 0 } },
    ecr: {
      images: {
        "repull/docker.io/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" },
      },
    },
  },
};

type Played = {
  readonly world: World;
  readonly logged: readonly string[];
  readonly measured: readonly string[];
  /** What had been logged and measured when the bus was asked for the first time. */
  readonly before: readonly string[];
};

/** Heals the service of the file, while the first so many calls of the bus fail. */
async function played(kind: AwsErrorKind, times: number, policy: object = {}): Promise<Played> {
  const logged: string[] = [];
  const measured: string[] = [];
  let before: readonly string[] | undefined;
  const note = (words: string): void => void logged.push(words);
  const log: Log = { debug() {}, info: note, warn: note, error: note };
  const world = await createWorld(readWorldFile(file), { log });
  const { publish } = world.ports.bus;
  let asked = 0;
  Object.assign(world.ports.bus, {
    publish: async (detail: Parameters<typeof publish>[0]) => {
      before ??= [...logged, ...measured];
      asked += 1;
      if (asked <= times) throw new AwsError(kind, "events:PutEvents", `events:PutEvents: ${kind}`);
      await publish(detail);
    },
  });
  installRepull(world, {
    policy: readPolicy(policy),
    onOutcome: ({ outcome }) => void measured.push(outcome),
  });
  const remediation = () => world.executions.records.find(({ workflow }) => workflow === "remediate");
  await world.runUntil(() => (remediation()?.status ?? "running") !== "running", 24 * 3600);
  return { world, logged, measured, before: before ?? [] };
}

const remediationOf = ({ world }: Played) => {
  const record = world.executions.records.find(({ workflow }) => workflow === "remediate");
  if (record?.endedAt === undefined) throw new Error("the remediation has not ended");
  return { ...record, minutes: (record.endedAt - record.startedAt) / 60_000 };
};

describe("a remediation whose bus refuses the record", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["denied",      1_000, { code: "denied", permission: "events:PutEvents" }, 5],
    ["absent",      1_000, { code: "absent" },                                 5],
    ["invalid",     1_000, { code: "invalid" },                                5],
    ["throttled",   1_000, { code: "unavailable" },                            30],
    ["unavailable", 1_000, { code: "unavailable" },                            30],
    ["throttled",   3,     undefined,                                          5],
  ] as const;
  for (const [kind, times, unpublished, minutesMax] of table) {
    it(`succeeds within ${minutesMax} minutes when ${times === 3 ? "three answers" : "all answers"} are ${kind}`, async () => {
      const ended = await played(kind, times);
      const { status, result, minutes } = remediationOf(ended);
      expect(status).toBe("succeeded");
      expect(result).toMatchObject({ outcome: "succeeded" });
      if (unpublished === undefined) expect(result).not.toHaveProperty("unpublished");
      else expect(result).toMatchObject({ unpublished });
      expect(minutes).toBeLessThan(minutesMax);
      const [service] = ended.world.cluster.services();
      expect(shortRevision(service?.taskDefinition ?? "")).toBe("web:43");
    });
  }

  it("has logged and measured its outcome before the bus is asked", async () => {
    const { before, measured } = await played("denied", 1_000);
    expect(before).toEqual(expect.arrayContaining(["remediation succeeded", "succeeded"]));
    expect(measured).toEqual(["succeeded"]);
  });

  it("leaves its question open and readable when the question was not published", async () => {
    const ended = await played("denied", 1, { mode: "approve", approval: { hours: 1 } });
    const { status, result, log } = remediationOf(ended);
    expect(status).toBe("succeeded");
    expect(result).toMatchObject({ outcome: "approval-expired" });
    const asked = log.find(({ name }) => name === "ask 1");
    const told = JSON.parse((asked?.kind === "step" && asked.result) || "{}") as Outcome;
    expect(told.approval?.plan.length).toBeGreaterThan(0);
  });
});
