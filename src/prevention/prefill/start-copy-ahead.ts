/**
 * Starts the copy of one image ahead: one execution for all deployments that will pull it.
 *
 * A copy that failed is tried again at another deployment's event, after a window of Docker Hub's limit, and three times in
 * all: what then is not there, a remediation copies when a task needs it. One that was refused has pulled nothing, and says
 * nothing of the image: it does not count.
 */

import { optional } from "../../ecs/json-fields.ts";
import { type MirrorRequest, nameOfMirror } from "../../remediation/mirror/request-mirrors.ts";
import type { Ports } from "../../remediation/ports/ports.ts";
import type { Json } from "../../runtime/json.ts";

export type CopyAhead = {
  readonly kind:
    | "started"
    | "running"
    /** An earlier copy has succeeded. */
    | "copied"
    /** The last attempt ended less than a window ago, or how it ended cannot be read. */
    | "paused"
    | "given-up";
  readonly execution: string;
  readonly because?: string;
  /** Of one that is paused: why the last attempt was refused, and pulled nothing. */
  readonly refusalCode?: string;
};

const ATTEMPTS_MAX = 3;
const PAUSE_HOURS = 6;
/** Copies that were made and deleted again have used up a name each. */
const NAMES_MAX = 20;

/** Throws AwsError where executions can be neither started nor read. */
export async function startCopyAhead(
  request: MirrorRequest,
  { executions, clock }: Pick<Ports, "executions" | "clock">,
): Promise<CopyAhead> {
  let attempts = 0;
  let execution = "";
  let because: string | undefined;
  for (let number = 1; number <= NAMES_MAX && attempts < ATTEMPTS_MAX; number++) {
    execution = nameOfMirror(request, number, { executions });
    const started = await executions.start("mirror", execution, request as unknown as Json);
    if (started === "started") return { kind: "started", execution };
    const found = await executions.status("mirror", execution);
    // A start that is not listed yet has not ended either.
    if (found === undefined || found.status === "running") return { kind: "running", execution };
    if (found.status === "unknown")
      return { kind: "paused", execution, because: "how the last attempt ended cannot be read" };
    const isCopied = found.status === "succeeded" && found.refused === undefined;
    const endedAt = found.endedAt ?? clock.now();
    if (clock.now() < endedAt + PAUSE_HOURS * 3_600_000)
      return isCopied
        ? { kind: "copied", execution }
        : {
            kind: "paused",
            execution,
            because: found.refused ?? found.because ?? "the last attempt failed",
            ...optional("refusalCode", found.refusalCode),
          };
    if (!isCopied) because = found.refused ?? found.because;
    if (!isCopied && found.refused === undefined) attempts += 1;
  }
  return { kind: "given-up", execution, because: because ?? `${attempts} attempts were made` };
}
