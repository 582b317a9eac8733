/** The product in a swarm's world: its workflows, the queue before it, and who strikes between its looks. */

import { detect } from "../../src/remediation/detect/detect.ts";
import { mirror } from "../../src/remediation/mirror/mirror-workflow.ts";
import type { Ports } from "../../src/remediation/ports/ports.ts";
import { remediate } from "../../src/remediation/workflow/remediate.ts";
import type { Seen } from "../../src/remediation/workflow/seen.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import type { Steps } from "../../src/runtime/steps.ts";
import type { ServiceRecord } from "../../src/sandbox/ecs/state.ts";
import type { Random } from "../../src/sandbox/random.ts";
import type { World } from "../../src/sandbox/world/world.ts";
import type { Policy } from "../../src/substitution/policy/policy.ts";
import type { Witness } from "./judge/witness.ts";
import type { MischiefKind } from "./world/disturbances.ts";
import { SECRET } from "./world/random-service.ts";

const MINUTE = 60_000;
/** As the queue of the stack is set up. */
const VISIBILITY_MS = 360_000;
const RECEIVES_MAX = 5;
/** The Timeout of the remediation's function, in infra/template.yaml. */
const INVOCATION_MS = 300_000;
/** A step that was killed so often is killed each time. */
const OVERRUNS_MAX = 20;

/**
 * The workflows, served by the world's executions as Lambda serves them: an invocation that lasts too long is killed.
 * Answers how to ask whether the step that has just ended did.
 */
export function serve(
  world: World,
  witness: Witness,
  policy: Policy,
  portsFor: (execution: string, step: () => string) => Ports,
): { outlasts(execution: string): boolean } {
  /** Execution → when its step began. */
  const began = new Map<string, number>();
  const overruns = new Map<string, number>();
  world.executions.serve("remediate", async (input, steps, execution) => {
    let step = "";
    witness.stepBegins(execution);
    const ports = portsFor(execution, () => step);
    const watched: Steps = {
      ...steps,
      async step(name, run, options) {
        const result = await steps.step(
          name,
          () => {
            step = name;
            witness.stepBegins(execution);
            began.set(execution, world.clock.now());
            return run();
          },
          options,
        );
        witness.stepEnded(execution);
        if (name.startsWith("observe failure")) {
          const seen = result as Seen;
          if (seen.kind === "survey" && seen.result.kind === "survey")
            witness.surveyed(execution, seen.result.deploymentId);
        }
        return result;
      },
    };
    return await remediate(input, ports, { policy, execution }, watched);
  });
  world.executions.serve("mirror", (input, steps, execution) =>
    mirror(
      input,
      portsFor(execution, () => "copy"),
      policy,
      steps,
    ),
  );
  return {
    outlasts(execution) {
      const since = began.get(execution);
      if (since === undefined || world.clock.now() - since <= INVOCATION_MS) return false;
      const times = (overruns.get(execution) ?? 0) + 1;
      overruns.set(execution, times);
      if (times === OVERRUNS_MAX)
        witness.violate(
          "recorded",
          `a step of ${execution} outlasts every invocation, and begins anew for ever`,
        );
      return true;
    },
  };
}

/** EventBridge, the queue and detect: late, twice, never; and what detect throws comes again. */
export function listen(
  world: World,
  witness: Witness,
  isCalm: () => boolean,
  random: Random,
  ports: Ports,
  policy: Policy,
  onFault: (kind: "lost-event" | "doubled-event" | "late-event") => void,
): void {
  const receive = async (document: JsonObject, receives: number): Promise<void> => {
    try {
      const detected = await detect(document, ports, policy);
      const { startedBy } = document.detail as JsonObject;
      if (detected.kind !== "ignored") witness.told(String(startedBy));
    } catch {
      if (receives < RECEIVES_MAX)
        world.clock.schedule(world.clock.now() + VISIBILITY_MS, () => receive(document, receives + 1));
    }
  };
  world.bus.subscribe(async (published) => {
    if (published.source !== "aws.ecs") return;
    const document = withSecrets(published);
    if (isCalm()) return await receive(document, 1);
    if (random.next() < 0.1) return onFault("lost-event");
    if (random.next() < 0.2) {
      onFault("doubled-event");
      world.clock.schedule(world.clock.now() + random.integer(0, 300) * 1000, () => receive(document, 1));
    }
    if (random.next() < 0.2) {
      onFault("late-event");
      world.clock.schedule(world.clock.now() + random.integer(1, 600) * 1000, () => receive(document, 1));
      return;
    }
    await receive(document, 1);
  });
}

/** Overrides carry environment values. */
function withSecrets(document: JsonObject): JsonObject {
  const detail = document.detail as JsonObject;
  const overrides = {
    containerOverrides: [{ name: "web", environment: [{ name: "TOKEN", value: SECRET }] }],
  };
  return { ...document, detail: { ...detail, overrides } };
}

/** Between what the product compares and what it then writes. */
export function atTheWorstMoment(
  ports: Ports,
  world: World,
  isCalm: () => boolean,
  { chance: random, struck }: { readonly chance: Random; readonly struck: number },
  strike: (service: ServiceRecord, kind: MischiefKind) => Promise<void>,
): Ports {
  const perhaps = async (cluster: string, name: string, chance: number): Promise<void> => {
    const service = world.cluster.service(cluster, name);
    if (isCalm() || service === undefined || random.next() >= chance) return;
    await strike(service, random.pick(["deploy", "old-image-again", "rollback", "deregister"]));
  };
  return {
    ...ports,
    ecs: {
      ...ports.ecs,
      async describeService(cluster, name) {
        await perhaps(cluster, name, 0.005);
        return await ports.ecs.describeService(cluster, name);
      },
      async rollBackDeployment(arn) {
        const [, cluster = "", name = ""] = arn.split("/");
        await perhaps(cluster, name, struck);
        await ports.ecs.rollBackDeployment(arn);
      },
      async updateService(cluster, name, revision) {
        await perhaps(cluster, name, struck);
        return await ports.ecs.updateService(cluster, name, revision);
      },
    },
  };
}

/** Other clients of the address continue to pull, in some worlds for ever: then no limit period ends for long. */
export function spendUntil(world: World, isOver: () => boolean): void {
  const spend = (): void => {
    if (isOver()) return;
    for (const source of [{ address: world.addresses.tasks }, { user: "swarm-account" }]) {
      const left = world.registries.dockerHub.pullsLeft(source) ?? 0;
      if (left > 0) world.registries.dockerHub.spend(source, left);
    }
    world.clock.schedule(world.clock.now() + 5 * MINUTE, spend);
  };
  spend();
}
