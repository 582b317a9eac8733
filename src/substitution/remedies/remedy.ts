/**
 * What can be done about a refusal, as data: a command to run, a setting to make, or until when to wait.
 *
 * A program can carry it out, and a test does: test/scenarios/substitutes/remedies-tried.test.ts. The sentence for people is made of it
 * in one place, `remedyInWords`.
 */

import * as z from "zod";

/** What each remedy is. */
export const REMEDIES = {
  "name-rules-account": "the pull-through cache rule gets an account with pulls left",
  "name-image-that-exists": "the source names an image that its registry has",
  "name-other-place": "the policy names a place for this image, whatever its bytes",
  "accept-weaker-proof": "the policy accepts the proof that was found",
  "allow-permission": "Repull's role gets a permission",
  "pin-by-digest": "the source names the image by its digest",
  "allow-role": "the tasks' execution role gets a permission",
  "name-execution-role": "the policy names an execution role for tasks without one",
  "open-network": "the tasks get a way to the registry",
  "mend-rule": "the pull-through cache rule gets a secret that its upstream takes",
  "mend-secret": "the secret can be read by the tasks",
  "accept-unchecked-secret": "the policy takes a secret that could not be checked",
  "let-cache-be-filled": "the stack lets Repull fill the repositories of the rule",
  "restore-archived-copy": "the copy leaves ECR's archive",
  "create-pull-through-rule": "the account gets a pull-through cache rule for Docker Hub",
  "name-docker-hub-account": "the policy names the secret of a Docker Hub account",
  "pay-for-account": "the Docker Hub account gets a plan without a limit",
  "copy-into-ecr": "a copy is made by hand, where pulls are left",
  "allow-registry": "the policy lets a registry be asked",
  "open-registry": "a registry that refuses lets Repull read",
  "allow-private-copy": "the policy lets a private image be copied",
  "allow-strategies": "the policy allows every strategy",
  "reach-registry": "a registry that cannot be reached answers",
  wait: "the limit ends",
  "raise-quota": "the policy raises the quota that is reached",
  "remove-tag": "the tag that keeps Repull away, or from writing, is removed",
  "set-tag": "the tag says a word that Repull knows",
  "include-workload": "the policy no longer leaves the workload or the image out",
  "raise-mode": "the mode lets Repull write",
  "open-calendar": "the Change Calendar opens",
  "name-calendar": "the policy names Change Calendars that there are",
  "act-while-deploying": "the policy lets Repull replace a deployment that is under way",
  "allow-task-changes": "Repull may change tasks that no service started, or what starts them",
  "deploy-yourself": "a new deployment of the workload names an image that can be pulled",
  "remove-own-tags": "the task definition has room for the tags of a substitute",
  "undo-substitute": "the former revision is put back",
  "fix-by-hand": "the service is healed by hand",
  "next-failure": "the next failing task starts another attempt",
  "allow-writes": "the operator allows writes again",
  "change-request": "AWS takes what was refused as invalid",
} as const;

export type RemedyCode = keyof typeof REMEDIES;

/** In a command or a value, placeholders for what only the operator can name. */
export const OPERATOR_PLACEHOLDERS = [
  "SECRET_ARN",
  "RULE_PREFIX",
  "ROLE_ARN",
  "IMAGE_ELSEWHERE",
  "TAG_KEY",
] as const;

export const remedySchema = z.object({
  code: z.enum(Object.keys(REMEDIES) as [RemedyCode, ...RemedyCode[]]),
  /** What the sentence names in addition to the command and the setting. */
  params: z.record(z.string(), z.string()).optional(),
  /** A command that comes first, where what it makes is not there yet. */
  first: z.array(z.string()).readonly().optional(),
  command: z.array(z.string()).readonly().optional(),
  /** A key of the policy document, with dots; one that begins with a capital is a parameter of the stack. */
  setting: z.object({ key: z.string(), value: z.json() }).optional(),
  /** Where there is neither: until when to wait, or for what. */
  until: z.string().optional(),
  /** The latest moment of it, ISO 8601, where that is known. */
  at: z.string().optional(),
});

export type Remedy = z.infer<typeof remedySchema>;
