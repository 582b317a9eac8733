/** What the owner could do where nothing holds: each remedy is one that this very plan asks for. */

import { WELL_KNOWN } from "../image/known-registries.ts";
import { printPlatform } from "../image/platform.ts";
import { referenceIn } from "../image/reference.ts";
import { goneImage } from "./gone.ts";
import type { ImageFacts, ImagePlan, PlanContext } from "./planner.ts";
import { STRATEGY_NAMES } from "./policy.ts";

/** Remedies in words, the surest first; the last one says until when waiting helps. */
export function remediesFor(
  facts: readonly ImageFacts[],
  unhealed: readonly ImagePlan[],
  { policy, platforms = [], limit }: PlanContext,
): readonly string[] {
  const remedies = new Set<string>();
  for (const plan of unhealed) {
    const { image, losers, notOffered = [] } = plan;
    if (limit?.mayBeUpstreams === true)
      remedies.add(
        `give the pull-through cache rule that ${image} goes by an account with pulls left (aws ecr describe-pull-through-cache-rules names its secret): of Docker Hub's plans a paid one has no limit of pulls, a free one has 200 in 6 hours`,
      );
    const gone = goneOf(facts, plan);
    if (gone !== undefined) {
      remedies.add(
        `name an image that is there in your source: ${gone.host} has no ${gone.name} any more, and neither waiting nor an account brings it back`,
      );
      if (gone.elsewhere !== undefined)
        remedies.add(
          `or its publisher's ${gone.elsewhere}, which gets no updates: for a while, by its digest`,
        );
      remedies.add(
        `or, where a copy is kept elsewhere, say so in the policy (equivalents with otherBytes, for bytes that nobody can compare): Repull uses what you name there`,
      );
      continue;
    }
    const sightings = facts.find((fact) => fact.image === image)?.sightings ?? [];
    const isSeen = (kind: string) => sightings.some(({ seen }) => seen.kind === kind);
    const lacks = (strategy: string, words: RegExp) =>
      notOffered.some((one) => one.strategy === strategy && words.test(one.because));
    const allChecks = losers.flatMap(({ checks = [] }) => checks);

    if (losers.some(({ because }) => because.startsWith("its proof is same-publisher"))) {
      remedies.add(
        "accept the proof same-publisher (the stack's LeastProof, leastProof in the policy): the publisher keeps both names, no digest could be compared",
      );
    }
    if (plan.untrusted?.permission !== undefined)
      remedies.add(`give Repull's role the permission ${plan.untrusted.permission}`);
    if (plan.trusted === undefined) {
      remedies.add(
        `pin ${image} by its digest in your source (NAME@sha256:…): then places can be compared whoever answers`,
      );
    }
    for (const { what, result, because } of allChecks) {
      if (result === "failed" && what === "role")
        remedies.add(
          /without an execution role/.test(because)
            ? "give the task definition an execution role, or name one for such tasks (executionRole in the policy)"
            : `give the tasks' role the right: ${because}`,
        );
      if (result === "failed" && what === "network") remedies.add(`open a way for the tasks: ${because}`);
      if (result === "failed" && what === "rule") remedies.add(`mend the pull-through rule: ${because}`);
      if (result === "failed" && what === "secret") remedies.add(`mind the secret: ${because}`);
    }
    const widen = losers.map(({ because }) => /PullThroughRepositories to (\S+)/.exec(because)?.[1]);
    for (const pattern of widen.filter((one) => one !== undefined))
      remedies.add(
        `deploy the stack with PullThroughRepositories=${pattern}, so that Repull may fill the cache`,
      );
    if (isSeen("archived"))
      remedies.add("restore the archived copy in ECR (aws ecr update-image-storage-class)");
    if (lacks("pull-through", /no pull-through cache rule/)) {
      remedies.add(
        "create a pull-through cache rule for Docker Hub (aws ecr create-pull-through-cache-rule): Repull finds it by itself",
      );
    }
    if (lacks("sign-in", /no Docker Hub account/)) {
      remedies.add(
        "give Repull a Docker Hub account (the stack's AccountSecretArn, dockerHubSecret in the policy): a free one has 200 pulls in 6 hours, a paid one (Pro, Team, Business) has no such limit",
      );
    }
    if (
      limit?.limitedAs === "account" ||
      losers.some(({ because }) => /configured account has no/.test(because))
    ) {
      remedies.add(
        "move the Docker Hub account to a paid plan (Pro, Team, Business), which has no limit of pulls; a free one has 200 in 6 hours",
      );
    }
    if (isSeen("rate-limited")) {
      remedies.add(
        `mirror it from a place with quota left: repull mirror ${image} TARGET${platforms.map((one) => ` --platform ${printPlatform(one)}`).join("")}`,
      );
    }
    for (const host of notAllowed(facts, image, plan.untrusted))
      remedies.add(`let ${host} be asked (registries.allowed in the policy: ["${WELL_KNOWN}", "${host}"])`);
    if (isSeen("denied")) remedies.add("give Repull's roles access to the registry that refused it");
    if (losers.some(({ because }) => because.includes("registries.privateImages"))) {
      remedies.add(
        `allow copies of the private image (registries.privateImages: ["${image.split(/[:@]/)[0]}"])`,
      );
    }
  }
  // Where each of them is gone, there is nothing to wait for, and nowhere else to look.
  if (unhealed.length > 0 && unhealed.every((plan) => goneOf(facts, plan) !== undefined))
    return [...remedies];
  if (STRATEGY_NAMES.some((name) => !policy.strategies.includes(name)))
    remedies.add(`allow more strategies (REPULL_STRATEGIES is ${policy.strategies.join(",")})`);
  remedies.add(`or wait: ${untilWhen(limit)}, and ECS goes on trying`);
  return [...remedies];
}

function goneOf(facts: readonly ImageFacts[], { image }: ImagePlan) {
  const own = facts.find((fact) => fact.image === image);
  return own && goneImage(own);
}

/** The registries of an image that the policy does not let be asked: a place's, and its own. */
function notAllowed(
  facts: readonly ImageFacts[],
  image: string,
  untrusted: ImagePlan["untrusted"],
): readonly string[] {
  const sightings = facts.find((fact) => fact.image === image)?.sightings ?? [];
  const places = sightings
    .filter(({ seen }) => seen.kind === "not-allowed")
    .map(({ candidate }) => candidate.source ?? candidate.image);
  const own = untrusted?.code === "origin-not-allowed" ? [image] : [];
  return [...new Set([...own, ...places].flatMap((place) => referenceIn(place)?.host ?? []))];
}

/** When the limit is over, as far as anybody can tell. */
function untilWhen(limit: PlanContext["limit"]): string {
  if (limit?.kind === "docker-hub-abuse-limit")
    return "the abuse limit counts requests by the minute, and ends when fewer come from this address";
  if (limit?.mayBeUpstreams === true)
    return "the cache serves it as soon as its upstream grants pulls again, at Docker Hub within 6 hours";
  if (limit?.kind === "registry-limit")
    return `${limit.registry ?? "the registry"} does not tell how long its limit lasts`;
  return limit?.endsBy === undefined
    ? "a Docker Hub window ends at the latest 6 hours after the limit struck"
    : `the limit ends at the latest at ${limit.endsBy} (a Docker Hub window has 6 hours)`;
}
