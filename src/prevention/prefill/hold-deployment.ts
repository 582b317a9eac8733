/**
 * Answers ECS's lifecycle hook PRE_SCALE_UP: the deployment waits until the images that a limit would make Repull copy are
 * in ECR, a quarter of an hour at most.
 *
 * ECS rolls a deployment back for every answer but SUCCEEDED and IN_PROGRESS: what is not known, not wanted or failed here
 * is SUCCEEDED. The time is counted from the deployment's own beginning, as ECS reports it: no answer of ours can move it.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html (read 2026-11)
 */

import { parseEcsArn } from "../../ecs/arn.ts";
import { getObject, getString, isObject } from "../../ecs/json-fields.ts";
import type { Ports } from "../../remediation/ports/ports.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";
import { withinTime } from "../../runtime/time-limit.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { type ImageAhead, isUnderWay, type PrefillPorts, prefillRevision } from "./prefill.ts";

export type HoldAnswer =
  | { readonly hookStatus: "SUCCEEDED" }
  /** In seconds. */
  | { readonly hookStatus: "IN_PROGRESS"; readonly callBackDelay: number };

export type HoldResult = {
  readonly answer: HoldAnswer;
  /** For the log. */
  readonly code: string;
  readonly images?: readonly ImageAhead[];
};

export type HoldPorts = PrefillPorts & {
  readonly ecs: PrefillPorts["ecs"] &
    Pick<Ports["ecs"], "listServiceDeployments" | "describeServiceRevisions">;
};

export const HOLD_MINUTES_MAX = 15;
const CALL_BACK_SECONDS = 20;
/** Of one invocation, whose function has 120: what is not known by then is not waited for. */
const ANSWER_SECONDS_MAX = 90;

const GO_ON: HoldAnswer = { hookStatus: "SUCCEEDED" };

export type Prepared = {
  readonly policy: Policy;
  readonly clusterPattern: string;
  readonly ports: HoldPorts;
};

/**
 * Never throws.
 * @param prepare what is read before the event: a part of the time, because Parameter Store may be silent too
 */
export async function holdDeployment(
  event: unknown,
  clock: Timer,
  prepare: () => Promise<Prepared>,
): Promise<HoldResult> {
  try {
    return await withinTime(
      clock,
      ANSWER_SECONDS_MAX * 1000,
      () => new Error("the time of one answer is over"),
      async () => await answer(event, await prepare()),
    );
  } catch (error) {
    return { answer: GO_ON, code: error instanceof Error ? error.name : "failed" };
  }
}

async function answer(event: unknown, { policy, clusterPattern, ports }: Prepared): Promise<HoldResult> {
  const named = readLifecycleEvent(event, ports.location);
  if (typeof named === "string") return { answer: GO_ON, code: named };
  const { cluster, service, serviceRevision } = named;
  const deployments = await ports.ecs.listServiceDeployments(cluster, service);
  const own = deployments.find(({ revision }) => revision === serviceRevision);
  if (own === undefined || own.createdAt === 0) return { answer: GO_ON, code: "deployment-unknown" };
  const secondsLeft = Math.floor((own.createdAt - ports.clock.now()) / 1000) + HOLD_MINUTES_MAX * 60;
  if (secondsLeft <= 0) return { answer: GO_ON, code: "time-over" };
  const [described] = await ports.ecs.describeServiceRevisions([serviceRevision]);
  if (described === undefined || described.taskDefinition === "")
    return { answer: GO_ON, code: "revision-unknown" };
  const revision = {
    kind: "service-revision",
    cluster,
    service,
    taskDefinitionArn: described.taskDefinition,
  } as const;
  const result = await prefillRevision(revision, policy, clusterPattern, ports);
  if (result.kind === "ignored") return { answer: GO_ON, code: result.code };
  const { images } = result;
  if (!images.some(isUnderWay)) return { answer: GO_ON, code: "nothing-to-wait-for", images };
  const callBackDelay = Math.min(CALL_BACK_SECONDS, Math.max(1, secondsLeft));
  return { answer: { hookStatus: "IN_PROGRESS", callBackDelay }, code: "copying", images };
}

type Named = { readonly cluster: string; readonly service: string; readonly serviceRevision: string };

/** What ECS names, or the code of why nothing is waited for. */
function readLifecycleEvent(event: unknown, home: PrefillPorts["location"]): Named | string {
  const said = isObject(event as Json) ? (event as JsonObject) : {};
  if (getString(said, "lifecycleStage") !== "PRE_SCALE_UP") return "other-stage";
  const details = getObject(said, "executionDetails") ?? {};
  const serviceRevision = getString(details, "targetServiceRevisionArn");
  const service = parseEcsArn(getString(details, "serviceArn") ?? "");
  if (serviceRevision === undefined || service?.kind !== "service" || service.cluster === undefined)
    return "malformed";
  const isHome = service.account === home.account && service.region === home.region;
  return isHome ? { cluster: service.cluster, service: service.name, serviceRevision } : "other-account";
}
