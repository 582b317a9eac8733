/** Whether the kill switch stops writes: then nothing is written, whatever else is well. */

import { AwsError } from "../../remediation/ports/aws-error.ts";
import { type Check, failed, passed, refused, skipped } from "./check.ts";
import { deployedFunction, type Functions, type StackUnderTest } from "./stack-under-test.ts";

const WORD_LENGTH_MAX = 100;

export async function killSwitchCheck(functions: Functions, { killSwitch }: StackUnderTest): Promise<Check> {
  const check = "kill-switch";
  const parameter = deployedFunction(functions, "remediate")?.environment.REPULL_WRITES_PARAMETER;
  if (parameter === undefined) return skipped(check, "remediate was not found, or has no kill switch");
  try {
    const word = (await killSwitch(parameter)).trim();
    return word === "allowed"
      ? passed(check, `${parameter} is allowed`)
      : failed(
          check,
          `pulled: ${word.slice(0, WORD_LENGTH_MAX)}`,
          `aws ssm put-parameter --name ${parameter} --overwrite --value allowed`,
        );
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return error.kind === "absent"
      ? failed(check, `there is no ${parameter}, so nothing is written`, "deploy the stack again")
      : refused(check, error);
  }
}
