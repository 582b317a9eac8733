/**
 * The lifecycle of a deployment that moves traffic: blue/green, canary and linear, with their hooks and alarms.
 *
 *     PRE_SCALE_UP → SCALE_UP → POST_SCALE_UP → TEST_TRAFFIC_SHIFT → POST_TEST_TRAFFIC_SHIFT
 *       → (PRE_PRODUCTION_TRAFFIC_SHIFT → PRODUCTION_TRAFFIC_SHIFT) for each step of the traffic
 *       → POST_PRODUCTION_TRAFFIC_SHIFT → BAKE_TIME → CLEAN_UP
 *
 * Stages as documented: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
 * A hook runs when its stage is reached; one that fails, or is not answered in its time, takes the deployment back, and
 * so does an alarm that fires. The old tasks run until CLEAN_UP, so a rollback is short.
 */

import { hookArn } from "../documents/resource-names.ts";
import type { DeploymentRecord, EcsEnvironment, ServiceRecord, Stage } from "../state.ts";
import { failDeployment } from "./deployments.ts";

/** Moving traffic by a load balancer's weights. */
const SHIFT_SECONDS = 10;
const MINUTES = 60;
/** How long CodeDeploy waits for the new tasks, and what it says then. */
const CODE_DEPLOY_SECONDS = 3600;
const CODE_DEPLOY_WORDS =
  "The deployment timed out while waiting for the replacement task set to become healthy. This time out period is 60 minutes.";
const HOOK_STATUS = { succeeds: "SUCCEEDED", fails: "FAILED", "times-out": "TIMED_OUT" } as const;

/** Brings a deployment to its next stage after the scale-up; `afterwards` is called when its old tasks may go. */
export function enterStage(
  service: ServiceRecord,
  deployment: DeploymentRecord,
  stage: Stage,
  world: EcsEnvironment,
  afterwards: () => void,
): void {
  const { clock } = world;
  deployment.stage = stage;
  deployment.updatedAt = clock.now();
  const isStill = (): boolean =>
    service.deployments[0] === deployment && deployment.rolloutState === "IN_PROGRESS";
  const after = (seconds: number, run: () => void): void => {
    clock.schedule(clock.now() + seconds * 1000, () => {
      if (isStill()) run();
    });
  };
  const end = (because: string): void => {
    failDeployment(service, deployment, world, { because, rollsBack: true });
    afterwards();
  };

  if (service.alarms?.fires === stage) {
    const { names, rollback } = service.alarms;
    after(SHIFT_SECONDS, () => {
      deployment.firedAlarms = names;
      const because = rollback ? "Service deployment rolled back" : "Service deployment stopped";
      failDeployment(service, deployment, world, {
        because: `${because} because an alarm was detected.`,
        rollsBack: rollback,
      });
      afterwards();
    });
  }
  if (service.controller === "CODE_DEPLOY" && stage === "SCALE_UP")
    after(CODE_DEPLOY_SECONDS, () => {
      if (deployment.stage === "SCALE_UP") end(CODE_DEPLOY_WORDS);
    });
  const hook = service.hooks.find((one) => one.stage === stage && !deployment.hooks.has(one.name));
  const goOn = (): void => {
    if (stage === "SCALE_UP" || stage === "CLEAN_UP") {
      afterwards();
      return;
    }
    const rest = deployment.trafficSteps ?? 0;
    if (stage === "PRODUCTION_TRAFFIC_SHIFT" && rest > 0) deployment.trafficSteps = rest - 1;
    after(secondsOf(service, stage, rest), () =>
      enterStage(service, deployment, nextStage(stage, rest), world, afterwards),
    );
  };
  if (hook === undefined) {
    goOn();
    return;
  }

  const { name, ends, takesSeconds = 5, timeoutMinutes = 1440, isPause = false } = hook;
  deployment.hooks.set(name, isPause ? "AWAITING_ACTION" : "IN_PROGRESS");
  after(ends === "times-out" ? timeoutMinutes * MINUTES : takesSeconds, () => {
    deployment.hooks.set(name, HOOK_STATUS[ends]);
    if (ends === "succeeds") {
      goOn();
      return;
    }
    const words = ends === "fails" ? "returned FAILED status" : "timed out";
    end(
      `Service deployment rolled back because ${stage} lifecycle hook(s) failed. Lifecycle hook target ${hookArn(service, name)} ${words}.`,
    );
  });
}

/** How often the traffic moves before all of it has. */
export function trafficStepsOf({ strategy }: Pick<ServiceRecord, "strategy">): number {
  if (strategy.kind === "CANARY") return 1;
  return strategy.kind === "LINEAR" ? Math.ceil(100 / (strategy.stepPercent ?? 10)) - 1 : 0;
}

const ORDER: readonly Stage[] = [
  "PRE_SCALE_UP",
  "SCALE_UP",
  "POST_SCALE_UP",
  "TEST_TRAFFIC_SHIFT",
  "POST_TEST_TRAFFIC_SHIFT",
  "PRE_PRODUCTION_TRAFFIC_SHIFT",
  "PRODUCTION_TRAFFIC_SHIFT",
  "POST_PRODUCTION_TRAFFIC_SHIFT",
  "BAKE_TIME",
  "CLEAN_UP",
];

function nextStage(stage: Stage, stepsLeft: number): Stage {
  if (stage === "PRODUCTION_TRAFFIC_SHIFT" && stepsLeft > 0) return "PRE_PRODUCTION_TRAFFIC_SHIFT";
  return ORDER[ORDER.indexOf(stage) + 1] ?? "CLEAN_UP";
}

function secondsOf({ strategy, bakeTimeMinutes }: ServiceRecord, stage: Stage, stepsLeft: number): number {
  if (stage === "BAKE_TIME") return bakeTimeMinutes * MINUTES;
  if (stage === "TEST_TRAFFIC_SHIFT") return SHIFT_SECONDS;
  if (stage !== "PRODUCTION_TRAFFIC_SHIFT") return 0;
  return SHIFT_SECONDS + (stepsLeft > 0 ? (strategy.stepMinutes ?? 10) * MINUTES : 0);
}
