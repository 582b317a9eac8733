/** A remedy in words. */

import type { Remedy, RemedyCode } from "./remedy.ts";

type Words = (remedy: Remedy, params: Readonly<Record<string, string>>) => string;

const PLANS = "a free one has 200 pulls in 6 hours, a paid one (Pro, Team, Business) has no such limit";

const WORDS: Readonly<Record<RemedyCode, Words>> = {
  "name-rules-account": (remedy, { image }) =>
    `give the pull-through cache rule that ${image} goes by an account with pulls left (aws ecr describe-pull-through-cache-rules names the rule): ${commandOf(remedy)}; of Docker Hub's plans a paid one has no limit of pulls, a free one has 200 in 6 hours`,
  "name-image-that-exists": (_, { host, name, elsewhere }) =>
    `name an image that is there in your source: ${host} has no ${name} any more, and neither waiting nor an account brings it back${
      elsewhere === undefined
        ? ""
        : `; its publisher's ${elsewhere} gets no updates: for a while, by its digest`
    }`,
  "name-other-place": (remedy) =>
    `or, where a copy is kept elsewhere, say so in the policy (equivalents with otherBytes, for bytes that nobody can compare: ${settingOf(remedy)}): Repull uses what you name there`,
  "accept-weaker-proof": ({ setting }) =>
    setting?.value === "same-publisher"
      ? "accept the proof same-publisher (the stack's LeastProof, leastProof in the policy): the publisher keeps both names, no digest could be compared"
      : `accept the proof ${setting?.value} (the stack's LeastProof, leastProof in the policy)`,
  "allow-permission": (_, { permission }) => `give Repull's role the permission ${permission}`,
  "pin-by-digest": (_, { image }) =>
    `pin ${image} by its digest in your source (NAME@sha256:…): then places can be compared whoever answers`,
  "allow-role": (remedy, { because }) => `give the tasks' role the right: ${because}${afterwards(remedy)}`,
  "name-execution-role": () =>
    "give the task definition an execution role, or name one for such tasks (executionRole in the policy)",
  "open-network": (_, { because }) => `open a way for the tasks: ${because}`,
  "mend-rule": (remedy, { because }) => `mend the pull-through rule: ${because}${afterwards(remedy)}`,
  "mend-secret": (remedy, { because }) => `mind the secret: ${because}${afterwards(remedy)}`,
  "accept-unchecked-secret": () =>
    "let the account be used although nobody could check whether the tasks may read its secret (uncheckedSecret in the policy)",
  "let-cache-be-filled": ({ setting }) =>
    `deploy the stack with ${setting?.key}=${setting?.value}, so that Repull may fill the cache`,
  "restore-archived-copy": (remedy) => `restore the archived copy in ECR: ${commandOf(remedy)}`,
  "create-pull-through-rule": (remedy) =>
    `create a pull-through cache rule for Docker Hub, which ECR lets use a Docker Hub account only: ${commandOf(remedy)}; Repull finds it by itself`,
  "name-docker-hub-account": () =>
    `give Repull a Docker Hub account (the stack's AccountSecretArn, dockerHubSecret in the policy): ${PLANS}`,
  "pay-for-account": () =>
    "move the Docker Hub account to a paid plan (Pro, Team, Business), which has no limit of pulls; a free one has 200 in 6 hours",
  "copy-into-ecr": (remedy, { image }) =>
    `mirror ${image} from a place with pulls left: ${commandOf(remedy)}${
      remedy.first === undefined
        ? ""
        : ` (where ECR has no such repository yet, first ${remedy.first.join(" ")})`
    }`,
  "allow-registry": (remedy, { host }) =>
    `let ${host} be asked (registries.allowed in the policy: ${valueInWords(remedy)})`,
  "open-registry": (_, { because }) => `give Repull access to the registry that refused it: ${because}`,
  "allow-private-copy": (remedy) =>
    `allow copies of the private image (registries.privateImages: ${valueInWords(remedy)})`,
  "allow-strategies": (_, { strategies }) =>
    `allow more strategies (the stack's Strategies, strategies in the policy, is ${strategies})`,
  "reach-registry": (_, { host, because }) => `let Repull reach ${host}: ${because}`,
  wait: ({ until }) => `or wait: ${until}, and ECS goes on trying`,
  "raise-cap": ({ setting }, { cluster }) =>
    cluster === undefined
      ? `to let more through, raise ${setting?.key} in the policy document (docs/policy.md): what waits sees it within half an hour`
      : `to let more of ${cluster} through, raise ${setting?.key} in the policy document (docs/policy.md), of which one cluster has half, or name ${cluster} alone in clusters.include: what waits sees it within half an hour`,
};

/** The sentence for people. */
export function remedyInWords(remedy: Remedy): string {
  return WORDS[remedy.code](remedy, remedy.params ?? {});
}

function afterwards(remedy: Remedy): string {
  return remedy.command === undefined ? "" : `; ${commandOf(remedy)}`;
}

/** As a shell takes it. */
function commandOf({ command = [] }: Remedy): string {
  return command
    .map((word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(" ");
}

function settingOf(remedy: Remedy): string {
  return `${remedy.setting?.key}: ${valueInWords(remedy)}`;
}

function valueInWords({ setting }: Remedy): string {
  const { value } = setting ?? {};
  if (!Array.isArray(value)) return JSON.stringify(value);
  return `[${value.map((one) => JSON.stringify(one)).join(", ")}]`;
}
