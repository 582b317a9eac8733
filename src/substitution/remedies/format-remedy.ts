/** A remedy as a sentence. */

import { tryParseReference } from "../../image/reference.ts";
import { DOCKER_HUB_HOST } from "../../image/registry-hosts.ts";
import { formatMoment } from "../../text/format-moment.ts";
import type { Remedy, RemedyCode } from "./remedy.ts";

type Words = (remedy: Remedy, params: Readonly<Record<string, string>>) => string;

const PLANS = "a free one has 200 pulls in 6 hours, a paid one (Pro, Team, Business) has no such limit";

const WORDS: Readonly<Record<RemedyCode, Words>> = {
  "name-rules-account": (_, { image }) =>
    `give the pull-through cache rule of ${image} (aws ecr describe-pull-through-cache-rules lists the rules) an account with pulls left: ${PLANS}`,
  "name-image-that-exists": (_, { host, name, elsewhere }) =>
    `change the image in your source: ${host} no longer has ${name}, and neither waiting nor an account brings it back${
      elsewhere === undefined
        ? ""
        : `; its publisher keeps ${elsewhere} without updates: use it by its digest for a while`
    }`,
  "name-other-place": (remedy) =>
    `where a copy is kept elsewhere, name it in the policy (imageMappings with allowDifferentContent, because its digest cannot be verified: ${settingOf(remedy)})`,
  "accept-weaker-proof": ({ setting }) =>
    setting?.value === "same-publisher"
      ? "accept the proof same-publisher (minimumProof in the policy): the same publisher maintains both names, and no digest could be verified"
      : `accept the proof ${setting?.value} (minimumProof in the policy)`,
  "allow-permission": (_, { permission }) => `give Repull's role the permission ${permission}`,
  "pin-by-digest": (_, { image }) =>
    `pin ${image} by its digest in your source (NAME@sha256:…): then a copy can be verified although ${registryName(image)} does not answer`,
  "allow-role": (_, { because }) => `give the tasks' role the permission: ${because}`,
  "name-execution-role": () =>
    "give the task definition an execution role, or name one for such tasks (executionRole in the policy)",
  "open-network": (_, { because }) => `open the network for the tasks: ${because}`,
  "mend-rule": (_, { because }) => `repair the pull-through cache rule: ${because}`,
  "mend-secret": (_, { because }) => `let the tasks read the secret: ${because}`,
  "accept-unchecked-secret": () =>
    "let the account be used although it is unknown whether the tasks may read its secret (registries.allowUnverifiedSecretAccess in the policy)",
  "let-cache-be-filled": ({ setting }) =>
    `add ${setting?.value} to the stack's parameter ${setting?.key}, so that Repull may fill the cache`,
  "restore-archived-copy": () => "restore the archived copy in ECR",
  "create-pull-through-rule": () =>
    "create a pull-through cache rule for Docker Hub (ECR requires a Docker Hub account for it); Repull finds the rule by itself",
  "name-docker-hub-account": () =>
    `give Repull a Docker Hub account (the stack's DockerHubSecretArn): ${PLANS}`,
  "pay-for-account": () => `move the Docker Hub account to a paid plan: ${PLANS}`,
  "copy-into-ecr": ({ first }, { image }) =>
    `copy ${image} into ECR from a network that has pulls left${first === undefined ? "" : " (skip the first command if the repository exists)"}`,
  "allow-registry": (remedy, { host }) =>
    `allow requests to ${host} (registries.allowed in the policy: ${formatValue(remedy)})`,
  "open-registry": ({ setting }, { host, because }) =>
    setting === undefined
      ? `${accessOf(host, because)}: ${because}`
      : `add ${setting.value} to the stack's parameter ${setting.key}, so that Repull may read there: ${because}`,
  "allow-private-copy": (remedy) =>
    `allow copies of the private image (registries.privateImages: ${formatValue(remedy)})`,
  "allow-strategies": (_, { strategies }) =>
    `allow more strategies (strategies in the policy is ${strategies})`,
  "reach-registry": (_, { host, because }) => `let Repull reach ${host}: ${because}`,
  wait: ({ until }, { again = "ECS keeps trying" }) => `wait: ${until}; ${again}`,
  "raise-quota": ({ setting }, { cluster }) =>
    cluster === undefined
      ? `to allow more, raise ${setting?.key} in the policy document (docs/policy.md): waiting remediations read it within half an hour`
      : `to allow more for ${cluster}, raise ${setting?.key} in the policy document (docs/policy.md; one cluster may use half of it), or name ${cluster} alone in scope.clusters.include: waiting remediations read it within half an hour`,
  "remove-tag": (_, { name, keys }) => `to let Repull act on ${name}, remove its tag ${keys}`,
  "set-tag": (_, { name, key, value }) =>
    `set the tag ${key} of ${name} to a value that Repull knows: off excludes it, ${value} lets Repull act`,
  "include-workload": (remedy, { name }) =>
    `to let Repull act on ${name}, include it in the policy (${settingOf(remedy)})`,
  "raise-mode": ({ setting }) =>
    setting?.key === "Mode"
      ? "to let Repull write, deploy the stack with Mode=remediate (or Mode=approve to be asked first)"
      : "to let Repull write, set the mode in the policy document (remediate, or approve to be asked first)",
  "open-calendar": ({ at }, { calendars }) =>
    `wait for the Change Calendar (${calendars}) to open${at === undefined ? "" : ` at ${formatMoment(at)}`}, or open it: the next failing task, or the next sweep, starts another attempt`,
  "name-calendar": (_, { calendars }) =>
    `name Change Calendars that exist in the policy's changeCalendar, or none: ${calendars} cannot be read`,
  "act-while-deploying": () =>
    "to let Repull replace deployments in progress, set onActiveDeployment in the policy document (act, or wait for them to end)",
  "allow-task-changes": ({ setting }, { schedule }) =>
    schedule === undefined
      ? `have Repull start the task again (the stack's parameter ${setting?.key}=${setting?.value})`
      : `have Repull point ${schedule} at the new revision (the stack's parameter ${setting?.key}: the role by which ${schedule} starts its task)`,
  "deploy-yourself": (_, { how = "deploy an image that can be pulled" }) => how,
  "remove-own-tags": (_, { count, family }) =>
    `remove ${count} tags from the task definition of ${family}, also in its source`,
  "undo-substitute": () =>
    "go back to the previous revision; if that fails too, Repull looks for another substitute",
  "fix-by-hand": () =>
    "find out why they did not last (their revisions have the tag repull:previous-revision), then run the fix yourself, which this guard does not stop",
  "next-failure": ({ until }) => `wait: ${until}`,
  "allow-writes": () => "let Repull write again; the next failing task starts another attempt",
  "change-request": (_, { permission, because }) =>
    `change what makes AWS refuse ${permission} as invalid (${because}); the next failing task starts another attempt`,
};

/** The registry that an image is from, for people. */
function registryName(image: string | undefined): string {
  const host = tryParseReference(image ?? "")?.host;
  return host === undefined || host === DOCKER_HUB_HOST ? "Docker Hub" : host;
}

/** One sentence for people, with its commands. */
export function formatRemedy(remedy: Remedy): string {
  const commands = commandsOf(remedy);
  const sentence = WORDS[remedy.code](remedy, remedy.params ?? {});
  return commands.length === 0 ? sentence : `${sentence}: ${commands.join(" && ")}`;
}

/** The same for a terminal: what can be typed or pasted has lines of its own, after the sentence. */
export function remedyInLines(remedy: Remedy): readonly [string, ...string[]] {
  const { code, params = {}, setting } = remedy;
  const sentence = WORDS[code](remedy, params);
  if (setting === undefined) return [sentence, ...commandsOf(remedy)];
  const isParameter = /^[A-Z]/.test(setting.key);
  const value = isParameter
    ? `the stack's parameters: ${setting.key}=${setting.value}`
    : `the policy document: ${JSON.stringify(nested(setting))}`;
  return [sentence, value];
}

/** `{"registries": {"allowed": […]}}`: a key with dots as the document has it. */
export function nested({ key, value }: NonNullable<Remedy["setting"]>): Readonly<Record<string, unknown>> {
  const [first = "", ...rest] = key.split(".");
  return { [first]: rest.length === 0 ? value : nested({ key: rest.join("."), value }) };
}

function commandsOf({ first, command }: Remedy): readonly string[] {
  return [first, command].flatMap((words) => (words === undefined ? [] : shellWords(words)));
}

/** As a shell takes it. */
function shellWords(command: readonly string[]): string {
  return command
    .map((word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(" ");
}

function settingOf(remedy: Remedy): string {
  return `${remedy.setting?.key}: ${formatValue(remedy)}`;
}

function formatValue({ setting }: Remedy): string {
  const { value } = setting ?? {};
  if (!Array.isArray(value)) return JSON.stringify(value);
  return `[${value.map((one) => JSON.stringify(one)).join(", ")}]`;
}

/** An operation of AWS at the front shows whose refusal it is: then the registry of the image has nothing to do with it. */
function accessOf(host: string | undefined, because: string | undefined): string {
  const [, permission] = /^([a-z0-9-]+:[A-Z][A-Za-z]+): /.exec(because ?? "") ?? [];
  return permission === undefined
    ? `give Repull access to ${host}`
    : `give Repull's role the permission ${permission}`;
}
