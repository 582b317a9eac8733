/**
 * Has images copied into the account's ECR, one copy for all pods that need it, and reports how each copy goes.
 *
 * A copy is a named execution, of the stack's `mirror` function or of this process: its name is made of the image, so that
 * services of ECS and pods of a cluster that need one image cause one copy. Nothing is waited for here: the next
 * call gets the further progress.
 */

import type { CopyRequest } from "../../kubernetes/heal/decide-heal.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import { isStillExceeded, type Quotas } from "../../remediation/gates/quotas.ts";
import { isInTarget, nameOfMirror } from "../../remediation/mirror/request-mirrors.ts";
import { AwsError, isTransient } from "../../remediation/ports/aws-error.ts";
import type { ExecutionStatus, Executions, Ports } from "../../remediation/ports/ports.ts";
import type { QuotaExceeded } from "../../remediation/ports/quota-exceeded.ts";
import type { Json } from "../../runtime/json.ts";

export type CopyAnswer =
  | { readonly kind: "waiting" }
  | { readonly kind: "done" }
  /** `held`: by a quota, until then; else it is not asked for again soon. */
  | { readonly kind: "refused"; readonly because: string; readonly held?: QuotaExceeded };

export type Copies = {
  ask(request: CopyRequest): Promise<CopyAnswer>;
  /** Who copies: also what nothing waits for yet. */
  readonly executions: Executions;
};

export type CopyPorts = Pick<Ports, "executions" | "registries" | "clock"> & {
  readonly quotas: () => Quotas;
};

/** As ECS's remediations look at theirs. */
const POLL_SECONDS = [2, 4, 8, 16, 32, 60] as const;
const WAIT_MS_MAX = 2 * 3_600_000;
/** Executions that one process waits for; names that others have used up are skipped. */
const OWN_MAX = 3;
/** An execution that was started and is in no list by then was lost on its way. A second start of one name starts nothing twice. */
const UNSEEN_MS_MAX = 120_000;
const NAMES_MAX = 40;
/** A refusal is asked about again: the source's limit, or a right, may be another by then. */
const REFUSED_MS = 600_000;
const KNOWN_MAX = 1_000;

type Copy = {
  attempt: number;
  own: number;
  polls: number;
  /** When this name's execution was first waited for. */
  since?: number;
  /** When it was last started, or seen to be there; absent: neither is known. */
  knownAt?: number;
  nextAt: number;
  answer: CopyAnswer;
  asking?: Promise<CopyAnswer>;
};

export function createCopies(ports: CopyPorts): Copies {
  const { executions, registries, clock } = ports;
  const copies = new Map<string, Copy>();

  const nextName = (copy: Copy, because: string): CopyAnswer => {
    copy.attempt += 1;
    copy.polls = 0;
    delete copy.since;
    delete copy.knownAt;
    if (copy.own >= OWN_MAX || copy.attempt > NAMES_MAX) return refuse(copy, because);
    copy.nextAt = 0;
    return { kind: "waiting" };
  };
  const refuse = (copy: Copy, because: string, held?: QuotaExceeded): CopyAnswer => {
    copy.attempt += 1;
    Object.assign(copy, { own: 0, polls: 0, nextAt: held?.opensAt ?? clock.now() + REFUSED_MS });
    delete copy.since;
    delete copy.knownAt;
    return { kind: "refused", because, ...(held === undefined ? {} : { held }) };
  };
  const waitOn = (copy: Copy): CopyAnswer => {
    const now = clock.now();
    copy.since ??= now;
    if (now - copy.since >= WAIT_MS_MAX) return refuse(copy, "the copy is still running after two hours");
    copy.nextAt = now + (POLL_SECONDS[copy.polls] ?? 60) * 1000;
    copy.polls += 1;
    return { kind: "waiting" };
  };

  /** What an execution of this name means: one that was seen under way is believed, any other may be of another time. */
  const judge = async (copy: Copy, request: CopyRequest, found: ExecutionStatus): Promise<CopyAnswer> => {
    const isSeen = copy.knownAt !== undefined;
    copy.knownAt = clock.now();
    const { status, refused, held, because = "no reason given" } = found;
    if (status === "running") return waitOn(copy);
    if (refused !== undefined) {
      const isExceeded = held !== undefined && isStillExceeded(held, ports.quotas(), clock.now());
      if (isExceeded) return refuse(copy, refused, held);
      return isSeen ? refuse(copy, refused) : nextName(copy, refused);
    }
    if (status === "succeeded" && isSeen) return { kind: "done" };
    if (status !== "failed" && (await isInTarget(request, { registries }))) return { kind: "done" };
    return nextName(copy, `the copy ${status}: ${because}`);
  };

  const ask = async (copy: Copy, request: CopyRequest): Promise<CopyAnswer> => {
    const name = nameOfMirror(request, copy.attempt, { executions });
    try {
      // A start that was refused for now, or whose answer was lost, is tried again; so is one that has led to nothing.
      const isKnown = copy.knownAt !== undefined && clock.now() - copy.knownAt < UNSEEN_MS_MAX;
      if (!isKnown && (await executions.start("mirror", name, request as unknown as Json)) === "started") {
        copy.own += copy.knownAt === undefined ? 1 : 0;
        copy.knownAt = clock.now();
        return waitOn(copy);
      }
      const found = await executions.status("mirror", name);
      return found === undefined ? waitOn(copy) : await judge(copy, request, found);
    } catch (error) {
      if (error instanceof RegistryError) return waitOn(copy);
      if (!(error instanceof AwsError)) throw error;
      return isTransient(error) ? waitOn(copy) : refuse(copy, error.message);
    }
  };

  return {
    executions,
    async ask(request) {
      const key = nameOfMirror(request, 0, { executions });
      if (copies.size >= KNOWN_MAX) copies.clear();
      const copy = copies.get(key) ?? {
        attempt: 1,
        own: 0,
        polls: 0,
        nextAt: 0,
        answer: { kind: "waiting" as const },
      };
      copies.set(key, copy);
      // A storm asks in one pass for one copy.
      if (copy.asking !== undefined) return await copy.asking;
      if (clock.now() < copy.nextAt) return copy.answer;
      copy.asking = ask(copy, request);
      try {
        copy.answer = await copy.asking;
      } finally {
        delete copy.asking;
      }
      // It is done for those who ask now; who needs it again later has lost it since.
      if (copy.answer.kind === "done") copies.delete(key);
      return copy.answer;
    },
  };
}
