/** Asks every place that is offered for an image, a few at once, and what those who would pull from it need besides. */

import { repositoryOf } from "../image/reference.ts";
import { forEachConcurrently } from "../runtime/for-each-concurrently.ts";
import type { Candidate, NotHeld, ProbedCandidate } from "../substitution/candidate.ts";
import { platformCheck, ruleCheck } from "./checks.ts";
import type { Environment } from "./environment.ts";
import { probeCandidate } from "./probe/probe-candidate.ts";
import type { ProbeContext } from "./probe/probe-context.ts";

const PLACES_AT_ONCE = 4;

/** In the order of the candidates. Throws PortError where asking again may help. */
export async function probeOffers(
  candidates: readonly Candidate[],
  context: ProbeContext,
  environment: Environment,
): Promise<readonly ProbedCandidate[]> {
  const probed: ProbedCandidate[] = [];
  await forEachConcurrently([...candidates.entries()], PLACES_AT_ONCE, async ([index, candidate]) => {
    probed[index] = await probe(candidate, context, environment);
  });
  return probed;
}

async function probe(
  candidate: Candidate,
  context: ProbeContext,
  environment: Environment,
): Promise<ProbedCandidate> {
  const { registries, anonymous, account, platforms, preflight } = environment;
  const ports = {
    registries,
    ...(anonymous === undefined ? {} : { anonymous }),
    ...(account === undefined ? {} : { ecr: account.ecr }),
  };
  const seen =
    environment.refused?.(candidate) ??
    failedBefore(candidate, environment) ??
    (await probeCandidate(candidate, context, ports));
  if ("because" in seen) return { candidate, seen };
  const rule = seen.kind === "fetchable" ? await ruleCheck(candidate, account?.ecr) : undefined;
  const checks = [
    ...(rule === undefined ? [] : [rule]),
    ...((await preflight?.(candidate)) ?? []),
    platformCheck(seen, platforms),
  ];
  return { candidate, seen, checks };
}

/** A place that holds the bytes does not help where a pull from it has failed. */
function failedBefore(candidate: Candidate, { failedPlaces = [] }: Environment): NotHeld | undefined {
  const repository = repositoryOf(candidate.image);
  if (!failedPlaces.some((place) => repositoryOf(place) === repository)) return undefined;
  return { kind: "denied", because: "a task could not pull it from there" };
}
