/**
 * What became of the executions: one that times out writes no record of its own, so a person has to look.
 *
 * Of the attempts for one deployment the newest decides. An execution that died is compared with the service as it is
 * now: one that runs all its tasks needs nothing, one that does not is named.
 */

import type { ListedExecution } from "../../aws/stack/deployed-executions.ts";
import { shortRevision } from "../../ecs/arn.ts";
import { readEvent } from "../../ecs-events/read-event.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { type Check, failed, listed, passed, skipped, unread } from "./check.ts";
import { deployedFunction, type Functions, type StackUnderTest } from "./stack-under-test.ts";

const HOUR_MS = 3_600_000;
const DAYS = 7;
/** A day under the policy's quotas, a limit period of six hours and a rollout behind it; or twelve hours for an approval. */
const HOURS_MAX = { remediate: 36, mirror: 4 } as const;
/** Each is a call or two. */
const LEFT_MAX = 20;
const BECAUSE_LENGTH_MAX = 160;

/** An execution that died, and what is known of what it left. */
type Left = { readonly isOpen: boolean; readonly words: string };

export async function executionChecks(
  functions: Functions,
  tested: StackUnderTest,
): Promise<readonly Check[]> {
  return [
    await executionCheck("remediate", functions, tested),
    await executionCheck("mirror", functions, tested),
  ];
}

async function executionCheck(
  workflow: keyof typeof HOURS_MAX,
  functions: Functions,
  tested: StackUnderTest,
): Promise<Check> {
  const check = `executions of ${workflow}`;
  const deployed = deployedFunction(functions, workflow);
  if (deployed === undefined) return skipped(check, `${workflow} was not found`);
  const now = tested.now();
  const past = await tested.executions.since(deployed.arn, now - DAYS * 24 * HOUR_MS);
  if (past.kind === "unread") return unread(check, past);
  const newest = newestAttempts(past.value);
  const running = newest.filter(({ status }) => status === "running");
  const stuck = running.filter(({ startedAt }) => now - startedAt > HOURS_MAX[workflow] * HOUR_MS);
  const dead = newest.filter(({ status }) => status === "timed-out" || status === "failed");
  const left: Left[] = stuck.map(({ name, startedAt }) => ({
    isOpen: true,
    words: `${name} has run for ${Math.round((now - startedAt) / HOUR_MS)} h`,
  }));
  for (const execution of dead.slice(0, LEFT_MAX)) left.push(await leftBy(execution, workflow, tested));
  const open = left.filter(({ isOpen }) => isOpen).map(({ words }) => words);
  if (open.length > 0)
    return failed(
      check,
      listed(open),
      stuck.length > 0 ? "docs/operating.md#stuck" : "docs/operating.md#failed-executions",
    );
  const others = left.length === 0 ? "" : `; ${listed(left.map(({ words }) => words))}`;
  const looked = dead.length > LEFT_MAX ? ` (${LEFT_MAX} of ${dead.length} looked at)` : "";
  return passed(
    check,
    `${newest.length} in ${DAYS} days, ${running.length} running, none left alone${others}${looked}`,
  );
}

/** `r-<hash>-<attempt>`: of the attempts for one deployment, the one that began last. */
function newestAttempts(past: readonly ListedExecution[]): readonly ListedExecution[] {
  const byMatter = Map.groupBy(past, ({ name }) => name.replace(/-[0-9]+$/, ""));
  return [...byMatter.values()].map((attempts) =>
    attempts.reduce((one, other) => (other.startedAt > one.startedAt ? other : one)),
  );
}

async function leftBy(
  execution: ListedExecution,
  workflow: keyof typeof HOURS_MAX,
  tested: StackUnderTest,
): Promise<Left> {
  const died = execution.status === "timed-out" ? "timed out and wrote no record" : "failed";
  const read = await tested.executions.described(execution.arn);
  if (read.kind === "unread")
    return { isOpen: true, words: `${execution.name} ${died} (${read.error.message})` };
  const reason = read.value.because?.slice(0, BECAUSE_LENGTH_MAX);
  const because = reason === undefined ? "" : `: ${reason}`;
  if (workflow === "mirror") return { isOpen: true, words: `${execution.name} ${died}${because}` };
  const now = await workloadNow(read.value.input, tested);
  return { isOpen: now.isOpen, words: `${execution.name} ${died}${because}; ${now.words}` };
}

/** The workload that the execution was started for, as it is now. */
async function workloadNow(input: unknown, { home, services }: StackUnderTest): Promise<Left> {
  try {
    const failure = readEvent(input, home);
    if (failure.kind === "ignored") return { isOpen: false, words: failure.because };
    const { owner, clusterArn } = failure;
    if (owner.kind !== "service") return { isOpen: true, words: `a task of the family ${owner.family}` };
    const name = `${clusterArn.slice(clusterArn.lastIndexOf("/") + 1)}/${owner.service}`;
    const service = await services.describeService(clusterArn, owner.service);
    if (service === undefined || service.status !== "ACTIVE")
      return { isOpen: false, words: `${name} is gone` };
    const { runningCount, desiredCount, taskDefinition } = service;
    return {
      isOpen: runningCount < desiredCount,
      words: `${name} runs ${runningCount} of ${desiredCount} tasks of ${shortRevision(taskDefinition)}`,
    };
  } catch (error) {
    if (!(error instanceof AwsError) && !(error instanceof InvalidInput)) throw error;
    return { isOpen: true, words: `its service is not known (${error.message})` };
  }
}
