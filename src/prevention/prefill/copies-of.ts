/**
 * Which images of a revision a limit would make Repull copy: those of Docker Hub that no other source has with enough
 * proof. It is the plan of a remediation, made before the limit is there, by questions that no registry counts as pulls.
 */

import { assessImage } from "../../assessment/assess-image.ts";
import type { Environment, RequiredPlatforms } from "../../assessment/environment.ts";
import { EXPECTED_LIMIT } from "../../assessment/offers.ts";
import { oneRound } from "../../assessment/one-round.ts";
import { findPortError } from "../../assessment/ports.ts";
import type { RegistryTimeLimits } from "../../assessment/registries-in-time.ts";
import { containersOf, type DescribedTaskDefinition } from "../../ecs/task-definition/task-definition.ts";
import { tryParseReference } from "../../image/reference.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import { type MirrorRequest, mirrorRequestOf } from "../../remediation/mirror/request-mirrors.ts";
import type { Ports } from "../../remediation/ports/ports.ts";
import { imageExcluded } from "../../remediation/survey/excluded.ts";
import type { ImagePlan } from "../../substitution/plan-types.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { StrategyContext } from "../../substitution/strategy.ts";
import { metOutage } from "../outage.ts";
import { type Remembered, rememberFor } from "../remembered.ts";

export type NeededCopy =
  | { readonly kind: "copy"; readonly image: string; readonly request: MirrorRequest }
  | { readonly kind: "none"; readonly image: string; readonly code: NoCopyCode; readonly because: string };

export type NoCopyCode =
  | "other-registry"
  | "excluded-by-policy"
  /** Its pulls are counted by an account of its own. */
  | "signed-in"
  | "platforms-unknown"
  /** A source has the image already. */
  | "source-exists"
  /** ECR's pull-through cache fetches it with its own account. */
  | "cache-rule"
  | "no-substitute"
  /** Asking again may help. */
  | "unavailable";

export type AssessmentPorts = Pick<Ports, "registries" | "anonymous" | "ecr" | "location" | "clock"> & {
  /** What was found of an image some minutes ago; absent: each image is asked about each time. */
  readonly remembered?: Remembered<NeededCopy>;
};

const SECONDS_REMEMBERED = 300;
const SECONDS_WITHOUT_ANSWER = 20;

/** A storm of deployments of one image asks its registry once. */
export function rememberCopies(clock: Pick<Ports["clock"], "now">): Remembered<NeededCopy> {
  return rememberFor(clock, (copy) =>
    copy.kind === "none" && copy.code === "unavailable" ? SECONDS_WITHOUT_ANSWER : SECONDS_REMEMBERED,
  );
}

/** The queue brings a message again after six times this. */
const TIME: RegistryTimeLimits = { all: 45, otherRegistries: 35, head: 5, get: 10 };

/** For each image of the revision, each once, in its order. */
export async function copiesOf(
  { taskDefinition }: DescribedTaskDefinition,
  platforms: RequiredPlatforms,
  policy: Policy,
  ports: AssessmentPorts,
): Promise<readonly NeededCopy[]> {
  const environment = await environmentOf(platforms, policy, ports);
  const copies: NeededCopy[] = [];
  for (const [image, containers] of Map.groupBy(containersOf(taskDefinition), (one) => one.image ?? "")) {
    const signedIn = containers.every(({ hasRepositoryCredentials }) => hasRepositoryCredentials);
    const question = JSON.stringify([image, signedIn, platforms, policy]);
    const ask = () => copyOf(image, signedIn, environment);
    copies.push(await (ports.remembered?.answer(question, ask) ?? ask()));
  }
  return copies;
}

async function copyOf(image: string, signedIn: boolean, environment: Environment): Promise<NeededCopy> {
  const { policy, platforms } = environment;
  const none = (code: NoCopyCode, because: string): NeededCopy => ({ kind: "none", image, code, because });
  const reference = tryParseReference(image);
  if (reference === undefined || !isDockerHubFront(reference.host))
    return none("other-registry", "its pulls do not count at Docker Hub");
  const excluded = imageExcluded(image, reference, policy);
  if (excluded !== undefined) return none("excluded-by-policy", excluded.because);
  if (signedIn) return none("signed-in", "its tasks pull it with an account of their own");
  // A whole image is a pull for each of its platforms: that is for healing to decide.
  if (platforms.kind === "unknown") return none("platforms-unknown", platforms.because);
  try {
    const assessed = await assessImage({ image, reference }, environment);
    const { plan } = assessed;
    const [planned] = plan.images;
    if (plan.kind === "no-substitute" && metOutage(assessed)) return none("unavailable", plan.because);
    if (plan.kind === "no-substitute" || planned?.substitute === undefined)
      return none(
        "no-substitute",
        plan.kind === "no-substitute" ? plan.because : "no source has it with enough proof",
      );
    return neededBy(planned, none);
  } catch (error) {
    const behind = findPortError(error);
    if (behind === undefined) throw error;
    return none("unavailable", behind.message);
  }
}

function neededBy(planned: ImagePlan, none: (code: NoCopyCode, because: string) => NeededCopy): NeededCopy {
  const request = mirrorRequestOf(planned);
  if (request === undefined)
    return none("source-exists", `${planned.substitute?.candidate.image ?? "a source"} has it`);
  // ECR does not report what it pulls with its own account: prevention never spends what it cannot count.
  if (request.kind === "fill-cache")
    return none("cache-rule", `a pull-through cache rule of ECR leads to ${request.target}`);
  return { kind: "copy", image: planned.image, request: { ...request, ahead: true } };
}

async function environmentOf(
  platforms: RequiredPlatforms,
  policy: Policy,
  { registries, anonymous, ecr, location, clock }: AssessmentPorts,
): Promise<Environment> {
  const rules = policy.strategies.includes("pull-through-cache") ? await rulesOf(ecr) : [];
  return oneRound(
    {
      registries,
      ...(anonymous === undefined ? {} : { anonymous }),
      account: { location, ecr, rules },
      policy,
      platforms,
      limit: EXPECTED_LIMIT,
      asksAhead: true,
      clock,
    },
    { time: TIME },
  );
}

/** Rules that cannot be read do not stop the copy: the plan says why none of them is used. */
async function rulesOf(ecr: Ports["ecr"]): Promise<StrategyContext["rules"]> {
  try {
    return await ecr.pullThroughRules();
  } catch (error) {
    const behind = findPortError(error);
    if (behind === undefined) throw error;
    return { because: behind.message };
  }
}
