/**
 * Has images copied ahead, two at once, in their order, and waits for them while there is time.
 *
 * The copies are executions of the main stack's `mirror`, which takes their share of pulls and bytes. Once one of them finds
 * that the rest is for healing, no further one begins at that registry.
 */

import { type CopyAhead, startCopyAhead } from "../../prevention/prefill/start-copy-ahead.ts";
import type { MirrorRequest } from "../../remediation/mirror/request-mirrors.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { Ports } from "../../remediation/ports/ports.ts";

export type CopyTold = {
  /** `running`: it goes on by itself. `waiting`: it was not begun, and a later run begins it. `none`: it cannot be begun. */
  readonly kind: "copied" | "running" | "waiting" | "failed" | "none";
  readonly code?: string;
  readonly because?: string;
};

export type NoRequest = { readonly kind: "none"; readonly code: string; readonly because: string };

export type DueCopy = {
  readonly key: string;
  /** The registry that the image is named at. */
  readonly host: string;
  /** Asked when it is the next one: it may take questions to registries. */
  readonly request: () => Promise<MirrorRequest | NoRequest>;
};

export type QueuePorts = Pick<Ports, "executions" | "clock"> & {
  /** Registries at which none begins, with the reason. */
  readonly spared?: ReadonlyMap<string, string>;
};

/** Copies at once take their part of the account's concurrent executions from other functions. */
const AT_ONCE = 2;
const POLL_MS = 5_000;
/** What `mirror` answers where it leaves the rest for healing. */
const FOR_HEALING = new Set(["reserved-for-healing", "rate-limited"]);
/** A registry that does not report how many pulls are left, or is silent, may just not have this image; one that never reports it is left alone. */
const UNKNOWN = new Set(["pulls-unknown", "source-silent"]);
const UNKNOWN_MAX = 3;

/** By key. @param hasTime whether to begin, or to wait for, another one */
export async function copyInOrder(
  due: readonly DueCopy[],
  { executions, clock, spared: limited = new Map() }: QueuePorts,
  hasTime: () => boolean,
): Promise<ReadonlyMap<string, CopyTold>> {
  const told = new Map<string, CopyTold>();
  const running = new Map<string, { readonly execution: string; readonly host: string }>();
  const spared = new Map(
    [...limited].map(([host, because]): [string, CopyTold] => [
      host,
      { kind: "waiting", code: "rate-limited", because },
    ]),
  );
  const unknown = new Map<string, number>();
  let denied: CopyTold | undefined;

  const note = (key: string, host: string, outcome: CopyTold): void => {
    const { code = "" } = outcome;
    if (UNKNOWN.has(code)) unknown.set(host, (unknown.get(host) ?? 0) + 1);
    const isNever = UNKNOWN.has(code) && (unknown.get(host) ?? 0) >= UNKNOWN_MAX;
    const isSpared = FOR_HEALING.has(code) || isNever;
    const noted: CopyTold = isSpared ? { ...outcome, kind: "waiting" } : outcome;
    told.set(key, noted);
    if (isSpared) spared.set(host, noted);
  };
  const begin = async ({ key, host, request }: DueCopy): Promise<void> => {
    const wanted = await request();
    if (wanted.kind === "none") return note(key, host, wanted as NoRequest);
    const begun = await startCopyAhead(wanted as MirrorRequest, { executions, clock });
    if (begun.kind === "started" || begun.kind === "running")
      running.set(key, { execution: begun.execution, host });
    else note(key, host, beforeThis(begun));
  };
  const look = async (): Promise<void> => {
    for (const [key, { execution, host }] of [...running]) {
      const found = await executions.status("mirror", execution);
      if (found === undefined || found.status === "running") continue;
      running.delete(key);
      const { status, refused, refusalCode, because } = found;
      if (refused !== undefined)
        note(key, host, { kind: "failed", code: refusalCode ?? "refused", because: refused });
      else if (status === "succeeded") note(key, host, { kind: "copied" });
      else note(key, host, { kind: "failed", code: status, because: because ?? "no reason given" });
    }
  };
  const guarded = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      denied = { kind: "waiting", code: "executions-unreadable", because: error.message };
    }
  };

  for (const copy of due) {
    while (running.size >= AT_ONCE && denied === undefined && hasTime()) {
      await clock.sleep(POLL_MS);
      await guarded(look);
    }
    const whyNot = denied ?? spared.get(copy.host) ?? (hasTime() ? undefined : NO_TIME);
    if (whyNot !== undefined) told.set(copy.key, whyNot);
    else
      await guarded(async () => {
        await begin(copy);
        if (running.size > 0) await look();
      });
    if (denied !== undefined && !told.has(copy.key) && !running.has(copy.key)) told.set(copy.key, denied);
  }
  while (running.size > 0 && denied === undefined && hasTime()) {
    await clock.sleep(POLL_MS);
    await guarded(look);
  }
  for (const key of running.keys()) told.set(key, { kind: "running" });
  return told;
}

const NO_TIME: CopyTold = { kind: "waiting", code: "no-time", because: "no time was left in this run" };

/** What an earlier attempt means for this one. */
function beforeThis({ kind, because, refusalCode }: CopyAhead): CopyTold {
  if (kind === "copied") return { kind: "copied" };
  // The pulls may have come back since: the next copy at that registry is not put off.
  const isPutOff = refusalCode !== undefined && FOR_HEALING.has(refusalCode);
  return {
    kind: isPutOff ? "waiting" : "failed",
    code: kind,
    ...(because === undefined ? {} : { because }),
  };
}
