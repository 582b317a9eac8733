/** The plans as data, and the command that does exactly what was shown. */

import { optional } from "../../../ecs/json-fields.ts";
import type { ServicePlan } from "../../../mirrors/apply/apply-plan.ts";
import { formatBecause } from "../../../remediation/report/ending-reason.ts";
import { fullName, writesOf } from "../../output/format-assessment.ts";
import type { ApplyLine } from "./apply-line.ts";

export function applyLine(
  plans: readonly ServicePlan[],
  unread: readonly string[],
  policy: string,
  next: readonly string[] | undefined,
): ApplyLine {
  return {
    type: "apply",
    policy,
    services: plans.map(serviceLine),
    unread: [...unread],
    ...optional("next", next && [...next]),
  };
}

function serviceLine(plan: ServicePlan): ApplyLine["services"][number] {
  const { service, images, resolvedAgain } = plan;
  return {
    cluster: service.clusterArn,
    service: service.name,
    taskDefinition: service.taskDefinition,
    kind: plan.kind,
    ...(plan.kind === "blocked"
      ? { code: plan.code, because: formatBecause(plan.because), remedies: [...plan.remedies] }
      : {}),
    images: images.map(({ planned, containers, ...image }) => ({
      ...image,
      containers: [...containers],
      ...optional("writes", planned && writesOf(planned)),
      ...optional("proof", planned?.substitute?.proof),
      ...optional("wayBack", planned?.ordered?.wayBack?.image),
    })),
    resolvedAgain: [...resolvedAgain],
  };
}

/** Where the command that is printed acts: pasted elsewhere, it must not change services of another account or region. */
export type CommandPlace = {
  /** The stack's options, as a shell reads them. */
  readonly flags: string;
  readonly region: string;
  readonly profile?: string | undefined;
};

/**
 * It names each tag with the digest that was shown, and each service that is to follow: where a tag moves meanwhile, nothing is
 * done for it, and a service that the plan has left as it is stays so.
 */
export function commandOf(
  plans: readonly ServicePlan[],
  { flags, region, profile }: CommandPlace,
): readonly string[] | undefined {
  const toDo = plans.filter(({ kind }) => kind === "apply");
  if (toDo.length === 0) return undefined;
  const images = toDo.flatMap(({ images: rows }) =>
    rows.flatMap(({ code, source, to }) => (code === "apply" && source && to ? [`${source}@${to}`] : [])),
  );
  return [
    ...["repull", "mirrors", "refresh", "--apply"],
    ...[...new Set(images)].flatMap((image) => ["--image", image]),
    ...toDo.flatMap(({ service }) => ["--service", fullName(service)]),
    ...wordsOf(flags),
    ...["--region", region],
    ...(profile ? ["--profile", profile] : []),
    "--yes",
  ];
}

/** The arguments of a text that a shell would read: the path of a policy may be quoted. */
function wordsOf(flags: string): readonly string[] {
  const words = flags.match(/'(?:[^']|'\\'')*'|\S+/g) ?? [];
  return words.map((word) => (word.startsWith("'") ? word.slice(1, -1).replaceAll(`'\\''`, "'") : word));
}
