/**
 * Plans what a service needs to follow its tags: which images, to which bytes, from where, and what keeps it from being done.
 * Reads only.
 *
 * The gates are those of a remediation: its survey and its rules are asked once, with the order in the place of a failure.
 */

import { optional } from "../../ecs/json-fields.ts";
import { rolloutOf } from "../../ecs/service/rollout-state.ts";
import { primaryDeployment, type Service } from "../../ecs/service/service.ts";
import { containersOf } from "../../ecs/task-definition/task-definition.ts";
import type { Digest } from "../../image/digest.ts";
import { tryParseReference } from "../../image/reference.ts";
import { orderName } from "../../remediation/detect/execution-names.ts";
import { orderedFailure } from "../../remediation/detect/ordered-failure.ts";
import type { Ports } from "../../remediation/ports/ports.ts";
import type { RemediationResult } from "../../remediation/report/report.ts";
import { ineligibleReason } from "../../remediation/survey/eligibility.ts";
import type { Order } from "../../remediation/survey/types.ts";
import type { Context } from "../../remediation/workflow/context.ts";
import { decide } from "../../remediation/workflow/decide.ts";
import { withSeen } from "../../remediation/workflow/next.ts";
import { observe } from "../../remediation/workflow/observe.ts";
import { planned } from "../../remediation/workflow/plan.ts";
import { FIRST_STATE } from "../../remediation/workflow/state.ts";
import type { RejectionCode } from "../../substitution/candidate.ts";
import type { Plan } from "../../substitution/plan-types.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { RemedyCode } from "../../substitution/remedies/remedy.ts";
import type { SourceHead } from "../source-states.ts";
import type { ImageRow, LeaveCode, ServicePlan } from "./apply-plan.ts";
import { decideImage } from "./decide-image.ts";
import { type CopiedSource, type FollowedImage, followedImages } from "./followed-images.ts";
import { marksOf } from "./marks-of.ts";
import { runningDigests } from "./running-digests.ts";

export type ApplyRequest = {
  readonly policy: Policy;
  readonly sources: ReadonlyMap<string, CopiedSource>;
  /** What a tag names now, by its canonical name. */
  readonly headOf: (source: CopiedSource) => Promise<SourceHead>;
  /** Digests that the operator has named, by the canonical name. Empty: all tags, whatever they name. */
  readonly wanted: ReadonlyMap<string, Digest | undefined>;
  /** An operator at a terminal sees the plan first: in a dry run, and where the images are named with the digests that were shown. */
  readonly isShown: boolean;
};

/** Undefined where no image of the service has to do with a copied tag. Throws AwsError. */
export async function planService(
  service: Service,
  request: ApplyRequest,
  ports: Ports,
): Promise<ServicePlan | undefined> {
  if (service.status !== "ACTIVE" || service.taskDefinition === "") return undefined;
  const described = await ports.ecs.describeTaskDefinition(service.taskDefinition);
  if (described === undefined) return undefined;
  const containers = containersOf(described.taskDefinition);
  const found = followedImages(containers, await marksOf(service, described, ports), request.sources);
  const { wanted } = request;
  const asked = found.filter(
    (one) => wanted.size === 0 || (one.kind === "follows" && wanted.has(one.of.name)),
  );
  if (asked.length === 0) return undefined;
  const deploymentId = primaryDeployment(service)?.id;
  const rows = await Promise.all(asked.map((one) => rowOf(one, service, deploymentId, request, ports)));
  const toApply = new Set(rows.flatMap(({ code, image }) => (code === "apply" ? [image] : [])));
  const resolvedAgain = containers.flatMap(({ image = "" }) =>
    toApply.has(image) || tryParseReference(image)?.digest !== undefined ? [] : [image],
  );
  const base = { service, resolvedAgain: [...new Set(resolvedAgain)] };
  const whole = { ...base, images: rows };
  // Of a service that others deploy, and while one is deployed, it may not be known what runs.
  const mayFollow = rows.some(({ code }) => code === "apply" || code === "running-unknown");
  const no = mayFollow ? ineligibleReason(service) : undefined;
  if (no !== undefined) return blocked(whole, no.kind === "ignored" ? "not-active" : no.reason, no);
  if (mayFollow && rolloutOf(service) === "in-progress") {
    const because = `its deployment ${deploymentId ?? ""} is in progress`;
    return blocked(whole, "deployment-in-progress", { because });
  }
  if (toApply.size === 0 || deploymentId === undefined) return { ...whole, kind: "left" };
  const follows = asked.filter((one) => one.kind === "follows");
  return await planOrder(whole, deploymentId, follows, request, ports);
}

type Base = Pick<ServicePlan, "service" | "images" | "resolvedAgain">;

function blocked(
  base: Base,
  code: LeaveCode,
  { because, remedies = [] }: Pick<RemediationResult, "because" | "remedies">,
): ServicePlan {
  const ofOrder = remedies.filter((remedy) => !OF_A_LIMIT.includes(remedy.code));
  return { ...base, kind: "blocked", code, because, remedies: ofOrder };
}

/** No limit was met that could end, and an order asks ECR alone, whatever strategies the policy has. */
const OF_A_LIMIT: readonly RemedyCode[] = ["wait", "allow-strategies"];

async function rowOf(
  found: ReturnType<typeof followedImages>[number],
  service: Service,
  deploymentId: string | undefined,
  { headOf, wanted }: ApplyRequest,
  ports: Ports,
): Promise<ImageRow> {
  const { image, containers } = found;
  if (found.kind === "left") return { image, containers, code: found.code };
  const { of } = found;
  const named = { image, containers, source: of.name };
  const running =
    deploymentId === undefined
      ? { because: `ECS shows no deployment of ${service.name}` }
      : await runningDigests(service, deploymentId, ports)(found);
  const head = await headOf(of);
  const decided = decideImage(of.name, { head, running, wanted: wanted.get(of.name) });
  const base = {
    ...named,
    ...("digest" in running ? { runs: running.digest } : {}),
    ...(head.kind === "found" ? { to: head.digest } : {}),
  };
  return decided.kind === "order"
    ? { ...base, code: "apply" }
    : { ...base, code: decided.code, because: decided.because };
}

/** Asks the survey and the rules of a remediation. An image that already runs the new bytes is left out, and the rest is planned again. */
async function planOrder(
  base: Base,
  deploymentId: string,
  follows: readonly FollowedImage[],
  request: ApplyRequest,
  ports: Ports,
): Promise<ServicePlan> {
  const { policy, isShown } = request;
  const images = follows.flatMap((one) => {
    const row = base.images.find(({ image }) => image === one.image);
    if (row?.code !== "apply" || row.to === undefined || row.runs === undefined) return [];
    const { image, writtenAs, containers, of } = one;
    return [{ image, writtenAs, containers, source: of.source, digest: row.to, runs: row.runs }];
  });
  const order: Order = { deploymentId, images };
  const failure = await orderedFailure(base.service, { deploymentId, images }, ports);
  if (failure === undefined) return { ...base, kind: "left" };
  const execution = orderName(
    failure,
    images.map(({ digest }) => digest),
  );
  const options = { policy, execution, order, interactive: true, surveysAgain: false };
  const context: Context = { failure, options, region: ports.location.region };
  const seen = await observe("failure", FIRST_STATE, context, ports);
  if (seen.kind === "survey" && seen.result.kind !== "survey") {
    const { result } = seen;
    const code = result.kind === "not-eligible" ? result.reason : "changed-meanwhile";
    return blocked(base, code, result);
  }
  const state = withSeen(FIRST_STATE, seen, context);
  const { surveyed, plan, stopped } = planned(state);
  const current = new Set(plan.images.filter(runsAlready).map(({ image }) => image));
  if (current.size > 0)
    return await planOrder(withoutCurrent(base, current), deploymentId, follows, request, ports);
  const withPlans = {
    ...base,
    images: base.images.map((row) => ({
      ...row,
      ...optional("planned", row.code === "apply" ? planOf(plan, row.image) : undefined),
    })),
  };
  const action = decide(state, seen, context);
  if (action.kind === "end") {
    const lacking = action.ending.kind === "no-substitute" ? lackingIn(plan) : undefined;
    const code = lacking?.code ?? codeOf(action.ending, stopped);
    return blocked(withPlans, code, { ...action.ending, ...optional("because", lacking?.because) });
  }
  if ((surveyed.mode ?? policy.mode) === "approve" && !isShown) {
    const because = "the mode is approve: name the images with the digests that were shown";
    return blocked(withPlans, "approval-needed", { because });
  }
  return { ...withPlans, kind: "apply", failure, order, execution, surveyed, plan };
}

function planOf({ images }: Plan, image: string) {
  return images.find((one) => one.image === image);
}

/** A copy of one platform has another digest than the index that the tag names. */
function runsAlready({ image, substitute, ordered }: Plan["images"][number]): boolean {
  if (substitute === undefined) return false;
  return substitute.writes === image || substitute.digest === ordered?.runs;
}

function withoutCurrent(base: Base, current: ReadonlySet<string>): Base {
  const images = base.images.map(
    (row): ImageRow =>
      current.has(row.image) ? { ...row, code: "current", because: `it runs what ${row.source} names` } : row,
  );
  return { ...base, images };
}

function codeOf({ kind, reason }: RemediationResult, stopped: object | undefined): LeaveCode {
  if (stopped !== undefined && kind === "failed") return "writes-stopped";
  if (kind === "no-substitute") return "absent";
  if (reason !== undefined) return reason;
  return kind === "dry-run" ? "mode-observe" : "changed-meanwhile";
}

/** More than that it is not there, where a place says more. */
function lackingIn({ images }: Plan): { readonly code: RejectionCode; readonly because: string } | undefined {
  const rejected = images.flatMap(({ image, substitute, rejected: all }) =>
    substitute === undefined ? all.map((one) => ({ ...one, image })) : [],
  );
  const found = rejected.find(({ code }) => code !== "absent" && code !== "other-content");
  if (found === undefined) return undefined;
  const { code, image, because } = found;
  return { code, because: `the copy of ${image} in ECR cannot be used: ${because}` };
}
