/** Tasks of our own substitute that fail: one execution at a time looks after a service. */

import { describe, expect, it } from "vitest";
import { parseTags } from "../../../src/ecs/task-definition/provenance-tags.ts";
import { detect } from "../../../src/remediation/detect/detect.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import type { Ports } from "../../../src/remediation/ports/ports.ts";
import type { Outcome } from "../../../src/remediation/report/outcome.ts";
import { remediate } from "../../../src/remediation/workflow/remediate.ts";
import type { ExecutionRecord } from "../../../src/sandbox/aws/durable-executions.ts";
import { serveWorkflows } from "../../../src/sandbox/install-repull.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { readPolicy } from "../../support/policy.ts";

const HOURS = 3600;
const POLICY = readPolicy({});
/** Where the second execution would have the substitute copied to. */
const COPY_OF_THE_SUBSTITUTE = "repull/public.ecr.aws/docker/library/nginx";

/** The service runs our substitute from ECR Public, whose tasks pull anew. */
async function onOurSubstitute(executions: (truth: Ports["executions"]) => Partial<Ports["executions"]>) {
  const world = await createWorld(
    readWorldFile({
      services: [{ cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 2 }],
      registries: {
        "docker.io": {
          images: { "library/nginx:1.25": { platforms: ["linux/amd64"] } },
          quota: { remaining: 0 },
        },
        "public.ecr.aws": {
          images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } },
        },
      },
    }),
  );
  serveWorkflows(world, { policy: POLICY });
  const ports = {
    ...world.ports,
    executions: { ...world.ports.executions, ...executions(world.ports.executions) },
  };
  world.executions.serve("remediate", (input, steps, execution) =>
    remediate(input, ports, { policy: POLICY, execution }, steps),
  );
  world.bus.subscribe(async (document) => {
    if (document.source === "aws.ecs") await detect(document, world.ports, POLICY);
  });
  await world.runUntil(() => revision(world).endsWith(":43"), HOURS);
  return world;
}

const revision = ({ cluster }: World) => cluster.service("prod", "web")?.taskDefinition ?? "";
const remediations = (world: World) =>
  world.executions.records.filter(({ workflow }) => workflow === "remediate");
const outcomeOf = (record: ExecutionRecord | undefined) => (record?.result as Outcome | undefined)?.outcome;
/** Who made the revisions, the oldest first. */
const makers = (world: World) =>
  world.definitions
    .newest("web", 100)
    .flatMap(({ tags }) => parseTags(tags)?.execution ?? [])
    .toReversed();

function ecrPublicThrottles({ registries }: World, times: number): void {
  const as = { kind: "status", status: 429, code: "TOOMANYREQUESTS", message: "Rate exceeded" } as const;
  registries.ecrPublic.fail({ on: "manifest-get", times, as });
}

describe("a failing task of our own substitute", () => {
  const throttled = new AwsError("throttled", "lambda:ListDurableExecutionsByFunction", "Rate exceeded");
  const table: readonly (readonly [string, (truth: Ports["executions"]) => Partial<Ports["executions"]>])[] =
    [
      ["runs", () => ({})],
      [
        "is not listed yet",
        ({ status }) => ({
          status: async (workflow, name) => (workflow === "remediate" ? undefined : status(workflow, name)),
        }),
      ],
      [
        "cannot be read",
        ({ status }) => ({
          status: (workflow, name) =>
            workflow === "remediate" ? Promise.reject(throttled) : status(workflow, name),
        }),
      ],
    ];
  for (const [state, executions] of table) {
    it(`starts no second writer when the execution that made it ${state}`, async () => {
      const world = await onOurSubstitute(executions);
      ecrPublicThrottles(world, 40);
      await world.run(3 * HOURS);
      const [first, second] = remediations(world);
      expect(second).toBeDefined();
      expect(new Set(makers(world))).toEqual(new Set([first?.name]));
      expect(world.registries.ecr.repositories()).not.toContain(COPY_OF_THE_SUBSTITUTE);
      expect(outcomeOf(first)).toBe("succeeded");
    });
  }

  it("ends without a write, in a record of its own, once the execution that made it has ended", async () => {
    const world = await onOurSubstitute(() => ({}));
    ecrPublicThrottles(world, 40);
    await world.run(3 * HOURS);
    expect(remediations(world).map(outcomeOf)).toEqual(["succeeded", "superseded"]);
  });

  it("is not left to the execution that made it when another service was put on the substitute", async () => {
    const world = await onOurSubstitute(() => ({}));
    world.cluster.createService({ cluster: "test", name: "web", taskDefinition: "web:43", desiredCount: 1 });
    ecrPublicThrottles(world, 40);
    await world.run(3 * HOURS);
    const ofNeighbour = remediations(world)
      .map(({ result }) => result as Outcome)
      .filter(({ workload }) => workload?.cluster.endsWith("/test"));
    const outcomes = ofNeighbour.map(({ outcome }) => outcome);
    expect(outcomes).not.toContain("ignored");
    expect(outcomes.at(-1)).toBe("succeeded");
  });

  it("is healed by a second execution when the first one has ended", async () => {
    const world = await onOurSubstitute(() => ({}));
    await world.runUntil(() => !world.executions.running(), HOURS);
    await world.run(8 * HOURS);
    ecrPublicThrottles(world, 4);
    const [task] = world.cluster.tasks("prod");
    world.cluster.stopTask("prod", task?.arn ?? "", "the machine is retired");
    await world.run(HOURS);
    const [first, second] = remediations(world);
    expect(makers(world)).toEqual([first?.name, second?.name]);
    expect(outcomeOf(second)).toBe("succeeded");
  });
});
