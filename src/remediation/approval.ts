/**
 * The owner's word before anything is written.
 *
 * What is approved is the list of writes that was shown. After the answer the world is surveyed again: a plan that
 * writes nothing else goes on, also where some of it is done by now; one that does needs a word of its own.
 */

import type { ImagePlan } from "../substitution/planner.ts";
import type { Course } from "./course.ts";
import { type Decision, decisionIn } from "./decision.ts";
import type { Outcome } from "./outcome.ts";
import { plannedWrites } from "./planned-writes.ts";
import { type Ending, report } from "./report.ts";
import type { Survey } from "./survey.ts";

export type Leave = "granted" | "look again" | Ending;

/** A plan that changes under every answer is not one to be asked about for ever. */
const ASKS_MAX = 5;

/** Asks, waits, and answers whether this very plan may be written. */
export async function approval(
  course: Course,
  surveyed: Survey,
  images: readonly ImagePlan[],
): Promise<Leave> {
  const { progress, options, steps } = course;
  const plan = plannedWrites(surveyed, images);
  const { asked = 0, approved = new Set(), askAgain } = progress;
  if (plan.every((write) => approved.has(write))) return "granted";
  if (asked === ASKS_MAX)
    return {
      kind: "expired",
      because: `the owner was asked ${ASKS_MAX} times, and each time the plan was another by then, or the answer could not be understood`,
      images,
    };
  // A yes to another plan is none to this one, nor to what comes after a question that was left open.
  progress.approved = new Set();
  const number = asked + 1;
  progress.asked = number;
  const { approvalHours } = options.policy;
  const question = await steps.question(`approval ${number}`, approvalHours * 3600);
  // A question that the bus does not take is still open: `repull approve` reads it from the history.
  await ask(course, `ask ${number}`, question.id, { plan, images, askAgain });
  const decision = decisionIn(await question.answer());
  progress.askAgain = `${decision === undefined ? "the last answer could not be understood" : "the plan is no longer the one that was approved"}; `;
  if (decision === undefined) return "look again";
  progress.decision = decision;
  if (decision.kind !== "approved") return ended(decision, approvalHours, images);
  progress.approved = new Set(plan);
  return "look again";
}

/** Tells what waits, and how to answer; its result is what `repull approve` reads from the execution's history. */
async function ask(
  { failure, ports, options, steps }: Course,
  name: string,
  callbackId: string,
  {
    plan,
    images,
    askAgain = "",
  }: {
    readonly plan: readonly string[];
    readonly images: readonly ImagePlan[];
    readonly askAgain: string | undefined;
  },
): Promise<Outcome> {
  const { execution, policy, functionName } = options;
  const where = `--region ${ports.home.region}${functionName === undefined ? "" : ` --function ${functionName}`}`;
  const approve = `repull approve ${execution} ${where}`;
  const deny = `repull deny ${execution} --because REASON ${where}`;
  const question = (): Ending => {
    const expiresAt = new Date(ports.clock.now() + policy.approvalHours * 3_600_000).toISOString();
    return {
      kind: "awaiting-approval",
      because: `${askAgain}nothing is written before somebody approves the plan, until ${expiresAt}: ${approve}`,
      images,
      approval: { callbackId, plan: [...plan], expiresAt, approve, deny },
      nextSteps: [approve, deny],
    };
  };
  return await report(name, question, failure, options, ports, steps);
}

function ended({ kind, by, because }: Decision, hours: number, images: readonly ImagePlan[]): Ending {
  if (kind === "denied")
    return {
      kind: "denied",
      because: `${by} denied the plan${because === undefined ? "" : `: ${because}`}`,
      images,
    };
  return {
    kind: "expired",
    because: `nobody answered within ${hours} hours`,
    images,
  };
}
