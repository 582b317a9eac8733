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
  ListTargetsByRuleCommand,
  TestEventPatternCommand,
} from "@aws-sdk/client-eventbridge";
import {
  GetAccountSettingsCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  ListDurableExecutionsByFunctionCommand,
  ListEventSourceMappingsCommand,
} from "@aws-sdk/client-lambda";
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { parseArn } from "../../ecs/arn.ts";
import type { AwsError } from "../../remediation/ports/aws-error.ts";
import type { Json } from "../../runtime/json.ts";
import { hasErrorCode, toAwsError } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

/** A part of the stack: what was read, or the error of the call. */
export type ReadResult<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "unread"; readonly error: AwsError };

export type DeployedFunction = {
  readonly arn: string;
  readonly runtime: string;
  readonly state: string;
  /** Why it is in that state, where Lambda says. */
  readonly because?: string;
  readonly roleArn: string;
  readonly isDurable: boolean;
  readonly environment: Readonly<Record<string, string>>;
};

type Mapping = {
  readonly id: string;
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

/** A message that was never handled; its body stays in the queue. */
export type DeadLetter = {
  /** In milliseconds since the epoch. */
  readonly sentAt: number;
  /** Who put it there, and why: `detect` by its own attribute, Lambda by the error of the function. */
  readonly because?: string;
};

export type DeployedRule = {
  readonly name: string;
  readonly isEnabled: boolean;
  readonly pattern: string;
  /** Where the rule puts what it cannot deliver. */
  readonly undeliveredArn?: string;
};

export interface DeployedStack {
  /** The version behind the alias `live`. */
  functionNamed(name: "detect" | "remediate" | "mirror" | "refresh"): Promise<ReadResult<DeployedFunction>>;
  /** What brings messages to `detect`. */
  mappings(functionArn: string): Promise<ReadResult<readonly Mapping[]>>;
  queue(arnOrUrl: string): Promise<ReadResult<DeployedQueue>>;
  /** The oldest of the few messages that one look shows; it stays in the queue, in sight of others. */
  oldestDeadLetter(queueUrl: string): Promise<ReadResult<DeadLetter | undefined>>;
  /** The rules of the default bus that write to a queue. */
  rulesInto(queueArn: string): Promise<ReadResult<readonly DeployedRule[]>>;
  /** Whether EventBridge itself says that the pattern matches. */
  matches(pattern: string, event: Json): Promise<ReadResult<boolean>>;
  /** Whether the region's Lambda answers for durable executions at all, of a function that need not exist. */
  supportsDurableFunctions(): Promise<ReadResult<boolean>>;
  /** How many executions at a time the functions that reserve none share. */
  unreservedConcurrency(): Promise<ReadResult<number>>;
}

const RULES_MAX = 20;
const LETTERS_AT_ONCE = 10;

/** The parts of the stack of this name, in the region of the settings. */
export function readDeployedStack(settings: AwsSettings, stack: string): DeployedStack {
  const configuration = clientConfiguration(settings);
  const lambda = new LambdaClient(configuration);
  const sqs = new SQSClient(configuration);
  const events = new EventBridgeClient(configuration);
  return {
    functionNamed: (name) =>
      tryRead("lambda:GetFunctionConfiguration", async () => {
        const found = await lambda.send(
          new GetFunctionConfigurationCommand({ FunctionName: `${stack}-${name}`, Qualifier: "live" }),
        );
        return {
          arn: found.FunctionArn ?? "",
          runtime: found.Runtime ?? "",
          state: found.State ?? "Active",
          ...(found.StateReason === undefined ? {} : { because: found.StateReason }),
          roleArn: found.Role ?? "",
          isDurable: found.DurableConfig !== undefined,
          environment: found.Environment?.Variables ?? {},
        };
      }),
    mappings: (functionArn) =>
      tryRead("lambda:ListEventSourceMappings", async () => {
        const listed = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName: functionArn }));
        return (listed.EventSourceMappings ?? []).map((mapping) => ({
          id: mapping.UUID ?? "",
          queueArn: mapping.EventSourceArn ?? "",
          state: mapping.State ?? "",
          reportsBatchItemFailures:
            mapping.FunctionResponseTypes?.includes("ReportBatchItemFailures") ?? false,
        }));
      }),
    queue: (arnOrUrl) =>
      tryRead("sqs:GetQueueAttributes", async () => {
        const arn = parseArn(arnOrUrl);
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
    oldestDeadLetter: (queueUrl) =>
      tryRead("sqs:ReceiveMessage", async () => {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({
            QueueUrl: queueUrl,
            MaxNumberOfMessages: LETTERS_AT_ONCE,
            VisibilityTimeout: 0,
            MessageSystemAttributeNames: ["SentTimestamp"],
            MessageAttributeNames: ["All"],
          }),
        );
        return Messages.map(deadLetterOf).toSorted((one, other) => one.sentAt - other.sentAt)[0];
      }),
    rulesInto: (queueArn) =>
      tryRead("events:ListRuleNamesByTarget", async () => {
        const { RuleNames = [] } = await events.send(
          new ListRuleNamesByTargetCommand({ TargetArn: queueArn }),
        );
        return await Promise.all(
          RuleNames.slice(0, RULES_MAX).map(async (name) => {
            const rule = await events.send(new DescribeRuleCommand({ Name: name }));
            const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule: name }));
            const undeliveredArn = Targets.find(({ Arn }) => Arn === queueArn)?.DeadLetterConfig?.Arn;
            return {
              name,
              isEnabled: rule.State === "ENABLED",
              pattern: rule.EventPattern ?? "",
              ...(undeliveredArn === undefined ? {} : { undeliveredArn }),
            };
          }),
        );
      }),
    matches: (pattern, event) =>
      tryRead("events:TestEventPattern", async () => {
        const { Result } = await events.send(
          new TestEventPatternCommand({ EventPattern: pattern, Event: JSON.stringify(event) }),
        );
        return Result === true;
      }),
    unreservedConcurrency: () =>
      tryRead("lambda:GetAccountSettings", async () => {
        const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
        return AccountLimit?.UnreservedConcurrentExecutions ?? 0;
      }),
    supportsDurableFunctions: () =>
      tryRead("lambda:ListDurableExecutionsByFunction", async () => {
        try {
          await lambda.send(
            new ListDurableExecutionsByFunctionCommand({ FunctionName: `${stack}-remediate`, MaxItems: 1 }),
          );
          return true;
        } catch (error) {
          // There is no such function: said by a service that knows the question.
          if (hasErrorCode(error, "ResourceNotFoundException")) return true;
          const { kind } = toAwsError("lambda:ListDurableExecutionsByFunction", error);
          if (kind === "absent" || kind === "invalid") return false;
          throw error;
        }
      }),
  };
}

/** `detect` and Lambda itself say why in an attribute; a redrive says nothing. */
function deadLetterOf({ Attributes, MessageAttributes }: Message): DeadLetter {
  const because = MessageAttributes?.because?.StringValue ?? MessageAttributes?.ErrorMessage?.StringValue;
  return {
    sentAt: Number(Attributes?.SentTimestamp ?? 0),
    ...(because === undefined ? {} : { because }),
  };
}

/** Reads a part; a failure is kept next to the other parts. */
export async function tryRead<T>(action: string, read: () => Promise<T>): Promise<ReadResult<T>> {
  try {
    return { kind: "read", value: await read() };
  } catch (error) {
    return { kind: "unread", error: toAwsError(action, error) };
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
