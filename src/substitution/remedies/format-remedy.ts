/** A remedy in words. */

import type { Remedy, RemedyCode } from "./remedy.ts";

type Words = (remedy: Remedy, params: Readonly<Record<string, string>>) => string;

const PLANS = "a free one has 200 pulls in 6 hours, a paid one (Pro, Team, Business) has no such limit";

const WORDS: Readonly<Record<RemedyCode, Words>> = {
  "name-rules-account": (_, { image }) =>
    `give the pull-through cache rule that ${image} goes by (aws ecr describe-pull-through-cache-rules names it) an account with pulls left; of Docker Hub's plans a paid one has no limit of pulls, a free one has 200 in 6 hours`,
  "name-image-that-exists": (_, { host, name, elsewhere }) =>
    `name an image that is there in your source: ${host} has no ${name} any more, and neither waiting nor an account brings it back${
      elsewhere === undefined
        ? ""
        : `; its publisher's ${elsewhere} gets no updates: for a while, by its digest`
    }`,
  "name-other-place": (remedy) =>
    `or, where a copy is kept elsewhere, name it in the policy (imageMappings with allowDifferentContent, because its bytes cannot be compared: ${settingOf(remedy)}): Repull uses what you name there`,
  "accept-weaker-proof": ({ setting }) =>
    setting?.value === "same-publisher"
      ? "accept the proof same-publisher (the stack's LeastProof, minimumProof in the policy): the publisher keeps both names, no digest could be compared"
      : `accept the proof ${setting?.value} (the stack's LeastProof, minimumProof in the policy)`,
  "allow-permission": (_, { permission }) => `give Repull's role the permission ${permission}`,
  "pin-by-digest": (_, { image }) =>
    `pin ${image} by its digest in your source (NAME@sha256:…): then places can be compared even when the origin does not answer`,
  "allow-role": (_, { because }) => `give the tasks' role the right: ${because}`,
  "name-execution-role": () =>
    "give the task definition an execution role, or name one for such tasks (executionRole in the policy)",
  "open-network": (_, { because }) => `open a way for the tasks: ${because}`,
  "mend-rule": (_, { because }) => `mend the pull-through rule: ${because}`,
  "mend-secret": (_, { because }) => `let the tasks read the secret: ${because}`,
  "accept-unchecked-secret": () =>
    "let the account be used although it is unknown whether the tasks may read its secret (allowUnverifiedSecretAccess in the policy)",
  "let-cache-be-filled": ({ setting }) =>
    `deploy the stack with ${setting?.key}=${setting?.value}, so that Repull may fill the cache`,
  "restore-archived-copy": () => "restore the archived copy in ECR",
  "create-pull-through-rule": () =>
    "create a pull-through cache rule for Docker Hub, which ECR lets use a Docker Hub account only; Repull finds it by itself",
  "name-docker-hub-account": () =>
    `give Repull a Docker Hub account (the stack's AccountSecretArn, dockerHubSecret in the policy): ${PLANS}`,
  "pay-for-account": () =>
    "move the Docker Hub account to a paid plan (Pro, Team, Business), which has no limit of pulls; a free one has 200 in 6 hours",
  "copy-into-ecr": ({ first }, { image }) =>
    `copy ${image} into ECR from a place with pulls left${first === undefined ? "" : " (the first command, where ECR has no such repository yet)"}`,
  "allow-registry": (remedy, { host }) =>
    `let ${host} be asked (registries.allowed in the policy: ${formatValue(remedy)})`,
  "open-registry": (_, { because }) => `give Repull access to the registry that refused it: ${because}`,
  "allow-private-copy": (remedy) =>
    `allow copies of the private image (registries.privateImages: ${formatValue(remedy)})`,
  "allow-strategies": (_, { strategies }) =>
    `allow more strategies (the stack's Strategies, strategies in the policy, is ${strategies})`,
  "reach-registry": (_, { host, because }) => `let Repull reach ${host}: ${because}`,
  wait: ({ until }, { again = "ECS goes on trying" }) => `or wait: ${until}, and ${again}`,
  "raise-quota": ({ setting }, { cluster }) =>
    cluster === undefined
      ? `to let more through, raise ${setting?.key} in the policy document (docs/policy.md): what waits sees it within half an hour`
      : `to let more of ${cluster} through, raise ${setting?.key} in the policy document (docs/policy.md), of which one cluster has half, or name ${cluster} alone in clusters.include: what waits sees it within half an hour`,
  "remove-tag": (_, { name, keys }) => `to let Repull act on ${name}, take the tag ${keys} off it`,
  "set-tag": (_, { name, key, value }) =>
    `write a word that Repull knows into the tag ${key} of ${name}: off keeps it away, ${value} lets it act`,
  "include-workload": (remedy, { name }) =>
    `to let Repull act on ${name}, include it in the policy (${settingOf(remedy)})`,
  "raise-mode": ({ setting }) =>
    setting?.key === "Mode"
      ? "to let Repull write, deploy the stack with Mode=remediate (or Mode=approve, to be asked before)"
      : "to let Repull write, say so in the policy document (mode: remediate, or approve, to be asked before)",
  "act-while-deploying": () =>
    "to let Repull replace deployments that are under way, say so in the policy document (onActiveDeployment: act, or wait, for their end)",
  "allow-task-changes": ({ setting }, { schedule }) =>
    `or have Repull ${schedule === undefined ? "start the task again" : `point ${schedule} at the new revision`} (${
      /^[A-Z]/.test(setting?.key ?? "")
        ? `the stack's parameter ${setting?.key}=${setting?.value}`
        : `${setting?.key}: ${setting?.value} in the policy document`
    })`,
  "deploy-yourself": (_, { how = "deploy an image that can be pulled" }) => how,
  "remove-own-tags": (_, { count, family }) =>
    `take ${count} tags off the task definition of ${family}, in its source too`,
  "undo-substitute": () => "put the former revision back: should that fail, another substitute is looked for",
  "fix-by-hand": () =>
    "look at why they did not last (their revisions are tagged repull:previous-revision), then heal the service by hand, under no such guard",
  "next-failure": ({ until }) => `or wait: ${until}`,
  "allow-writes": () => "let Repull write again; the next failing task starts another attempt",
  "change-request": (_, { permission, because }) =>
    `change what makes AWS refuse ${permission} as invalid (${because}); the next failing task starts another attempt`,
};

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
