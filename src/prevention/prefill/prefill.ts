/**
 * Has the images of a new revision copied into ECR before a limit strikes: the ones that a remediation would have to copy.
 *
 * It writes no revision and changes no service. When the limit comes, healing is a redeployment of seconds in place of a
 * copy of minutes.
 */

import type { KillSwitch } from "../../remediation/ports/kill-switch.ts";
import type { Ports } from "../../remediation/ports/ports.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { visible } from "../../text/visible.ts";
import { type AssessmentPorts, copiesOf, type NoCopyCode } from "./copies-of.ts";
import { type FoundRevision, findRevision, type NotFound, type RevisionPorts } from "./find-revision.ts";
import { type NewRevision, readNewRevision } from "./read-new-revision.ts";
import { type CopyAhead, startCopyAhead } from "./start-copy-ahead.ts";

export type PrefillPorts = RevisionPorts &
  AssessmentPorts &
  Pick<Ports, "executions"> & { readonly killSwitch: Pick<KillSwitch, "activeReason"> };

export type ImageAhead = { readonly image: string } & (
  | CopyAhead
  /** As many copies of its revision run as may at once: it is started when the revision is looked at again. */
  | { readonly kind: "waiting" }
  | { readonly kind: "not-copied"; readonly code: NoCopyCode; readonly because: string }
);

export type PrefillResult =
  | { readonly kind: "looked"; readonly revision: string; readonly images: readonly ImageAhead[] }
  | NotFound
  | {
      readonly kind: "ignored";
      readonly code: "no-new-revision" | "prefill-off" | "no-copies" | "writes-stopped";
      readonly because: string;
    };

/** Copies of one revision that run at once: each takes a part of the account's concurrent executions from its neighbours. */
const COPIES_AT_ONCE = 2;

/** Whether to look at the revision again: an image waits for the copies of others, or could not be asked about. */
export function isToBeLookedAtAgain(result: PrefillResult): boolean {
  return (
    result.kind === "looked" &&
    result.images.some((one) => one.kind === "waiting" || ("code" in one && one.code === "unavailable"))
  );
}

/** One EventBridge document. Throws InvalidInput for one that is malformed, AwsError where AWS cannot be asked. */
export async function prefill(
  document: unknown,
  policy: Policy,
  clusterPattern: string,
  ports: PrefillPorts,
): Promise<PrefillResult> {
  const revision = readNewRevision(document, ports.location);
  if (revision === undefined)
    return {
      kind: "ignored",
      code: "no-new-revision",
      because: "the event names no new revision of ours",
    };
  return await prefillRevision(revision, policy, clusterPattern, ports);
}

/** The same of a revision that is named already. */
export async function prefillRevision(
  revision: NewRevision,
  policy: Policy,
  clusterPattern: string,
  ports: PrefillPorts,
): Promise<PrefillResult> {
  const no = notAllowed(policy);
  if (no !== undefined) return no;
  const stopped = await ports.killSwitch.activeReason();
  if (stopped !== undefined) return { kind: "ignored", code: "writes-stopped", because: visible(stopped) };
  const found = await findRevision(revision, policy, clusterPattern, ports);
  return found.kind === "found" ? await startCopies(found, policy, ports) : found;
}

function notAllowed({ mirrors, mode, mirrorPrefix, strategies }: Policy): PrefillResult | undefined {
  if (!mirrors.prefill)
    return { kind: "ignored", code: "prefill-off", because: "the policy's mirrors.prefill is false" };
  if (mode === "observe")
    return { kind: "ignored", code: "prefill-off", because: "the mode is observe: nothing is written" };
  if (mirrorPrefix === undefined || !strategies.includes("mirror"))
    return { kind: "ignored", code: "no-copies", because: "no copies are made: MirrorPrefix, or strategies" };
  return undefined;
}

async function startCopies(
  { arn, described, platforms }: FoundRevision,
  policy: Policy,
  ports: PrefillPorts,
): Promise<PrefillResult> {
  const images: ImageAhead[] = [];
  for (const copy of await copiesOf(described, platforms, policy, ports)) {
    const { image } = copy;
    if (copy.kind === "none")
      images.push({ image, kind: "not-copied", code: copy.code, because: copy.because });
    else if (images.filter(isUnderWay).length >= COPIES_AT_ONCE) images.push({ image, kind: "waiting" });
    else images.push({ image, ...(await startCopyAhead(copy.request, ports)) });
  }
  return { kind: "looked", revision: arn, images };
}

export function isUnderWay({ kind }: ImageAhead): boolean {
  return kind === "started" || kind === "running";
}
