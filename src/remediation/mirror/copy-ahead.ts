/**
 * What a copy that nothing needs yet may use: healing keeps the rest.
 *
 * No copy begins where Docker Hub does not say how many pulls are left, where fewer than half are, or after a limit was met
 * in this window. All copies ahead together take a fifth of a window's pulls, and half of the bytes of a day, at most.
 */

import type { ImageReference } from "../../image/reference.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import type { RateLimit } from "../../oci/client/rate-limit.ts";
import type { Registries } from "../../oci/client/registries.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import { StepFailed, type Steps } from "../../runtime/steps.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { Ports } from "../ports/ports.ts";
import type { QuotaPeriod } from "../ports/quota-store.ts";
import { type CopyRejected, rejectAheadWithoutBytes } from "./copy-quota.ts";
import type { CopyAheadReason } from "./request-mirrors.ts";

const SHARE_OF_PULLS = 0.2;
const LEFT_LEAST = 0.5;
/** Docker Hub's own window: https://docs.docker.com/docker-hub/usage/pulls/ (read 2026-11). One ledger serves all windows. */
const WINDOW_SECONDS = 6 * 3600;
/** The index, a manifest for each platform, and one of attestations for each of them. */
const PULLS_OF_WHOLE_IMAGE = 33;
/** Takes more than any window's share: no copy begins after it. */
const ALL_PULLS = 1_000_000;

export type ImageAhead = {
  readonly source: ImageReference;
  /** How many platforms are copied; absent: all that the image has. */
  readonly platforms?: number;
  readonly claimant: string;
  readonly wantedBy?: CopyAheadReason;
};

type AheadPorts = Pick<Ports, "quotaStore" | "clock"> & { readonly registries: Registries };

/** Why a copy ahead does not begin now; undefined: it may. It has taken its share of the pulls then. */
export async function rejectCopyAhead(
  image: ImageAhead,
  { mirrors, mode, quotas }: Policy,
  ports: AheadPorts,
  steps: Steps,
): Promise<CopyRejected | undefined> {
  // A copy is made anew because the stack of infra/mirrors.yaml says so, and no key of the policy.
  const isWanted = { prefill: mirrors.prefill, images: mirrors.images.length > 0, refresh: true };
  if (!isWanted[image.wantedBy ?? "prefill"] || mode === "observe")
    return refused(
      "prefill-off",
      "the policy does not let images be copied ahead (mirrors.prefill, mirrors.images, mode)",
    );
  const withoutBytes = await rejectAheadWithoutBytes(image.claimant, { quotas }, ports, steps);
  if (withoutBytes !== undefined || !isDockerHubFront(image.source.host)) return withoutBytes;
  const told = await steps.step("pulls left", () => pullsLeft(image.source, ports.registries), {
    attempts: 2,
  });
  if (told.kind === "limited") return await stopCopiesAhead(ports, steps);
  if (told.kind === "unlimited") return undefined;
  const { limit, remaining, windowSeconds = WINDOW_SECONDS } = told;
  if (limit === undefined || remaining === undefined)
    return refused("pulls-unknown", `${image.source.host} does not say how many pulls are left`);
  if (remaining < limit * LEFT_LEAST)
    return refused(
      "reserved-for-healing",
      `${remaining} of ${limit} pulls are left, fewer than half: they are for healing`,
    );
  // Of a longer window, the ledger holds a part.
  const max = Math.floor(limit * SHARE_OF_PULLS * Math.min(1, WINDOW_SECONDS / windowSeconds));
  const amount = image.platforms === undefined ? PULLS_OF_WHOLE_IMAGE : 1 + image.platforms;
  const claimed = await steps.step(
    "claim pulls ahead",
    () => ports.quotaStore.acquire({ period: periodOfPulls(ports), requester: image.claimant, amount, max }),
    { attempts: 6 },
  );
  if (claimed.kind === "granted") return undefined;
  return refused(
    "reserved-for-healing",
    `copies ahead have taken ${claimed.used} of the ${max} pulls that they may take of this period, and this one needs ${amount}`,
  );
}

/** After a limit was met, its window is healing's: no hour of the clock, so the stop is in the next part of the ledger too. */
export async function stopCopiesAhead(
  ports: Pick<AheadPorts, "quotaStore" | "clock">,
  steps: Steps,
  attempts = 6,
): Promise<CopyRejected> {
  const stop = { requester: "limit met", amount: ALL_PULLS, max: 2 * ALL_PULLS };
  await steps.step(
    "stop copies ahead",
    async () => {
      for (const period of [periodOfPulls(ports), periodOfPulls(ports, 1)])
        await ports.quotaStore.acquire({ period, ...stop });
    },
    { attempts },
  );
  return { ...refused("rate-limited", "the source's limit was met"), limited: true };
}

/** The same for a copy that healing needs: it ends as it would have ended, also where the stop cannot be written. */
export async function stopCopiesAheadIfPossible(
  ports: Pick<AheadPorts, "quotaStore" | "clock">,
  steps: Steps,
): Promise<void> {
  try {
    await stopCopiesAhead(ports, steps, 1);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
  }
}

/** One for all copies: what one address or account was refused, another is not made to spend. */
function periodOfPulls({ clock }: Pick<AheadPorts, "clock">, later = 0): QuotaPeriod {
  const begins = (Math.floor(clock.now() / (WINDOW_SECONDS * 1000)) + later) * WINDOW_SECONDS * 1000;
  return {
    name: `pullsAhead ${new Date(begins).toISOString().slice(0, 13)}`,
    endsAt: begins + WINDOW_SECONDS * 1000,
  };
}

type Told =
  | { readonly kind: "limited" }
  | { readonly kind: "unlimited" }
  | ({ readonly kind: "counted" } & Omit<RateLimit, "source">);

/** A HEAD, which no registry counts as a pull. Docker Hub names no quota where it applies none. */
async function pullsLeft(source: ImageReference, registries: Registries): Promise<Told> {
  try {
    const head = await registries.headManifest(source);
    if (head === undefined) return { kind: "counted" };
    if (head.quota === undefined) return { kind: "unlimited" };
    // Which address is counted does not belong into an execution's history.
    const { source: _, ...counted } = head.quota;
    return { kind: "counted", ...counted };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { kind: error.kind === "rate-limited" ? "limited" : "counted" };
  }
}

function refused(code: NonNullable<CopyRejected["code"]>, because: string): CopyRejected {
  return { kind: "refused", code, because };
}
