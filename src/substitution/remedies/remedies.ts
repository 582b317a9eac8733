/** What the operator can do when no substitute is accepted: each remedy is one that heals this very plan. */

import { printPlatform } from "../../image/platform.ts";
import { parseReference, tryParseReference } from "../../image/reference.ts";
import { isDockerHub, registryOf } from "../../image/registry-hosts.ts";
import { type Candidate, isBarred } from "../candidate.ts";
import { type MissingImage, missingImage } from "../missing-image.ts";
import type { ImageFacts, ImagePlan, PlanContext } from "../plan-types.ts";
import { meets, type ProofLevel } from "../proof.ts";
import { STRATEGY_NAMES } from "../strategy-name.ts";
import { remediesOfChecks } from "./remedies-of-checks.ts";
import type { Remedy } from "./remedy.ts";
import { createRuleCommand, updateRuleCommand } from "./rule-command.ts";
import { waitRemedy } from "./wait-remedy.ts";

/** The remedies, the surest first; the last one says until when waiting helps. */
export function remediesFor(
  facts: readonly ImageFacts[],
  unhealed: readonly ImagePlan[],
  context: PlanContext,
): readonly Remedy[] {
  const { policy, limit, again } = context;
  const found = unhealed.flatMap((plan) => remediesOf(factsOf(facts, plan), plan, context));
  // Where each of them is gone, there is nothing to wait for, and nowhere else to look.
  const isOver = unhealed.length > 0 && unhealed.every((plan) => goneOf(facts, plan) !== undefined);
  if (!isOver && STRATEGY_NAMES.some((name) => !policy.strategies.includes(name)))
    found.push({
      code: "allow-strategies",
      params: { strategies: policy.strategies.join(",") },
      setting: { key: "strategies", value: [...STRATEGY_NAMES] },
    });
  if (!isOver && again !== "nothing") found.push(waitRemedy(limit, again));
  return [...new Map(found.map((remedy) => [JSON.stringify(remedy), remedy])).values()];
}

function remediesOf(facts: ImageFacts | undefined, plan: ImagePlan, context: PlanContext): Remedy[] {
  const { policy, limit } = context;
  const { image, rejected, notApplicable = [], trusted, untrusted } = plan;
  const probedCandidates = facts?.probedCandidates ?? [];
  const remedies: Remedy[] = [];
  if (limit?.mayBeUpstreams === true)
    remedies.push({
      code: "name-rules-account",
      params: { image },
      command: updateRuleCommand("RULE_PREFIX"),
    });
  const gone = facts && missingImage(facts);
  if (gone !== undefined) return [...remedies, ...remediesOfGone(image, gone, context)];

  if (isBarred(untrusted)) return [...remedies, ...remediesOfUnread(untrusted), pinByDigest(image)];

  const isElsewhere = isNotAtDockerHub(image, probedCandidates);
  const lacksCacheRule = notApplicable.some(
    ({ code, host }) => code === "no-cache-rule" && isDockerHub(host ?? ""),
  );
  const lacksAccount = notApplicable.some(({ code }) => code === "no-account");
  // The same role would pull what came into ECR otherwise, and read the secret of an account.
  const roles = rejected.flatMap(({ checks = [] }) =>
    checks.filter(({ what, result }) => what === "role" && result === "failed"),
  );
  const mayPullFromEcr = roles.length === 0;
  const hasRole = roles.every(({ code }) => code !== "no-execution-role");
  const isSpent = rejected.some(({ code }) => code === "account-exhausted");

  for (const proof of tooWeak(rejected))
    remedies.push({ code: "accept-weaker-proof", setting: { key: "minimumProof", value: proof } });
  remedies.push(...remediesOfUnread(untrusted));
  if (trusted === undefined) remedies.push(pinByDigest(image));
  remedies.push(...rejected.flatMap((loser) => remediesOfChecks(loser)));
  for (const { repositories, candidate } of rejected) {
    if (repositories !== undefined)
      remedies.push({
        code: "let-cache-be-filled",
        setting: { key: "ReadableRepositoryArns", value: repositories },
      });
    if (probedCandidates.some((one) => one.candidate === candidate && one.seen.kind === "archived"))
      remedies.push({
        code: "restore-archived-copy",
        command: restoreCommand(candidate.image, trusted?.digest),
      });
  }
  // A cache may answer a tag with the image of a day ago: without a digest, no rule helps. Of a front of Docker Hub, none
  // but a rule for the front itself does, and ECR makes no such rules.
  if (trusted !== undefined && mayPullFromEcr && !isElsewhere && lacksCacheRule)
    remedies.push({
      code: "create-pull-through-rule",
      command: createRuleCommand(),
    });
  if (hasRole && !isElsewhere && lacksAccount)
    remedies.push({
      code: "name-docker-hub-account",
      setting: { key: "DockerHubSecretArn", value: "SECRET_ARN" },
    });
  if (limit?.limitedAs === "account" || isSpent)
    remedies.push({ code: "pay-for-account", until: "the account has a plan without a limit of pulls" });
  if (mayPullFromEcr) remedies.push(...copyByHand(plan, probedCandidates, context));
  for (const host of notAllowed(probedCandidates, plan))
    remedies.push({
      code: "allow-registry",
      params: { host },
      setting: { key: "registries.allowed", value: [...policy.registries.allowed, host] },
    });
  for (const { seen, candidate } of probedCandidates) {
    const host = tryParseReference(candidate.source ?? candidate.image)?.host ?? "";
    if (seen.kind === "unreachable")
      remedies.push({
        code: "reach-registry",
        params: { host, because: seen.because },
        until: `${host} answers`,
      });
    if (seen.kind !== "denied" || (isElsewhere && isDockerHub(host))) continue;
    if (seen.code === "private-image")
      remedies.push({
        code: "allow-private-copy",
        setting: {
          key: "registries.privateImages",
          value: [...policy.registries.privateImages, nameOf(image)],
        },
      });
    else if (seen.code !== "cache-not-fillable") remedies.push(openRegistry(host, seen.because, candidate));
  }
  return remedies;
}

/** A repository of ECR is opened by the stack: what it may read there, a parameter names. */
function openRegistry(host: string, because: string, { image, source }: Candidate): Remedy {
  const code = "open-registry";
  const registry = registryOf(host);
  if (source !== undefined || registry.kind !== "ecr")
    return { code, params: { host, because }, until: `${host} lets Repull read and write there` };
  const { partition, region, account } = registry;
  const value = `arn:${partition}:ecr:${region}:${account}:repository/${parseReference(image).path}`;
  return { code, params: { host, because }, setting: { key: "ReadableRepositoryArns", value } };
}

/** What the source itself says goes before every other witness. */
function pinByDigest(image: string): Remedy {
  return { code: "pin-by-digest", params: { image }, until: `the source names ${image} by its digest` };
}

function remediesOfUnread(untrusted: ImagePlan["untrusted"]): readonly Remedy[] {
  const { permission } = untrusted ?? {};
  if (permission === undefined) return [];
  return [
    {
      code: "allow-permission",
      params: { permission },
      until: `${permission} is allowed to Repull's role`,
    },
  ];
}

/** Written under a host that might front Docker Hub, which does not have it: nothing of Docker Hub's helps. */
function isNotAtDockerHub(image: string, probedCandidates: ImageFacts["probedCandidates"]): boolean {
  if (isDockerHub(tryParseReference(image)?.host ?? "")) return false;
  return probedCandidates.some(({ seen, candidate }) => {
    const host = tryParseReference(candidate.source)?.host ?? "";
    return isDockerHub(host) && (seen.kind === "denied" || seen.kind === "absent");
  });
}

function remediesOfGone(
  image: string,
  { host, name, elsewhere }: MissingImage,
  { policy }: PlanContext,
): readonly Remedy[] {
  const other = { image: nameOf(image), use: "IMAGE_ELSEWHERE", allowDifferentContent: true };
  return [
    {
      code: "name-image-that-exists",
      params: { host, name, ...(elsewhere === undefined ? {} : { elsewhere }) },
      until: `the source names an image that ${host} has`,
    },
    {
      code: "name-other-place",
      setting: { key: "imageMappings", value: [...policy.imageMappings, other] },
    },
  ];
}

/** Levels that the policy may ask for, which a place was found to have. */
function tooWeak(rejected: ImagePlan["rejected"]): readonly ProofLevel[] {
  return [...new Set(rejected.flatMap(({ proof }) => proof ?? []))];
}

/** Only its digest distinguishes an image under a tag in ECR from another one: without a digest, no copy helps. */
function copyByHand(
  { image, trusted }: ImagePlan,
  probedCandidates: ImageFacts["probedCandidates"],
  { policy, platforms = [] }: PlanContext,
): readonly Remedy[] {
  const copy = probedCandidates.find(
    ({ candidate, seen }) => candidate.strategy === "ecr-copy" && seen.kind === "absent",
  );
  const limited = probedCandidates.find(
    ({ candidate, seen }) => candidate.source !== undefined && seen.kind === "rate-limited",
  );
  if (trusted === undefined || copy === undefined || limited === undefined) return [];
  const target = copy.candidate.image;
  const isPart = policy.mirrors.platforms === "task" && meets("same-platform", policy.minimumProof);
  const wanted = isPart ? platforms.flatMap((platform) => ["--platform", printPlatform(platform)]) : [];
  const source = limited.candidate.source ?? image;
  return [
    {
      code: "copy-into-ecr",
      params: { image },
      first: ["aws", "ecr", "create-repository", "--repository-name", parseReference(target).path],
      command: ["repull", "mirror", source, target, ...wanted],
    },
  ];
}

function restoreCommand(image: string, digest: string | undefined): string[] {
  const { path, tag } = parseReference(image);
  const id = digest === undefined ? `imageTag=${tag}` : `imageDigest=${digest}`;
  return [
    ...["aws", "ecr", "update-image-storage-class", "--repository-name", path],
    ...["--image-id", id, "--target-storage-class", "STANDARD"],
  ];
}

/** As the policy's patterns name it: without tag and digest. */
function nameOf(image: string): string {
  const [name = image] = image.split("@");
  return name.replace(/:[^/:]*$/, "");
}

function factsOf(facts: readonly ImageFacts[], { image }: ImagePlan): ImageFacts | undefined {
  return facts.find((fact) => fact.image === image);
}

function goneOf(facts: readonly ImageFacts[], plan: ImagePlan): MissingImage | undefined {
  const own = factsOf(facts, plan);
  return own && missingImage(own);
}

/** The registries of an image that the policy does not let be asked: a place's, and its own. */
function notAllowed(
  probedCandidates: ImageFacts["probedCandidates"],
  { image, untrusted }: ImagePlan,
): readonly string[] {
  const places = probedCandidates
    .filter(({ seen }) => seen.kind === "not-allowed")
    .map(({ candidate }) => candidate.source ?? candidate.image);
  const own = untrusted?.code === "origin-not-allowed" ? [image] : [];
  return [...new Set([...own, ...places].flatMap((place) => tryParseReference(place)?.host ?? []))];
}
