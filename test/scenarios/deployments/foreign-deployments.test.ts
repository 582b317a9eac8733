/** Other people's deployments, and our own: what is left alone, what is waited for, and what never becomes a loop. */

import { describe, expect, test } from "vitest";
import { installRepull } from "../../../src/sandbox/install-repull.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { readPolicy } from "../../support/policy.ts";
import { play, stateOf } from "../../support/scenario.ts";

const HOURS = 3600;
const limited = (service: object = {}, registries: object = {}) => ({
  services: [
    { cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 2, ...service },
  ],
  registries: {
    "docker.io": {
      images: { "library/nginx:1.25": { platforms: ["linux/amd64"] } },
      quota: { remaining: 0 },
    },
    ecr: { images: { "repull/docker.io/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } } },
    ...registries,
  },
});

function ecrRefusesPulls({ registries }: World): void {
  const refusal = { kind: "status", status: 403, code: "DENIED", message: "not authorized" } as const;
  registries.ecr.fail({ on: "manifest-get", as: refusal });
}

describe("a deployment that is still under way", () => {
  test("is not waited for: its tasks cannot start, and ours run the same bytes", async () => {
    const { outcome } = await play({ world: limited() });
    expect(outcome.outcome).toBe("succeeded");
  });

  test("is only reported on where the policy says so, with the plan", async () => {
    const { world, outcome } = await play({ world: limited(), policy: { onActiveDeployment: "report" } });
    expect(outcome).toMatchObject({
      outcome: "dry-run",
      because: expect.stringContaining("onActiveDeployment"),
    });
    expect(outcome.images[0]?.substitute).toMatch(/repull\/docker\.io/);
    expect((await stateOf(world, "prod", "web")).images).toEqual(["nginx:1.25"]);
  });

  test("is given three hours where the policy says wait, and then helped", async () => {
    const { world, event, outcome } = await play({
      world: limited(),
      policy: { onActiveDeployment: "wait" },
    });
    expect(outcome.outcome).toBe("succeeded");
    const waited = (world.clock.now() - Date.parse(String(event.time))) / 1000;
    expect(waited).toBeGreaterThan(3 * HOURS);
    expect(waited).toBeLessThan(4 * HOURS);
  });

  test("that its breaker ends sooner is helped sooner", async () => {
    const { world, event, outcome } = await play({
      world: limited({ circuitBreaker: "on" }),
      policy: { onActiveDeployment: "wait" },
    });
    expect(outcome.outcome).toBe("succeeded");
    expect((world.clock.now() - Date.parse(String(event.time))) / 1000).toBeLessThan(HOURS);
  });
});

describe("our own deployments", () => {
  test("that are put back and fail again start no next one within the hour, and one more after it", async () => {
    const world = await createWorld(readWorldFile(limited()));
    installRepull(world, { policy: readPolicy({ strategies: ["ecr-copy"] }) });
    ecrRefusesPulls(world);
    const made = () =>
      world.definitions
        .newest("web", 100)
        .filter(({ tags }) => tags.some(({ key }) => key === "repull:previous-revision"));
    await world.run(HOURS);
    expect(made()).toHaveLength(1);
    // The next one waits for the hour to be over: a breaker may have stopped ECS by then, and nothing would call again.
    expect(world.bus.outcomes.map(({ outcome }) => outcome)).toEqual(["rolled-back"]);
    expect(world.executions.running()).toBe(true);
    await world.run(4 * HOURS);
    expect(made()).toHaveLength(2);
    expect(world.bus.outcomes.map(({ reason }) => reason)).toContain("loop-guard");
    expect((await stateOf(world, "prod", "web")).images).toEqual(["nginx:1.25"]);
  });

  test("whose former revision was deregistered go back to a copy of it, which starts no loop either", async () => {
    const world = await createWorld(readWorldFile(limited()));
    installRepull(world, { policy: readPolicy({ strategies: ["ecr-copy"] }) });
    ecrRefusesPulls(world);
    const first = world.cluster.service("prod", "web")?.taskDefinition ?? "";
    world.clock.schedule(world.clock.now() + 60_000, () => world.definitions.deregister(first));
    await world.run(6 * HOURS);
    const revisions = world.definitions.newest("web", 100);
    expect(revisions.length).toBeLessThanOrEqual(6);
    expect((await stateOf(world, "prod", "web")).images).toEqual(["nginx:1.25"]);
  });

  test("that a later deploy undoes are made again, and the record says what to change", async () => {
    const world = await createWorld(
      readWorldFile(
        limited({
          tags: { "aws:cloudformation:stack-name": "shop", "aws:cloudformation:logical-id": "Web" },
        }),
      ),
    );
    installRepull(world, { policy: readPolicy({}) });
    await world.run(HOURS / 2);
    expect(world.bus.outcomes).toMatchObject([{ outcome: "succeeded" }]);
    const [step = ""] = (world.bus.outcomes[0]?.nextSteps ?? []) as string[];
    expect(step).toMatch(
      /template of the stack shop, resource Web.*\n-.*nginx:1\.25\n\+.*repull\/docker\.io/s,
    );

    const again = world.definitions.describe("web:42");
    const { taskDefinitionArn: _, ...same } = again?.taskDefinition ?? {};
    world.cluster.updateService("prod", "web", world.definitions.register(same));
    await world.run(HOURS / 2);
    expect(world.bus.outcomes).toMatchObject([{ outcome: "succeeded" }, { outcome: "succeeded" }]);
    expect(world.bus.outcomes[1]?.nextSteps).toEqual(
      expect.arrayContaining([
        expect.stringContaining("brought the old image back after Repull had replaced it with web:43"),
      ]),
    );
  });

  test("are not confused with events of a deployment that a later one of the same revision has replaced", async () => {
    const world = await createWorld(readWorldFile(limited({ formerly: "nginx:1.25" })));
    const { remediate } = await import("../../../src/remediation/workflow/remediate.ts");
    const { runInProcess } = await import("../../../src/runtime/in-process-steps.ts");
    const { firstFailure } = await import("../../support/scenario.ts");
    const event = await firstFailure(world);
    const service = world.cluster.service("prod", "web");
    const old = service?.deployments[1];
    const past = JSON.parse(
      JSON.stringify(event).replaceAll(
        String((event.detail as { startedBy: string }).startedBy),
        String(old?.id),
      ),
    );
    const describeTask = async () => undefined;
    const ports = { ...world.ports, ecs: { ...world.ports.ecs, describeTask } };
    const outcome = await runInProcess(
      (steps) => remediate(past, ports, { policy: readPolicy({}), execution: "r-past-1" }, steps),
      { clock: world.clock },
    );
    expect(outcome).toMatchObject({
      outcome: "ignored",
      because: expect.stringMatching(/was replaced by/),
    });
  });
});
