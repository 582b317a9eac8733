/**
 * Which stacks of Repull a region has, by the tag that the template puts on its functions: a stack may have any name.
 *
 * Lambda's two lists show it, so that a person who reads the stack's settings needs no permission for another service.
 * `ListFunctions` shows names, `ListTags` the tags of one (https://docs.aws.amazon.com/lambda/latest/api/, read 2026-11).
 */

import { LambdaClient, ListFunctionsCommand, ListTagsCommand } from "@aws-sdk/client-lambda";
import { optional } from "../../ecs/json-fields.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { callAws } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

/** On every function of a stack, with the stack's name. */
const STACK_TAG = "repull:stack";
/** One function of each stack is enough to find it. */
const SUFFIX = "-remediate";
/** Lambda answers fifty functions at once. */
const PAGES_MAX = 200;

/** The names of the stacks in the region of the settings, in order. Throws AwsError. */
export async function listStacks(settings: AwsSettings): Promise<readonly string[]> {
  const lambda = new LambdaClient(clientConfiguration(settings));
  const names = new Set<string>();
  for (const arn of await remediateFunctions(lambda)) {
    const name = (await tagsOf(lambda, arn))[STACK_TAG];
    // A function that was copied with its tags is not a stack: the template names it after its stack.
    if (name !== undefined && arn.endsWith(`:${name}${SUFFIX}`)) names.add(name);
  }
  return [...names].toSorted();
}

async function remediateFunctions(lambda: LambdaClient): Promise<readonly string[]> {
  const arns: string[] = [];
  let marker: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const listed = await callAws("lambda:ListFunctions", () =>
      lambda.send(new ListFunctionsCommand(optional("Marker", marker))),
    );
    for (const { FunctionName = "", FunctionArn } of listed.Functions ?? [])
      if (FunctionName.endsWith(SUFFIX) && FunctionArn !== undefined) arns.push(FunctionArn);
    marker = listed.NextMarker;
    if (!marker) return arns;
  }
  // What was not read may be a second stack, whose kill switch is pulled.
  throw new AwsError("unavailable", "lambda:ListFunctions", `more than ${PAGES_MAX} pages of functions`);
}

async function tagsOf(lambda: LambdaClient, arn: string): Promise<Readonly<Record<string, string>>> {
  try {
    const { Tags = {} } = await callAws("lambda:ListTags", () =>
      lambda.send(new ListTagsCommand({ Resource: arn })),
    );
    return Tags;
  } catch (error) {
    // Deleted since it was listed.
    if (error instanceof AwsError && error.kind === "absent") return {};
    throw error;
  }
}
