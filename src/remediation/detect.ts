/**
 * Turns one delivered document into one named remediation, or into the reason why not.
 *
 * A hundred tasks of one deployment fail within a minute: they make one name, and a name starts once. An execution that
 * failed does not block its deployment; one that runs or has succeeded does.
 */

import type { Ignored } from "../ecs-events/pull-failure-event.ts";
import { readEvent } from "../ecs-events/read-event.ts";
import { reduceEvent } from "../ecs-events/reduce.ts";
import type { Json } from "../runtime/json.ts";
import { incurable } from "../substitution/ladder.ts";
import { remediationName } from "./names.ts";
import type { Ports } from "./ports.ts";

export type Detected =
  | Ignored
  | { readonly kind: "started"; readonly execution: string }
  | { readonly kind: "already"; readonly execution: string; readonly because: string };

const ATTEMPTS_MAX = 3;

/** Starts the remediation of a document's failing deployment. Throws InvalidInput for a document that is none. */
export async function detect(
  document: unknown,
  ports: Pick<Ports, "home" | "executions">,
): Promise<Detected> {
  const failure = readEvent(document, ports.home);
  if (failure.kind === "ignored") return failure;
  const [{ classification }] = failure.failures;
  if (failure.failures.every((failed) => incurable(failed.classification) !== undefined))
    return { kind: "ignored", because: `${incurable(classification)}: ${classification.because}` };

  const reduced = reduceEvent(document) as Json;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const execution = remediationName(failure, attempt);
    const started = await ports.executions.start("remediate", execution, reduced);
    if (started === "started") return { kind: "started", execution };
    const status = (await ports.executions.status("remediate", execution))?.status ?? "running";
    if (status === "running" || status === "succeeded")
      return { kind: "already", execution, because: `${execution} is ${status}` };
  }
  return {
    kind: "already",
    execution: remediationName(failure, ATTEMPTS_MAX),
    because: `${ATTEMPTS_MAX} attempts have failed`,
  };
}
