/** Change Calendars, closed before, in the middle of, and after a remediation. */

import { describe, expect, it } from "vitest";
import { shortRevision } from "../../../src/ecs/arn.ts";
import { detect } from "../../../src/remediation/detect/detect.ts";
import type { ChangeCalendar } from "../../../src/remediation/ports/change-calendar.ts";
import type { Outcome } from "../../../src/remediation/report/outcome.ts";
import { serveWorkflows } from "../../../src/sandbox/install-repull.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { readPolicy } from "../../support/policy.ts";
import { firstFailure } from "../../support/scenario.ts";

const HOUR = 3600;
const file = {
  time: "2026-01-20T10:00:00Z",
  services: [{ cluster: "prod", name: "web", image: "acme/web:1", revision: 42, desiredCount: 1 }],
  registries: { "docker.io": { images: { "acme/web:1": {} }, quota: { remaining: 0 } } },
};
const policy = readPolicy({ changeCalendar: ["freeze"] });

type Played = { readonly world: World; readonly outcome: Outcome; readonly runs: string };

async function remediated(
  world: World,
  calendar: ChangeCalendar = world.ports.changeCalendar,
): Promise<Played> {
  const event = await firstFailure(world);
  const asked = { ...world, ports: { ...world.ports, changeCalendar: calendar } };
  serveWorkflows(asked, { policy });
  world.clock.schedule(world.clock.now(), () => detect(event, world.ports, policy));
  const record = () => world.executions.records.find(({ workflow }) => workflow === "remediate");
  await world.runUntil(() => record() !== undefined && record()?.status !== "running", 40 * HOUR);
  const service = await world.ports.ecs.describeService("prod", "web");
  return { world, outcome: record()?.result as Outcome, runs: shortRevision(service?.taskDefinition ?? "") };
}

const worldWith = (calendars: object) => createWorld(readWorldFile({ ...file, calendars }));
/** Hours from the beginning of the story. */
const opensAfter = (hours: number) => ({
  freeze: [{ until: new Date(Date.parse(file.time) + hours * HOUR * 1000).toISOString() }],
});

describe("a remediation under a Change Calendar", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, calendars: object, outcome: string, runs: string])[] = [
    ["it is open",                        { freeze: [] },     "succeeded", "web:43"],
    ["it opens after some hours",         opensAfter(3),      "succeeded", "web:43"],
    ["it opens after the time budget",    opensAfter(40),     "dry-run",   "web:42"],
    ["it stays closed",                   { freeze: [{}] },   "dry-run",   "web:42"],
    ["there is no such calendar",         {},                 "dry-run",   "web:42"],
  ];
  for (const [when, calendars, outcome, runs] of table)
    it(`ends ${outcome} on ${runs} when ${when}`, async () => {
      const played = await remediated(await worldWith(calendars));
      expect([played.outcome.outcome, played.runs]).toEqual([outcome, runs]);
      if (outcome === "dry-run") {
        expect(played.outcome.reason).toBe("calendar-closed");
        expect(played.world.executions.records.filter(({ workflow }) => workflow === "mirror")).toEqual([]);
      }
    });

  it("begins nothing before it opens", async () => {
    const world = await worldWith(opensAfter(3));
    const event = await firstFailure(world);
    serveWorkflows(world, { policy });
    world.clock.schedule(world.clock.now(), () => detect(event, world.ports, policy));
    await world.clock.advanceTo(Date.parse(file.time) + 2.9 * HOUR * 1000);
    expect(world.executions.records.map(({ workflow }) => workflow)).toEqual(["remediate"]);
    expect((await world.ports.ecs.newestRevisions("web", 2)).map(({ arn }) => shortRevision(arn))[0]).toBe(
      "web:42",
    );
  });
});

describe("a calendar that closes in the middle of a remediation", () => {
  /** It closes once it was read so many times, for an hour. */
  function closesAfter(reads: number, world: World): ChangeCalendar {
    let read = 0;
    let opensAt: number | undefined;
    return {
      async state() {
        read += 1;
        if (read > reads) opensAt ??= world.clock.now() + HOUR * 1000;
        return opensAt === undefined || world.clock.now() >= opensAt
          ? { state: "open" }
          : { state: "closed", opensAt };
      },
    };
  }

  for (const reads of [1, 2, 3, 4, 5, 6])
    it(`is waited for, and the service is healed once, when it closes after ${reads} reads`, async () => {
      const world = await worldWith({});
      const played = await remediated(world, closesAfter(reads, world));
      expect([played.outcome.outcome, played.runs]).toEqual(["succeeded", "web:43"]);
      expect(
        (await world.ports.ecs.newestRevisions("web", 5)).map(({ arn }) => shortRevision(arn)),
      ).not.toContain("web:44");
    });
});

describe("an attempt that a closed calendar has ended", () => {
  it("does not count: the service is healed once the calendar is open, however many failures came before", async () => {
    // No pull is ever granted from there, and another registry has the image.
    const never = {
      ...file,
      services: [{ cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 1 }],
      registries: {
        "docker.io": { images: { "library/nginx:1.25": {} }, quota: { limit: 0 } },
        "public.ecr.aws": {
          images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } },
        },
      },
      calendars: opensAfter(100),
    };
    const world = await createWorld(readWorldFile(never));
    serveWorkflows(world, { policy });
    world.bus.subscribe(async (document) => {
      if (document.source === "aws.ecs") await detect(document, world.ports, policy);
    });
    await world.run(99 * HOUR);
    const before = world.executions.records.filter(({ workflow }) => workflow === "remediate");
    expect(before.length).toBeLessThanOrEqual(8);
    await world.run(12 * HOUR);
    const service = await world.ports.ecs.describeService("prod", "web");
    expect(shortRevision(service?.taskDefinition ?? "")).toBe("web:43");
  });
});
