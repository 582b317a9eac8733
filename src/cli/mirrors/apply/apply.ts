/**
 * `repull mirrors refresh --apply`: services that follow a tag run what the tag names now, because an operator says so.
 *
 * A refresh changes nothing that runs. This is an operator's deployment of new bytes, and so each of them is shown by its digest
 * first: without `--yes` nothing is written, and the command that is printed names the digests that were shown. Services are
 * changed one after the other, under the gates of every change; where one does worse, it goes back, and the others that would
 * get the same image are not begun.
 */

import type { ServicePlan } from "../../../mirrors/apply/apply-plan.ts";
import type { Outcome } from "../../../remediation/report/outcome.ts";
import { linesOf } from "../../../text/visible.ts";
import { refuseWhileStopped } from "../../account/deployed-config.ts";
import { EXIT, exitStatusOfOutcome } from "../../exit-status.ts";
import type { CommandIo } from "../../io.ts";
import { fullName } from "../../output/format-assessment.ts";
import { jsonLine } from "../../output/json-line.ts";
import { RefusedCommand } from "../../refused-command.ts";
import type { ApplySession } from "./apply-session.ts";
import { applyLine, commandOf } from "./apply-to-json.ts";
import { type Applicable, carryOut } from "./carry-out.ts";
import { formatApply } from "./format-apply.ts";
import { planServices, type Selected } from "./plan-services.ts";

export type ApplyInput = Selected & {
  readonly yes: boolean;
  readonly json: boolean;
  /** False: stop once each redeployment is accepted. */
  readonly settle: boolean;
};

/** Exit status 0 where all that follows is, or can be, moved; 1 where something keeps one from it; 5 where not all was read. */
export async function apply(input: ApplyInput, session: ApplySession, io: CommandIo): Promise<number> {
  const { installed: config } = session;
  io.err(
    `${session.where}, by ${config.from}: ${input.yes ? "services may be changed" : "nothing is changed"}\n`,
  );
  if (!config.policy.strategies.includes("ecr-copy"))
    throw new RefusedCommand(
      "excluded-by-policy",
      "the policy's strategies leave out ecr-copy: no service is moved to a copy in ECR",
    );
  const { plans, unread } = await planServices(input, input.yes, session);
  const place = { flags: session.flags, region: session.home.region, profile: io.env.AWS_PROFILE };
  const next = commandOf(plans, place);
  if (input.json) io.out(jsonLine("apply", applyLine(plans, unread, config.from, next)));
  else io.out(linesOf(formatApply(plans, unread, input.yes ? undefined : next)));
  const known = unread.length > 0 ? EXIT.unfinished : Math.max(EXIT.done, ...plans.map(statusOf));
  const toDo = plans
    .filter((plan): plan is Applicable => plan.kind === "apply")
    // A service without tasks shows nothing of the new bytes: those that run tasks come first.
    .toSorted((one, other) => Number(isEmpty(one)) - Number(isEmpty(other)));
  if (!input.yes || toDo.length === 0) return known;
  await refuseWhileStopped(config);
  const status = await inOrder(toDo, input, session, io);
  return status === EXIT.done ? known : status;
}

function isEmpty({ service }: ServicePlan): boolean {
  return service.desiredCount === 0;
}

function statusOf(plan: ServicePlan): number {
  if (plan.kind === "blocked") return CHOSEN.includes(plan.code) ? EXIT.done : EXIT.failed;
  const codes = plan.images.map(({ code }) => code);
  if (codes.includes("source-unread")) return EXIT.unfinished;
  return codes.some((code) => BAD_NEWS.includes(code)) ? EXIT.failed : EXIT.done;
}

/** An operator has said so, and knows it. */
const CHOSEN: readonly string[] = ["opted-out", "excluded-by-policy"];
const BAD_NEWS: readonly string[] = ["moved-again", "source-gone", "running-unknown"];

/** Outcomes after which the same image may go on to the next service. */
const GOES_ON: readonly string[] = ["succeeded", "redeployed", "superseded", "ignored", "dry-run"];

/** What needs no attention after a pull failure may still have left the order undone: another deployment came first. */
function statusOfOutcome(outcome: Outcome): number {
  return DONE.includes(outcome.outcome) ? EXIT.done : Math.max(EXIT.failed, exitStatusOfOutcome(outcome));
}

const DONE: readonly string[] = ["succeeded", "redeployed"];

/** One after the other. A run begins no more services than the policy lets be changed in an hour: healing keeps its own places. */
async function inOrder(
  plans: readonly Applicable[],
  { json, settle }: ApplyInput,
  session: ApplySession,
  io: CommandIo,
): Promise<number> {
  const { remediationsPerHour: most } = session.installed.policy.quotas;
  const statuses: number[] = [];
  /** By the new bytes, which several tags may name: the service that did not get them to the end. */
  const failed = new Map<string, string>();
  let begun = 0;
  const leave = (where: string, because: string, status: number): void => {
    const line = { where, outcome: "refused", because: `${where} was not begun: ${because}` };
    io.out(json ? jsonLine("outcome", line) : linesOf([`  Not changed: ${line.because}`]));
    statuses.push(status);
  };
  for (const plan of plans) {
    const name = fullName(plan.service);
    const digests = plan.images.flatMap(({ code, to }) => (code === "apply" && to ? [to] : []));
    const before = digests.flatMap((digest) => failed.get(digest) ?? [])[0];
    if (before !== undefined) {
      leave(name, `${before} did not get the same image to its end`, EXIT.failed);
      continue;
    }
    if (begun >= most) {
      const because = `one run begins at most ${most} services (quotas.remediationsPerHour); run it again in an hour`;
      leave(name, because, EXIT.unfinished);
      continue;
    }
    begun += 1;
    const done = await carryOut(plan, { json, settle }, session, io);
    if (done.kind === "stopped") return EXIT.stopped;
    statuses.push(done.kind === "outcome" ? statusOfOutcome(done.outcome) : EXIT.failed);
    const goesOn = done.kind === "outcome" ? GOES_ON.includes(done.outcome.outcome) : true;
    if (!goesOn) for (const digest of digests) failed.set(digest, name);
  }
  return Math.max(...statuses);
}
