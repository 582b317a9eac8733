/**
 * Repull as it is deployed: the three bundles under Lambda's runtime interface, in an account that is a sandbox world.
 *
 * The environment is the template's, with the two addresses that lead into the world; the rule and the queue are played
 * by hand: what EventBridge would have put into the queue is given to `detect` as a batch.
 */

import assert from "node:assert/strict";
import type { JsonObject } from "../../src/runtime/json.ts";
import { createWorld, type World } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import { type AwsAccount, awsAccount, serveRegistries } from "./aws/aws-account.ts";
import {
  type AwsAnswer,
  type AwsRequest,
  type AwsStub,
  STUB_CREDENTIALS,
  startAwsStub,
} from "./aws/aws-stub.ts";
import { type DurableExecution, DurableService } from "./aws/durable-service.ts";
import { type Answer, type StartedFunction, startFunction } from "./aws/runtime-api.ts";
import { registriesPolicy } from "./registries/registries-policy.ts";

export type Name = "detect" | "remediate" | "mirror";

export const STACK = "repull";
export const UNHANDLED_QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/repull-unhandled";

export type Deployment = {
  readonly world: World;
  readonly account: AwsAccount;
  readonly durable: DurableService;
  readonly requests: AwsStub["requests"];
  /** Where this account's AWS answers. */
  readonly url: string;
  arnOf(name: Name): string;
  /** Sees each AWS call first, and may answer it in the account's place. */
  onCall: (request: AwsRequest) => AwsAnswer | undefined;
  /** The bundle of a function's version, by `remediate:7`; absent: the one of dist/. */
  readonly bundles: Map<string, URL>;
  /** A function's process; started at its first use, and again after its end. @param version absent: the newest */
  started(name: Name, version?: number): Promise<StartedFunction>;
  /** Ends a function's process in the middle of whatever it does. */
  kill(name: Name): void;
  /** What all processes have printed. */
  log(): readonly string[];
  /** `detect` with these bodies as one batch; answers the ids that it could not handle. */
  deliver(...bodies: readonly string[]): Promise<Answer>;
  /** Runs every durable execution to its end. */
  settle(): Promise<void>;
  stop(): Promise<void>;
};

export async function deploy(
  worldFile: unknown,
  environment: Readonly<Record<string, string>> = {},
): Promise<Deployment> {
  const world = await createWorld(readWorldFile(worldFile));
  const { account: id, region } = world.home;
  const durable = new DurableService({ account: id, region });
  const account = awsAccount(world);
  const stub = await startAwsStub(async (request) => {
    const answer =
      deployment.onCall(request) ??
      policyIn(request) ??
      durable.answer(request) ??
      (await account.answer(request));
    assert(answer !== undefined, `the fake does not answer ${request.action}`);
    return answer;
  });
  const registries = await serveRegistries(world);
  const policy = JSON.stringify({ registries: registriesPolicy(registries.endpoints) });
  const policyIn = ({ action }: AwsRequest): AwsAnswer | undefined =>
    action === "GetParameter" ? { body: { Parameter: { Value: policy } } } : undefined;
  const arnOf = (name: Name): string => `arn:aws:lambda:${region}:${id}:function:${STACK}-${name}:live`;
  const environmentOf = (): Record<string, string> => ({
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: STUB_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: STUB_CREDENTIALS.secretAccessKey,
    AWS_ENDPOINT_URL: stub.url,
    REPULL_POLICY_PARAMETER: "/repull/policy",
    REPULL_REMEDIATE_FUNCTION: arnOf("remediate"),
    REPULL_MIRROR_FUNCTION: arnOf("mirror"),
    REPULL_QUOTA_TABLE: "quotas",
    REPULL_DEAD_LETTER_QUEUE_URL: UNHANDLED_QUEUE_URL,
    POWERTOOLS_SERVICE_NAME: "repull",
    POWERTOOLS_LOG_LEVEL: "INFO",
    ...environment,
  });
  const bundles = new Map<string, URL>();
  const running = new Map<string, StartedFunction>();
  const all: StartedFunction[] = [];

  const started = async (name: Name, version = durable.version): Promise<StartedFunction> => {
    const key = `${name}:${version}`;
    const found = running.get(key);
    if (found !== undefined) return found;
    const made = await startFunction({
      bundle: bundles.get(key) ?? name,
      functionArn: arnOf(name),
      environment: { ...environmentOf(), AWS_LAMBDA_FUNCTION_VERSION: `${version}` },
    });
    running.set(key, made);
    all.push(made);
    return made;
  };

  const kill = (name: Name): void => {
    for (const [key, one] of running)
      if (key.startsWith(`${name}:`)) {
        one.kill();
        running.delete(key);
      }
  };

  const invoke = async (
    { functionName, version }: DurableExecution,
    envelope: JsonObject,
  ): Promise<Answer> => {
    const name = functionName.slice(STACK.length + 1) as Name;
    return await (await started(name, version)).invoke(envelope);
  };

  const deployment: Deployment = {
    world,
    account,
    durable,
    requests: stub.requests,
    url: stub.url,
    arnOf,
    onCall: () => undefined,
    bundles,
    started,
    kill,
    log: () => all.flatMap((one) => one.log()),
    deliver: async (...bodies) =>
      await (await started("detect")).invoke({
        Records: bodies.map((body, index) => ({
          messageId: `message-${index + 1}`,
          receiptHandle: "handle",
          body,
          attributes: { ApproximateReceiveCount: "1" },
          messageAttributes: {},
          eventSource: "aws:sqs",
          eventSourceARN: `arn:aws:sqs:${region}:${id}:${STACK}-queue`,
          awsRegion: region,
        })),
      }),
    settle: () => durable.drive(invoke, (seconds) => world.run(seconds)),
    stop: async () => {
      await Promise.all(all.map((one) => one.stop()));
      await Promise.all([stub.stop(), registries.close()]);
    },
  };
  return deployment;
}
