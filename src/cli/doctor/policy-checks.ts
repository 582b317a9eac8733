/** What the policy document says, whether its Change Calendars can be read, and how much the account may run at once. */

import { closedCalendar } from "../../remediation/gates/change-calendar.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { checkPolicy } from "../../substitution/policy/explain-policy.ts";
import { type Check, failed, listed, passed, refused, skipped, unread } from "./check.ts";
import { deployedFunction, type Functions, type StackUnderTest } from "./stack-under-test.ts";

/** What a young account has; with fewer left, a storm of failures slows the account's other functions. */
const CONCURRENCY_OF_A_YOUNG_ACCOUNT = 10;

export async function policyChecks(functions: Functions, tested: StackUnderTest): Promise<readonly Check[]> {
  return [await policyCheck(functions, tested), await concurrencyCheck(tested)];
}

async function policyCheck(
  functions: Functions,
  { policyDocument, calendar }: StackUnderTest,
): Promise<Check> {
  const check = "policy";
  const remediate = deployedFunction(functions, "remediate");
  if (remediate === undefined) return skipped(check, "remediate was not found");
  const parameter = remediate.environment.REPULL_POLICY_PARAMETER;
  if (!parameter) return passed(check, "no document: the defaults of docs/policy.md apply");
  try {
    const checked = checkPolicy(await policyDocument(parameter));
    if (checked.kind === "invalid")
      return failed(
        check,
        `${parameter} is not a valid policy, so nothing is changed: ${listed(checked.lines)}`,
        "repull policy check FILE names each error",
      );
    const { changeCalendar } = checked.policy;
    const closed = await closedCalendar(changeCalendar, calendar);
    const names = listed(changeCalendar);
    if (closed?.unread?.code === "denied")
      return skipped(check, closed.unread.because, "allow yourself ssm:GetCalendarState");
    if (closed?.unread !== undefined)
      return failed(
        check,
        `the Change Calendar (${names}) cannot be read, and so counts as closed: ${closed.unread.because}`,
        "name calendars that exist in the policy's changeCalendar",
      );
    const until = closed?.opensAt === undefined ? "" : ` until ${new Date(closed.opensAt).toISOString()}`;
    if (changeCalendar.length === 0) return passed(check, `${parameter} is a policy`);
    return passed(
      check,
      `${parameter} is a policy; its Change Calendar (${names}) is ${closed === undefined ? "open" : `closed${until}`}`,
    );
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return error.kind === "absent"
      ? failed(check, `there is no ${parameter}, so nothing is changed`, "repull policy init > policy.json")
      : refused(check, error);
  }
}

async function concurrencyCheck({ stack }: StackUnderTest): Promise<Check> {
  const check = "concurrency";
  const read = await stack.unreservedConcurrency();
  if (read.kind === "unread") return unread(check, read);
  const words = `${read.value} executions at a time are left to the functions of this region that reserve none, Repull's among them`;
  return read.value > CONCURRENCY_OF_A_YOUNG_ACCOUNT
    ? passed(check, words)
    : skipped(check, words, "ask AWS for more (Service Quotas, Lambda concurrent executions)");
}
