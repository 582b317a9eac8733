/** A look at a service as a person reads it, and as a program does: today's place, the plan, what would be written. */

import { shortRevision } from "../../ecs/arn.ts";
import { primaryDeployment, type Service } from "../../ecs/service/service.ts";
import { printPlatform } from "../../image/platform.ts";
import { formatBecause } from "../../remediation/report/ending-reason.ts";
import { toOutcome } from "../../remediation/report/report.ts";
import { abbreviate, explainPlan } from "../../substitution/explain-plan.ts";
import type { ImagePlan } from "../../substitution/plan-types.ts";
import { formatRemedy } from "../../substitution/remedies/format-remedy.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";
import { type Assessment, imageSource } from "../account/assess-service.ts";
import { clusterName } from "../account/find-service.ts";

/** Everything but what to do next. */
export function formatAssessment(assessment: Assessment): readonly string[] {
  return [
    heading(assessment.service),
    ...warningsOf(assessment).map((line) => `  ${line}`),
    "",
    ...bodyOf(assessment),
  ];
}

function heading(service: Service): string {
  const { taskDefinition, desiredCount, runningCount } = service;
  return `${fullName(service)} runs ${shortRevision(taskDefinition)}, ${runningCount} of ${desiredCount} tasks.`;
}

export function fullName({ clusterArn, name }: Service): string {
  return `${clusterName(clusterArn)}/${name}`;
}

function bodyOf(assessment: Assessment): readonly string[] {
  const { today } = assessment;
  const others = today.flatMap((image) =>
    assessment.kind === "planned" && assessment.plan.images.some((planned) => planned.image === image.image)
      ? []
      : [
          `${abbreviate(image.image)} (${image.containers.join(", ")}) stays: ${image.leftOut ?? imageSource(image)}`,
        ],
  );
  if (assessment.kind === "nothing-to-do") return [...others, "", `Nothing to do: ${assessment.because}.`];
  if (assessment.kind === "not-eligible")
    return [...others, "", `Skipped: ${formatBecause(assessment.ending.because)}.`];
  const { plan } = assessment;
  const planned = plan.images.flatMap((image) => [
    ...explainPlan({ images: [image] }, () => fromWhere(image, assessment)),
    ...writtenIn(image).map((line) => `  ${line}`),
  ]);
  if (plan.kind === "substitute") return [...planned, ...others];
  return [...planned, ...others, "", `Blocked: ${plan.because}.`];
}

function fromWhere({ image }: ImagePlan, { today }: Assessment): string {
  const found = today.find((one) => one.image === image);
  return found === undefined ? "" : `today from ${imageSource(found)}`;
}

/** What the new revision would say, where anything. */
function writtenIn(image: ImagePlan): readonly string[] {
  const writes = writesOf(image);
  return writes === undefined ? [] : [`would write ${abbreviate(writes)} for ${image.containers.join(", ")}`];
}

/** What the task definition would say; a copy that is still to be made is named by where it will be. */
export function writesOf({ substitute }: ImagePlan): string | undefined {
  if (substitute === undefined) return undefined;
  const { writes, copy, importIntoCache, digest } = substitute;
  if (writes !== undefined) return writes;
  const target = copy?.target ?? importIntoCache?.target ?? substitute.candidate.image;
  const place = target.replace(/:[^:/]+$/, "");
  // A part's own digest is known once the index has been read for the copy.
  return copy?.platforms === undefined
    ? `${place}@${digest}`
    : `${place}, by the digest of its ${copy.platforms.map(printPlatform).join(" and ")} image`;
}

function warningsOf(assessment: Assessment): readonly string[] {
  if (assessment.kind !== "planned") return [];
  const { surveyed, service } = assessment;
  const { sameRevision6h, minutesSinceReverted } = surveyed.recentSubstitutions;
  return [
    ...(surveyed.isDeploying
      ? [`its deployment ${primaryDeployment(service)?.id ?? ""} is under way: a fix would replace it`]
      : []),
    ...(sameRevision6h > 0
      ? [
          `${sameRevision6h} substitute${sameRevision6h === 1 ? "" : "s"} for this revision did not last in the last six hours` +
            (minutesSinceReverted === undefined
              ? ""
              : `, the last one made ${minutesSinceReverted} minutes ago`),
        ]
      : []),
  ];
}

/** What is left for a person to do; nothing where the plan can be carried out. */
export function nextStepsFor(assessment: Assessment): readonly string[] {
  if (assessment.kind === "nothing-to-do") return [];
  const result = assessment.kind === "not-eligible" ? assessment.ending : assessment.blockedBy;
  if (result?.kind === "dry-run")
    return [
      ...(result.remedies ?? []).map(formatRemedy),
      "or go by another policy, for this once, with --policy FILE",
    ];
  if (assessment.kind === "planned" && assessment.plan.kind === "no-substitute")
    return assessment.plan.remedies.map(formatRemedy);
  return result?.nextSteps ?? (result?.remedies ?? []).map(formatRemedy);
}

/** The same as data, where it is; nothing where the plan can be carried out. */
export function remediesAsData(assessment: Assessment): readonly Remedy[] {
  if (assessment.kind === "nothing-to-do") return [];
  const result = assessment.kind === "not-eligible" ? assessment.ending : assessment.blockedBy;
  if (result !== undefined) return result.remedies ?? [];
  return assessment.kind === "planned" && assessment.plan.kind === "no-substitute"
    ? assessment.plan.remedies
    : [];
}

/** One object: the record that a remediation would leave, with today's place and what would be written. */
export function assessmentToJson(assessment: Assessment, from: string, next: readonly string[]): object {
  const { service, today } = assessment;
  const base = { service: fullName(service), taskDefinition: service.taskDefinition, policy: from };
  if (assessment.kind === "nothing-to-do")
    return { ...base, kind: assessment.kind, because: assessment.because, images: today, next };
  const { failure, execution } = assessment;
  const result =
    assessment.kind === "not-eligible"
      ? assessment.ending
      : (assessment.blockedBy ??
        (assessment.plan.kind === "no-substitute"
          ? assessment.plan
          : {
              kind: "dry-run" as const,
              because: "planned only: nothing was written",
              images: assessment.plan.images,
            }));
  const { images, because, workload } = toOutcome(result, failure, execution);
  const plans = assessment.kind === "planned" ? assessment.plan.images : [];
  return {
    ...base,
    kind:
      assessment.kind === "planned" && assessment.blockedBy === undefined
        ? assessment.plan.kind
        : result.kind,
    because,
    workload,
    images: today.map((image) => {
      const planned = plans.find((one) => one.image === image.image);
      const writes = planned && writesOf(planned);
      return {
        ...image,
        ...images.find((one) => one.image === image.image),
        ...(writes === undefined ? {} : { writes }),
      };
    }),
    next,
  };
}
