/** A plan that waits for approval: on every engine, whatever happens to the world until the answer is there. */

import { describe, expect, test } from "vitest";
import { detect } from "../../../src/remediation/detect/detect.ts";
import { outcomeSchema } from "../../../src/remediation/report/outcome.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import {
  ENGINES,
  inOfficialEnvironment,
  type OwnersAnswer,
  play,
  type Scenario,
  stateOf,
} from "../../support/scenario.ts";

const service = { cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 2 };
const hub = { images: { "library/nginx:1.25": {}, "grafana/grafana:11": {} }, quota: { remaining: 0 } };
const onPublic = {
  "public.ecr.aws": { images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } } },
};
const elsewhere = { services: [service], registries: { "docker.io": hub, ...onPublic } };
const toBeCopied = {
  services: [{ ...service, image: "grafana/grafana:11" }],
  registries: { "docker.io": hub },
};
const nowhere = { services: [service], repullAddress: "shared", registries: { "docker.io": hub } };

const yes = JSON.stringify({ decision: "approve", by: "Ada" });
const no = JSON.stringify({ decision: "deny", by: "Grace", because: "payment freeze" });

/** Nothing may have been written before the word, neither into ECS nor into ECR. */
const untouched = (world: World): void => {
  expect(world.definitions.newest("web", 10)).toHaveLength(1);
  expect(world.executions.records.filter(({ workflow }) => workflow === "mirror")).toEqual([]);
};
const answer = (says: OwnersAnswer["says"], before: OwnersAnswer["before"] = untouched): OwnersAnswer => ({
  says,
  before,
});
/** The place that was planned with is gone, and there has to be another plan. */
const takenDown = (world: World): void => {
  untouched(world);
  world.registries.ecrPublic.fail({ on: "any", as: { kind: "status", status: 404, code: "NAME_UNKNOWN" } });
};
const deployedByOthers = (world: World): void => {
  const theirs = world.definitions.register({
    family: "web",
    containerDefinitions: [{ name: "web", image: "nginx:1.25" }],
  });
  world.cluster.updateService("prod", "web", theirs);
};
/** Docker Hub's window is over by then, and ECS has pulled by itself. */
const LATER = { afterMinutes: 9 * 60 };

type Row = readonly [
  because: string,
  outcome: string,
  asked: number,
  answers: readonly OwnersAnswer[],
  scenario: Partial<Scenario>,
];

const table: readonly Row[] = [
  ["an approved plan is carried out", "succeeded", 1, [answer(yes)], { world: elsewhere }],
  [
    "a copy is part of the plan, and made after the word alone",
    "succeeded",
    1,
    [answer(yes)],
    { world: toBeCopied },
  ],
  ["a denied plan is left", "denied", 1, [answer(no)], { world: elsewhere }],
  [
    "a callback that fails is a denial",
    "denied",
    1,
    [answer({ failed: "the chat is down" })],
    { world: elsewhere },
  ],
  ["no answer comes", "approval-expired", 1, [], { world: elsewhere }],
  [
    "no approval is asked for where there is nothing to write",
    "no-substitute",
    0,
    [],
    { world: nowhere, policy: { waitForLimit: false } },
  ],
  [
    "another plan needs another word",
    "succeeded",
    2,
    [answer(yes, takenDown), answer(yes)],
    { world: elsewhere },
  ],
  ["another plan may be denied", "denied", 2, [answer(yes, takenDown), answer(no)], { world: elsewhere }],
  [
    "another plan may be left without an answer",
    "approval-expired",
    2,
    [answer(yes, takenDown)],
    { world: elsewhere },
  ],
  ["an invalid answer approves nothing", "succeeded", 2, [answer("yes!"), answer(yes)], { world: elsewhere }],
  [
    "an answer of another shape approves nothing",
    "approval-expired",
    2,
    [answer('{"approve":true}')],
    { world: elsewhere },
  ],
  [
    "answers that cannot be read are not waited for without end",
    "approval-expired",
    5,
    [1, 2, 3, 4, 5, 6].map(() => answer("?")),
    { world: elsewhere },
  ],
  [
    "who deploys meanwhile is not overwritten",
    "superseded",
    1,
    [answer(yes, deployedByOthers)],
    { world: elsewhere },
  ],
];

const released = { word: undefined as string | undefined };
const killSwitch = { activeReason: async () => released.word };

inOfficialEnvironment();

for (const engine of ENGINES) {
  describe(`with an approval, on the ${engine} engine`, () => {
    for (const [because, outcome, asked, answers, scenario] of table) {
      test(`${because}: ${outcome}`, async () => {
        const ended = await play(
          { world: elsewhere, ...scenario, answers, policy: { mode: "approve", ...scenario.policy } },
          engine,
        );
        expect(ended.outcome).toMatchObject({ outcome });
        const asks = ended.world.bus.outcomes.filter((told) => told.outcome === "awaiting-approval");
        expect(new Set(asks.map((told) => outcomeSchema.parse(told).approval?.callbackId)).size).toBe(asked);
        if (outcome === "denied" || outcome === "approval-expired") {
          expect(ended.world.definitions.newest("web", 10)).toHaveLength(1);
          expect((await stateOf(ended.world, "prod", "web")).images).toEqual([service.image]);
        }
      });
    }

    test("a kill switch that is pulled meanwhile holds what was approved: failed", async () => {
      released.word = undefined;
      const pull = (world: World): void => {
        untouched(world);
        released.word = "stopped by Ada";
      };
      const answers = [answer(yes, pull)];
      const { world, outcome } = await play(
        { world: elsewhere, answers, killSwitch, policy: { mode: "approve" } },
        engine,
      );
      expect(outcome).toMatchObject({ outcome: "failed", decision: { kind: "approved", by: "Ada" } });
      expect(outcome.because).toContain("stopped by Ada");
      expect(world.definitions.newest("web", 10)).toHaveLength(1);
    });

    test("what has healed by itself meanwhile is left alone: ignored", async () => {
      const answers = [{ ...answer(yes), ...LATER }];
      const { outcome, world } = await play(
        { world: elsewhere, answers, policy: { mode: "approve" } },
        engine,
      );
      expect(outcome).toMatchObject({ outcome: "ignored", decision: { kind: "approved" } });
      expect((await stateOf(world, "prod", "web")).images).toEqual([service.image]);
    });
  });
}

describe("an approval request", () => {
  const asking: Partial<Scenario> = { policy: { mode: "approve" } };

  test("says what will be written, until when, and how to answer", async () => {
    const { world, execution } = await play({ world: toBeCopied, ...asking, answers: [answer(no)] });
    const asked = world.bus.outcomes.find(({ outcome }) => outcome === "awaiting-approval");
    const { approval, nextSteps } = outcomeSchema.parse(asked);
    const copy = "123456789012.dkr.ecr.us-east-1.amazonaws.com/repull/docker.io/grafana/grafana";
    expect(approval?.plan).toEqual([
      expect.stringMatching(
        new RegExp(`^copy docker.io/grafana/grafana@sha256:[0-9a-f]{64} for linux/amd64 into ${copy}$`),
      ),
      expect.stringMatching(
        new RegExp(
          `^register a revision of web:42 in which web runs ${copy} in place of grafana/grafana:11 \\(same-platform as sha256:[0-9a-f]{64}\\)$`,
        ),
      ),
      "redeploy the service prod/web with it; if its tasks fail, deploy web:42 again",
    ]);
    expect(Date.parse(approval?.expiresAt ?? "")).toBeGreaterThan(Date.parse("2026-01-20T21:59:00Z"));
    expect(nextSteps).toEqual([
      `repull approve ${execution} --region us-east-1`,
      `repull deny ${execution} --because REASON --region us-east-1`,
    ]);
  });

  test("has one answer: the second is refused, and changes nothing", async () => {
    const { world, outcome } = await play({ world: elsewhere, ...asking, answers: [answer(yes)] });
    const asked = world.bus.outcomes.find(({ outcome }) => outcome === "awaiting-approval");
    const { callbackId = "" } = outcomeSchema.parse(asked).approval ?? {};
    expect(world.executions.answer(callbackId, { kind: "answered", text: no })).toBe("closed");
    expect(world.executions.answer("r-0/0", { kind: "answered", text: no })).toBe("unknown");
    expect(outcome).toMatchObject({ outcome: "succeeded", decision: { kind: "approved", by: "Ada" } });
  });

  test("is not asked again for a deployment that was denied, however often it fails", async () => {
    const { world, event } = await play({ world: elsewhere, ...asking, answers: [answer(no)] });
    await world.run(24 * 3600);
    const later = { ...event, time: new Date(world.clock.now()).toISOString() };
    const detected = await detect(later, world.ports);
    expect(detected).toMatchObject({ kind: "duplicate" });
    expect(detected).toHaveProperty(
      "because",
      expect.stringContaining("Grace denied the plan: payment freeze"),
    );
  });

  test("is asked again for one that was forgotten", async () => {
    const { world, event } = await play({ world: elsewhere, ...asking, answers: [] });
    await world.run(600);
    const later = { ...event, time: new Date(world.clock.now()).toISOString() };
    expect(await detect(later, world.ports)).toMatchObject({ kind: "started" });
  });
});
