/**
 * What is deployed of Repull in an account, read part by part: each part is there, or says why it could not be read.
 *
 * Everything is found from the stack's name and the names that the template gives its functions, so that no right to
 * CloudFormation is needed. Nothing here writes.
 */

import {
  DescribeRuleCommand,
  EventBridgeClient,
  ListRuleNamesByTargetCommand,
  TestEventPatternCommand,
} from "@aws-sdk/client-eventbridge";
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from "@aws-sdk/client-lambda";
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { AwsError } from "../remediation/aws-error.ts";
import type { Json } from "../runtime/json.ts";
import { arnIn } from "../workload/arn.ts";
import { type AwsSettings, clientConfiguration } from "./client-settings.ts";
import { awsErrorOf } from "./failure.ts";

/** A part of the stack: what was read, or the error of the call. */
export type Part<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "unread"; readonly error: AwsError };

export type DeployedFunction = {
  readonly arn: string;
  readonly runtime: string;
  readonly state: string;
  readonly roleArn: string;
  readonly isDurable: boolean;
  readonly environment: Readonly<Record<string, string>>;
};

export type Mapping = {
  readonly queueArn: string;
  readonly state: string;
  readonly reportsBatchItemFailures: boolean;
};

export type DeployedQueue = {
  readonly url: string;
  readonly arn: string;
  readonly messages: number;
  readonly inFlight: number;
  readonly deadLetterArn?: string;
};

export type DeployedRule = { readonly name: string; readonly isEnabled: boolean; readonly pattern: string };

export interface DeployedStack {
  /** The version behind the alias `live`. */
  functionNamed(name: "detect" | "remediate" | "mirror"): Promise<Part<DeployedFunction>>;
  /** What brings messages to `detect`. */
  mappings(functionArn: string): Promise<Part<readonly Mapping[]>>;
  queue(arnOrUrl: string): Promise<Part<DeployedQueue>>;
  /** The rules of the default bus that write to a queue. */
  rulesInto(queueArn: string): Promise<Part<readonly DeployedRule[]>>;
  /** Whether EventBridge itself says that the pattern matches. */
  matches(pattern: string, event: Json): Promise<Part<boolean>>;
}

const RULES_MAX = 20;

/** The parts of the stack of this name, in the region of the settings. */
export function readDeployedStack(settings: AwsSettings, stack: string): DeployedStack {
  const configuration = clientConfiguration(settings);
  const lambda = new LambdaClient(configuration);
  const sqs = new SQSClient(configuration);
  const events = new EventBridgeClient(configuration);
  return {
    functionNamed: (name) =>
      part("lambda:GetFunctionConfiguration", async () => {
        const found = await lambda.send(
          new GetFunctionConfigurationCommand({ FunctionName: `${stack}-${name}`, Qualifier: "live" }),
        );
        return {
          arn: found.FunctionArn ?? "",
          runtime: found.Runtime ?? "",
          state: found.State ?? "Active",
          roleArn: found.Role ?? "",
          isDurable: found.DurableConfig !== undefined,
          environment: found.Environment?.Variables ?? {},
        };
      }),
    mappings: (functionArn) =>
      part("lambda:ListEventSourceMappings", async () => {
        const listed = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName: functionArn }));
        return (listed.EventSourceMappings ?? []).map((mapping) => ({
          queueArn: mapping.EventSourceArn ?? "",
          state: mapping.State ?? "",
          reportsBatchItemFailures:
            mapping.FunctionResponseTypes?.includes("ReportBatchItemFailures") ?? false,
        }));
      }),
    queue: (arnOrUrl) =>
      part("sqs:GetQueueAttributes", async () => {
        const arn = arnIn(arnOrUrl);
        const url =
          arn === undefined
            ? arnOrUrl
            : ((await sqs.send(new GetQueueUrlCommand({ QueueName: arn.resource }))).QueueUrl ?? "");
        const { Attributes = {} } = await sqs.send(
          new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["All"] }),
        );
        const deadLetterArn = deadLetterArnIn(Attributes.RedrivePolicy);
        return {
          url,
          arn: Attributes.QueueArn ?? "",
          messages: Number(Attributes.ApproximateNumberOfMessages ?? 0),
          inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
          ...(deadLetterArn === undefined ? {} : { deadLetterArn }),
        };
      }),
    rulesInto: (queueArn) =>
      part("events:ListRuleNamesByTarget", async () => {
        const { RuleNames = [] } = await events.send(
          new ListRuleNamesByTargetCommand({ TargetArn: queueArn }),
        );
        return await Promise.all(
          RuleNames.slice(0, RULES_MAX).map(async (name) => {
            const rule = await events.send(new DescribeRuleCommand({ Name: name }));
            return { name, isEnabled: rule.State === "ENABLED", pattern: rule.EventPattern ?? "" };
          }),
        );
      }),
    matches: (pattern, event) =>
      part("events:TestEventPattern", async () => {
        const { Result } = await events.send(
          new TestEventPatternCommand({ EventPattern: pattern, Event: JSON.stringify(event) }),
        );
        return Result === true;
      }),
  };
}

async function part<T>(action: string, read: () => Promise<T>): Promise<Part<T>> {
  try {
    return { kind: "read", value: await read() };
  } catch (error) {
    return { kind: "unread", error: awsErrorOf(action, error) };
  }
}

function deadLetterArnIn(redrivePolicy: string | undefined): string | undefined {
  try {
    const { deadLetterTargetArn } = JSON.parse(redrivePolicy ?? "{}") as { deadLetterTargetArn?: unknown };
    return typeof deadLetterTargetArn === "string" ? deadLetterTargetArn : undefined;
  } catch {
    return undefined;
  }
}
