/**
 * `repull approve` and `repull deny`: the operator's answer to a plan that waits for it.
 *
 * Without a name, `approve` lists what waits and decides nothing. With one it shows the plan once more and sends the answer,
 * in the name of the caller; whether the caller may, IAM decides.
 */

import { optional } from "../../ecs/json-fields.ts";
import { serializeDecision } from "../../remediation/gates/approval-decision.ts";
import {
  type ApprovalStatus,
  type ApprovalStore,
  latestApproval,
} from "../../remediation/gates/pending-approvals.ts";
import type { Outcome } from "../../remediation/report/outcome.ts";
import { abbreviate } from "../../substitution/explain-plan.ts";
import { formatMoment } from "../../text/format-moment.ts";
import { linesOf } from "../../text/visible.ts";
import { type DeployedConfig, refuseUnlessWritesAllowed } from "../account/deployed-config.ts";
import { clusterName } from "../account/find-service.ts";
import { refuseForeign, type SignedIn } from "../account/same-account.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { jsonLine } from "../output/json-line.ts";

/** What the two commands work at. */
export type ApprovalSession = {
  /** Shown before anything is read: whose account it is. */
  readonly where: string;
  /** Whose word it is: the caller's ARN. */
  readonly caller: string;
  readonly home?: SignedIn;
  readonly store: ApprovalStore;
  /** The rules of the stack; read for an approval alone, because a denial stops what they would stop. Throws Refused. */
  readonly rules?: () => Promise<DeployedConfig>;
};

export type ApprovalInput = {
  readonly word: "approve" | "deny";
  /** Names or ARNs of executions. */
  readonly executions: readonly string[];
  readonly because?: string;
  readonly json: boolean;
};

type Waiting = Extract<ApprovalStatus, { kind: "waiting" }>;

/** Histories that are read at a time: a storm has hundreds of executions that wait. */
const AT_ONCE = 8;

/** Exit status 0 where every answer was accepted, or what waits was listed; 1 where one was not. */
export async function answerApproval(
  input: ApprovalInput,
  account: ApprovalSession,
  io: CommandIo,
): Promise<number> {
  io.err(`${account.where}\n`);
  if (input.executions.length === 0) return await tellWaiting(input, account, io);
  for (const execution of input.executions)
    if (account.home !== undefined) refuseForeign(execution, account.home);
  const rules = input.word === "approve" ? await account.rules?.() : undefined;
  // Approved now, the plan would meet the switch at its first write, and the approval be used up.
  if (rules !== undefined) await refuseUnlessWritesAllowed(rules);
  let isAll = true;
  for (const execution of input.executions) isAll = (await answerOne(execution, input, account, io)) && isAll;
  return isAll ? EXIT.done : EXIT.failed;
}

async function tellWaiting(
  { json }: ApprovalInput,
  { store }: ApprovalSession,
  io: CommandIo,
): Promise<number> {
  let count = 0;
  for await (const { execution, asked } of waiting(store)) {
    count += 1;
    if (json) io.out(jsonLine("approval", { execution, ...asJson(asked) }));
    else io.out(`${linesOf(planLines(execution, asked.published))}\n`);
  }
  if (json) return EXIT.done;
  io.out(
    count === 0
      ? "nothing waits for an approval\n"
      : "next: repull approve NAME, or repull deny NAME --because REASON\n",
  );
  return EXIT.done;
}

/** Each plan that waits, as it is read. */
async function* waiting(
  store: ApprovalStore,
): AsyncGenerator<{ readonly execution: string; readonly asked: Waiting }> {
  const running = await store.running();
  for (let first = 0; first < running.length; first += AT_ONCE) {
    const histories = await Promise.all(
      running.slice(first, first + AT_ONCE).map((one) => store.history(one)),
    );
    for (const history of histories) {
      const asked = history === undefined ? undefined : latestApproval(history);
      if (history !== undefined && asked?.kind === "waiting") yield { execution: history.execution, asked };
    }
  }
}

async function answerOne(
  id: string,
  { word, because, json }: ApprovalInput,
  { store, caller }: ApprovalSession,
  io: CommandIo,
): Promise<boolean> {
  const refuse = (execution: string, reason: string): false => {
    if (json) io.out(jsonLine("approval", { execution, outcome: "refused", because: reason }));
    else io.err(`repull ${word}: ${reason}\n`);
    return false;
  };
  const history = await store.history(id);
  if (history === undefined) return refuse(id, await whatElse(id, store));
  const { execution } = history;
  const asked = latestApproval(history);
  if (asked.kind !== "waiting") return refuse(execution, whyNot(execution, asked));
  if (!json) io.out(linesOf(planLines(execution, asked.published)));
  const kind = word === "approve" ? "approved" : "denied";
  const decision = { kind, by: caller, ...optional("because", because) } as const;
  if ((await store.answer(asked.callbackId, serializeDecision(decision))) === "closed") {
    const now = await store.history(id);
    const other = now === undefined ? undefined : latestApproval(now);
    return refuse(
      execution,
      other === undefined || other.kind === "waiting"
        ? `Lambda takes no answer for ${execution} any more: it was answered, or its time is over`
        : whyNot(execution, other),
    );
  }
  if (json)
    io.out(jsonLine("approval", { execution, outcome: kind, by: caller, ...optional("because", because) }));
  else io.out(`${kind} as ${caller}\nnext: ${NEXT[word]}\n`);
  return true;
}

/** A person knows the service by name, and not its execution; an answer is to one plan, so the execution is only named. */
async function whatElse(id: string, store: ApprovalStore): Promise<string> {
  const mine: string[] = [];
  for await (const { execution, asked } of waiting(store)) {
    const { workload } = asked.published ?? {};
    if (workload === undefined) continue;
    const name = `${clusterName(workload.cluster)}/${workload.name}`;
    if (id === name || id === workload.name) mine.push(`${execution} (${name})`);
  }
  const lists = "repull approve without a name lists what waits";
  return mine.length === 0
    ? `there is no execution ${id} here; ${lists}`
    : `${id} is not the name of an execution: its plan waits as ${mine.join(", ")}; ${lists}`;
}

const NEXT = {
  approve:
    "Repull reads the service again. It carries out the same plan; a different one needs a new approval. repull history --since 1h shows how it ends",
  deny: "nothing is written, and this deployment is not tried again; the next one needs an approval of its own",
} as const;

function whyNot(execution: string, asked: Exclude<ApprovalStatus, { kind: "waiting" }>): string {
  if (asked.kind === "nothing") return asked.because;
  const { kind, by, because } = asked.decision;
  if (kind === "expired")
    return `no answer to ${execution} came in time; the next failing task of the service asks again`;
  return `${execution} was ${kind} before, by ${by}${because === undefined ? "" : `: ${because}`}`;
}

function planLines(execution: string, told: Outcome | undefined): readonly string[] {
  if (told?.approval === undefined)
    return [`${execution}: its plan cannot be read from the execution's history; its event has it`];
  const { workload, approval, failure } = told;
  const what = workload === undefined ? "" : `: ${clusterName(workload.cluster)}/${workload.name}`;
  const why = failure?.registry === undefined ? [] : [`  because of ${failure.kind} at ${failure.registry}`];
  return [
    `${execution}${what}`,
    ...why,
    ...approval.plan.map((write, index) => `  ${index + 1}. ${abbreviate(write)}`),
    `  open until ${formatMoment(approval.expiresAt)}`,
  ];
}

function asJson({ callbackId, published }: Waiting): Record<string, unknown> {
  return {
    outcome: "awaiting-approval",
    callbackId,
    ...published?.approval,
    ...optional("workload", published?.workload),
  };
}
