/** What would become of each service that has to do with a copied tag, as lines for a reader. */

import { shellWords } from "../../../diagnosis/remedies/format-remedy.ts";
import { shortRevision } from "../../../ecs/arn.ts";
import type { ImageRow, ServicePlan } from "../../../mirrors/apply/apply-plan.ts";
import { formatBecause } from "../../../remediation/report/ending-reason.ts";
import { abbreviate, formatProof } from "../../../substitution/explain-plan.ts";
import { formatRemedy } from "../../../substitution/remedies/format-remedy.ts";
import { counted } from "../../../text/counted.ts";
import { clusterName } from "../../account/find-service.ts";
import { fullName, writesOf } from "../../output/format-assessment.ts";

/** @param next the command that does what is shown; absent: it is done at once, or there is nothing to do */
export function formatApply(
  plans: readonly ServicePlan[],
  unread: readonly string[],
  next: readonly string[] | undefined,
): readonly string[] {
  const current = plans.filter(isCurrent);
  const others = plans.filter((plan) => !isCurrent(plan));
  return [
    ...(plans.length === 0 ? ["No service has to do with a tag that was copied."] : []),
    ...others.flatMap((plan) => [...formatService(plan), ""]),
    ...(current.length === 0
      ? []
      : [
          `${counted(current.length, "service")} ${current.length === 1 ? "runs" : "run"} what ${current.length === 1 ? "its tag names" : "their tags name"}.`,
        ]),
    ...unread.map((what) => `Not read: ${what}`),
    ...(next === undefined ? [] : [`To do it: ${shellWords(next)}`]),
  ];
}

function isCurrent({ kind, images }: ServicePlan): boolean {
  return kind === "left" && images.every(({ code }) => code === "current");
}

function formatService(plan: ServicePlan): readonly string[] {
  const { service, images } = plan;
  return [
    `${fullName(service)} runs ${shortRevision(service.taskDefinition)}: ${verdict(plan)}`,
    ...images.flatMap((image) => formatImage(image).map((line) => `  ${line}`)),
    ...whatFollows(plan).map((line) => `  ${line}`),
  ];
}

function verdict(plan: ServicePlan): string {
  if (plan.kind === "apply") return "follows";
  return plan.kind === "left" ? "stays as it is" : `stays as it is (${plan.code})`;
}

function formatImage(row: ImageRow): readonly string[] {
  const { image, containers, code, because, source, runs, to, planned } = row;
  const name = `${abbreviate(image)} (${containers.join(", ")})`;
  if (code !== "apply") return [`${name} stays (${code}): ${because ?? LEFT[code] ?? code}`];
  const writes = planned && writesOf(planned);
  const proof = planned?.substitute?.proof;
  const wayBack = planned?.ordered?.wayBack;
  return [
    `${name} follows ${source}`,
    `  from ${runs}`,
    `  to   ${to}`,
    ...(writes === undefined ? [] : [`  would write ${writes}`]),
    ...(proof === undefined ? [] : [`  ${formatProof(proof, planned?.trusted)}`]),
    ...(wayBack === undefined ? [] : [`  back to ${wayBack.image} where it does worse`]),
  ];
}

const LEFT: Readonly<Partial<Record<ImageRow["code"], string>>> = {
  "names-digest": "it is named by a digest, and follows no tag",
  "names-copy": "it is one copy, whose tag never moves",
};

function whatFollows(plan: ServicePlan): readonly string[] {
  if (plan.kind === "left") return [];
  const { service, resolvedAgain } = plan;
  if (plan.kind === "blocked")
    return [
      `because: ${abbreviate(formatBecause(plan.because))}`,
      ...[...plan.remedies.map(formatRemedy), HINTS[plan.code] ?? ""]
        .filter((line) => line !== "")
        .map((line) => `next: ${line}`),
    ];
  return [
    ...(resolvedAgain.length === 0
      ? []
      : [`ECS resolves ${resolvedAgain.map(abbreviate).join(" and ")} again, as by every deployment`]),
    `undo: repull undo ${service.name} --cluster ${clusterName(service.clusterArn)} --yes`,
  ];
}

const HINTS: Readonly<Partial<Record<string, string>>> = {
  absent: "the next refresh copies it: repull mirrors refresh --yes",
  "no-platform":
    "the new image is not for the platform of the service's tasks: its publisher has to build it for that one",
  "deployment-in-progress": "run it again when the deployment has ended",
  "approval-needed": "run it without --yes: the command that it prints names the digests",
};
