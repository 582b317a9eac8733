/** What `repull plan` shows and `repull fix` asks about: one look at a service, by the code that heals a failing one. */

import type { Service } from "../../ecs/service/service.ts";
import type { PullFailure } from "../../ecs-events/pull-failure.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import { interactiveExecutionName } from "../../remediation/detect/execution-names.ts";
import {
  type CurrentImage,
  type PreemptiveAssessment,
  preemptiveFailure,
} from "../../remediation/detect/preemptive-failure.ts";
import type { Ports } from "../../remediation/ports/ports.ts";
import type { RemediationResult } from "../../remediation/report/report.ts";
import type { Survey } from "../../remediation/survey/types.ts";
import type { Context } from "../../remediation/workflow/context.ts";
import { decide } from "../../remediation/workflow/decide.ts";
import { withSeen } from "../../remediation/workflow/next.ts";
import { observe } from "../../remediation/workflow/observe.ts";
import { planned } from "../../remediation/workflow/plan.ts";
import { FIRST_STATE } from "../../remediation/workflow/state.ts";
import { candidateKey } from "../../substitution/candidate.ts";
import type { Plan } from "../../substitution/plan-types.ts";
import type { Policy } from "../../substitution/policy/policy.ts";

export type Assessment = { readonly service: Service; readonly today: PreemptiveAssessment["today"] } & (
  | { readonly kind: "nothing-to-do"; readonly because: string }
  | {
      readonly kind: "not-eligible";
      readonly failure: PullFailure;
      readonly execution: string;
      readonly ending: RemediationResult;
    }
  | {
      readonly kind: "planned";
      readonly failure: PullFailure;
      readonly execution: string;
      readonly surveyed: Survey;
      readonly plan: Plan;
      /** Why it would not be written, although there is a way. */
      readonly blockedBy?: RemediationResult;
    }
);

/** Reads and plans, writes nothing. Throws AwsError. */
export async function assessService(service: Service, policy: Policy, ports: Ports): Promise<Assessment> {
  const { failure, today } = await preemptiveFailure(service, policy, ports);
  if (failure.kind === "ignored") return { kind: "nothing-to-do", service, today, because: failure.because };
  const execution = interactiveExecutionName(failure);
  const known = { service, today, failure, execution };
  // The rules that a remediation goes by, asked once: a person is there to approve, and does not wait.
  const options = { policy, execution, interactive: true, surveysAgain: false };
  const context: Context = { failure, options, region: ports.location.region };
  const seen = await observe("failure", FIRST_STATE, context, ports);
  if (seen.kind === "survey" && seen.result.kind !== "survey")
    return { kind: "not-eligible", ...known, ending: seen.result };
  const state = withSeen(FIRST_STATE, seen, context);
  const { surveyed, plan } = planned(state);
  const action = decide(state, seen, context);
  const blockedBy = plan.kind === "substitute" && action.kind === "end" ? action.ending : undefined;
  return { kind: "planned", ...known, surveyed, plan, ...(blockedBy === undefined ? {} : { blockedBy }) };
}

/** Whether two plans put the same bytes from the same places into the same containers. */
export function isSamePlan(one: Plan, other: Plan): boolean {
  return wordsOf(one) === wordsOf(other);
}

function wordsOf({ kind, images }: Plan): string {
  const each = images.map(({ image, substitute }) =>
    substitute === undefined ? image : `${image} ${candidateKey(substitute.candidate)} ${substitute.digest}`,
  );
  return [kind, ...each].join("\n");
}

export function imageSource({ registry, pulledAs }: CurrentImage): string {
  if (pulledAs === undefined)
    return registryOf(registry).kind === "ecr" ? "it is in ECR" : `it comes from ${registry}`;
  return pulledAs === "anonymous" ? "Docker Hub, pulled anonymously" : "Docker Hub, pulled with an account";
}
