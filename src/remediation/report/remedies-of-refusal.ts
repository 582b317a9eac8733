/**
 * What can be done about a workload that Repull leaves as it is, as data: one maker for each remedy.
 *
 * Of a workload that Repull may not change, they say what to deploy; of one that Repull was kept away from, which
 * setting brings it back.
 */

import { parseArn, parseRevision } from "../../ecs/arn.ts";
import { matchesGlob, type Scope } from "../../substitution/glob.ts";
import type { ImagePlan } from "../../substitution/plan-types.ts";
import type { Rights } from "../../substitution/policy/policy.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";
import type { TaggedResource } from "../survey/tagged-resource.ts";
import type { StepRefusal } from "../workflow/permanent-failures.ts";

/** Takes tags off their resource. A task is over before that is possible: it is started anew without them. */
export function removeTag({ arn, name }: TaggedResource, keys: readonly string[]): readonly Remedy[] {
  const asked = tagService(arn);
  if (asked === undefined) return [];
  const code = "remove-tag";
  const params = { name, keys: keys.join(" and ") };
  if (asked.isTask)
    return [{ code, params, until: `the task is started again without the tag ${keys.join(" and ")}` }];
  const command = [
    ...["aws", asked.service, "untag-resource", "--resource-arn", asked.arn],
    ...["--tag-keys", ...keys],
  ];
  return [{ code, params, command }];
}

/** Writes a word that means yes. */
export function setTag({ arn, name }: TaggedResource, key: string, value: string): readonly Remedy[] {
  const asked = tagService(arn);
  if (asked === undefined) return [];
  const code = "set-tag";
  const params = { name, key, value };
  if (asked.isTask)
    return [{ code, params, until: `the task is started again with the tag ${key}=${value}` }];
  // EventBridge and its scheduler spell a tag with capitals, ECS does not.
  const tag = asked.service === "ecs" ? `key=${key},value=${value}` : `Key=${key},Value=${value}`;
  const command = ["aws", asked.service, "tag-resource", "--resource-arn", asked.arn, "--tags", tag];
  return [{ code, params, command }];
}

function tagService(
  arn: string | undefined,
): { readonly service: string; readonly arn: string; readonly isTask: boolean } | undefined {
  const { service, resource } = parseArn(arn ?? "") ?? {};
  if (arn === undefined || service === undefined || resource === undefined) return undefined;
  return { service, arn, isTask: service === "ecs" && resource.startsWith("task/") };
}

/** The scope in which the name is: without the patterns that leave it out, and with one that means it. */
export function includeWorkload(
  key: "clusters" | "services" | "images",
  { include, exclude }: Scope,
  name: string,
  matches: (pattern: string) => boolean = (pattern) => matchesGlob(pattern, name),
): Remedy {
  const value = {
    include: include.some(matches) ? [...include] : [...include, name],
    exclude: exclude.filter((pattern) => !matches(pattern)),
  };
  return { code: "include-workload", params: { name }, setting: { key: `scope.${key}`, value } };
}

/** The stack's Mode is a ceiling: where it allows no more, the document cannot. */
export function raiseMode(rights: Rights = {}): Remedy {
  const key = rights.mode === "observe" ? "Mode" : "mode";
  return { code: "raise-mode", setting: { key, value: "remediate" } };
}

/** The stack's parameter that lets Repull change tasks that no service started. */
export function allowTaskChanges(schedule: string | undefined): Remedy {
  const code = "allow-task-changes";
  if (schedule === undefined) return { code, setting: { key: "StandaloneTasks", value: "run" } };
  return { code, params: { schedule }, setting: { key: "ScheduleRoleArns", value: "ROLE_ARN" } };
}

/** @param how in words, as an order; @param until the same, as what has come about */
export function deployYourself(how: string, until: string): Remedy {
  return { code: "deploy-yourself", params: { how }, until };
}

/** `nginx:1.27 from public.ecr.aws/docker/library/nginx`: what a plan would have in the place of what. */
export function placesIn(images: readonly ImagePlan[]): string {
  return images
    .flatMap(({ image, substitute }) =>
      substitute === undefined
        ? []
        : `${image} from ${substitute.copy?.target ?? substitute.candidate.image}`,
    )
    .join(" and ");
}

/** Frees so many of the places for tags that a task definition has. */
export function removeOwnTags(revision: string, count: number): Remedy {
  return {
    code: "remove-own-tags",
    params: { count: `${count}`, family: parseRevision(revision)?.family ?? revision },
    command: [
      ...["aws", "ecs", "untag-resource", "--resource-arn", revision],
      ...["--tag-keys", ...Array.from({ length: count }, () => "TAG_KEY")],
    ],
  };
}

/** Redeploys what a substitute replaces. */
export function undoSubstitute(name: string, cluster: string): Remedy {
  return { code: "undo-substitute", command: ["repull", "undo", name, "--cluster", cluster, "--yes"] };
}

/** A service that is healed by hand is under no guard of Repull's. */
export function fixByHand(service: string, cluster: string): Remedy {
  return { code: "fix-by-hand", command: ["repull", "fix", service, "--cluster", cluster, "--yes"] };
}

/** @param after what has to be over before; @param at when it is, in milliseconds since the epoch */
export function nextFailure(after?: string, at?: number): Remedy {
  return {
    code: "next-failure",
    until: `${after === undefined ? "" : `${after}; `}the next failing task starts another attempt`,
    ...(at === undefined ? {} : { at: new Date(at).toISOString() }),
  };
}

/** What blocked a step. */
export function remediesOfFailed(refusal: StepRefusal | undefined, because: string): readonly Remedy[] {
  if (refusal === undefined) return [nextFailure("AWS answers again")];
  const { code, permission = "the action", stopped } = refusal;
  if (code === "invalid")
    return [
      { code: "change-request", params: { permission, because }, until: `AWS takes ${permission} again` },
    ];
  if (stopped === undefined)
    return [
      {
        code: "allow-permission",
        params: { permission },
        until: `${permission} is allowed to Repull's role`,
      },
    ];
  const { parameter } = stopped;
  if (parameter === undefined) return [{ code: "allow-writes", until: "the operator allows writes again" }];
  const command = [
    ...["aws", "ssm", "put-parameter", "--name", parameter],
    ...["--overwrite", "--value", "allowed"],
  ];
  return [{ code: "allow-writes", command }];
}
