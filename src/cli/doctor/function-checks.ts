/** The three functions, and whether their region can have them: durable functions are not everywhere. */

import type { DeployedFunction, ReadResult } from "../../aws/stack/deployed-stack.ts";
import { type Check, failed, passed, skipped, unread } from "./check.ts";
import {
  deployedFunction,
  FUNCTIONS,
  type Functions,
  type Name,
  type StackUnderTest,
} from "./stack-under-test.ts";

export async function functionChecks(
  functions: Functions,
  tested: StackUnderTest,
): Promise<readonly Check[]> {
  return [
    await regionCheck(functions, tested),
    ...FUNCTIONS.map((name) => functionCheck(name, functions[name], tested)),
  ];
}

async function regionCheck(functions: Functions, { stack, home }: StackUnderTest): Promise<Check> {
  const check = "region";
  const remedy = "deploy to a region that has Lambda durable functions";
  if (deployedFunction(functions, "remediate")?.isDurable)
    return passed(check, `${home.region} runs durable functions`);
  const known = await stack.supportsDurableFunctions();
  if (known.kind === "unread") return unread(check, known, remedy);
  return known.value
    ? passed(check, `${home.region} knows durable functions`)
    : failed(check, `${home.region} does not answer for durable functions`, remedy);
}

function functionCheck(
  name: Name,
  part: ReadResult<DeployedFunction>,
  { stackName, home }: StackUnderTest,
): Check {
  const check = `function ${name}`;
  if (part.kind === "unread") {
    if (part.error.kind !== "absent") return unread(check, part);
    return failed(
      check,
      `there is no ${stackName}-${name} with an alias live in ${home.region}`,
      "deploy the stack here (sam deploy --guided), or name it: --stack NAME",
    );
  }
  const { state, because, isDurable, runtime, environment } = part.value;
  if (state !== "Active" && state !== "Inactive")
    return failed(
      check,
      `its state is ${state}${because === undefined ? "" : `: ${because}`}`,
      "Pending passes by itself; after Failed deploy the stack again",
    );
  if (name !== "detect" && !isDurable)
    return failed(
      check,
      "it is not durable, and can only become so when it is made",
      "remove the stack and deploy it again; where that fails, the region has no durable functions",
    );
  if (environment.REPULL_MIRROR_PREFIX === undefined)
    return skipped(check, "its settings are hidden from you", "allow yourself kms:Decrypt on its key");
  const mode = environment.REPULL_MODE === "observe" ? "; it observes, and writes nothing" : "";
  return passed(check, `${state}, ${runtime}${name === "detect" ? "" : ", durable"}${mode}`);
}
