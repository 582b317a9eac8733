/**
 * Repull as it is deployed, on AWS's own programs: the three bundles under Lambda's emulator, their durable executions on
 * AWS's local runner, and the account of a sandbox world behind one address.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { Json, JsonObject } from "../../../src/runtime/json.ts";
import { type Account, accountOf } from "../../../src/sandbox/endpoint/call.ts";
import { serveEndpoint } from "../../../src/sandbox/endpoint/serve-endpoint.ts";
import { createRecordedWorld } from "../../../src/sandbox/world/recorded-world.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { serveRegistries } from "../aws/aws-account.ts";
import { STUB_CREDENTIALS } from "../aws/aws-stub.ts";
import { registriesPolicy } from "../registries/registries-policy.ts";
import { type ExecutionNames, executionNames } from "./execution-names.ts";
import { type FrontDoor, type FrontDoorSettings, openFrontDoor } from "./front-door.ts";
import { startInProcessRunner, startInThread } from "./in-process.ts";
import { type EmulatedFunction, type Program, startDurableRunner, startEmulator } from "./programs.ts";

/** The account that the emulator puts into every context. */
export const EMULATOR_ACCOUNT = "012345678912";
export type BundleName = "detect" | "remediate" | "mirror" | "prefill" | "hook" | "deployment-hook";

export type EmulatedStack = {
  readonly world: World;
  readonly account: Account;
  readonly door: FrontDoor;
  readonly executions: ExecutionNames;
  readonly stackName: string;
  /** Where the durable functions local runner answers. */
  readonly runnerUrl: string;
  /** What the functions' environment leads to, for a person's command line. */
  readonly environment: Readonly<Record<string, string>>;
  onCall: FrontDoorSettings["onCall"];
  /** `detect` with these bodies as one batch of SQS; answers what it answered. */
  deliver(...bodies: readonly string[]): Promise<{ readonly status: number; readonly body: string }>;
  /** A body as a record of a batch, as SQS hands it over. */
  recordOf(body: string, index: number): JsonObject;
  /** @param version absent: the one to which its alias points */
  functionOf(name: BundleName, version?: string): Promise<EmulatedFunction>;
  /** What a deployment of the stack does: a new version of each function, to which its alias points from now on. */
  publish(): void;
  /** Gives a function's version other code, or that of dist/ again, and ends the process that runs the former. */
  useBundle(name: BundleName, version: string, bundle?: URL): Promise<void>;
  /** Waits until no execution runs; answers each one's status by its name. */
  settle(secondsMax?: number): Promise<ReadonlyMap<string, string>>;
  log(): string;
  stop(): Promise<void>;
};

export type EmulatedStackOptions = {
  readonly environment?: Readonly<Record<string, string>>;
  readonly policy?: JsonObject;
  /** False: timers of the runner take their time, and a wait becomes one second of it. */
  readonly skipsTime?: boolean;
  /** After how many seconds a question without an answer ends; absent: after the hours of the policy. */
  readonly callbackSeconds?: number;
  /** Of each function, in seconds. */
  readonly timeoutSeconds?: number;
  /** Gets every call to AWS and its answer. */
  readonly onAnswer?: NonNullable<FrontDoorSettings["onAnswer"]>;
  /** Settles when executions may begin to run. */
  readonly held?: Promise<void>;
  /** Recorded events that have happened in the world. */
  readonly events?: readonly Json[];
  /** Runs the bundles in this process: Lambda's programs are not installed. Time is then not skipped by the engine. */
  readonly inProcess?: boolean;
  /** Where Lambda's programs are installed; absent: `.cache/`. */
  readonly programs?: URL;
};

let stacks = 0;

export async function startEmulatedStack(
  worldFile: JsonObject,
  options: EmulatedStackOptions = {},
): Promise<EmulatedStack> {
  const { environment = {}, policy = {}, timeoutSeconds = 600, events = [], inProcess = false } = options;
  const skipsTime = !inProcess && options.skipsTime !== false;
  stacks += 1;
  const stackName = `repull${stacks}`;
  const file = readWorldFile({ ...worldFile, account: EMULATOR_ACCOUNT });
  const world = await createRecordedWorld(file, events);
  const { region } = world.home;
  const names = executionNames({ account: EMULATOR_ACCOUNT, region });
  const account = accountOf(world, file);
  const [endpoint, registries] = await Promise.all([serveEndpoint(account), serveRegistries(world)]);
  const functions = new Map<string, Promise<EmulatedFunction>>();
  const bundles = new Map<string, URL>();
  let version = 7;
  const printed: (() => string)[] = [];
  let runner: Program | undefined;

  const door = await openFrontDoor({
    account: EMULATOR_ACCOUNT,
    names,
    sandboxUrl: endpoint.url,
    runnerUrl: () => runner?.url ?? "",
    functionNamed: (name, of) => functionOf(name.slice(stackName.length + 1) as BundleName, of),
    version: () => `${version}`,
    configurationOf: (name) =>
      name.startsWith(`${stackName}-`)
        ? {
            FunctionName: name,
            FunctionArn: arnOf(name.slice(stackName.length + 1) as BundleName),
            Environment: { Variables: settings },
          }
        : undefined,
    passTime: (seconds) => world.run(seconds),
    onCall: (call) => stack.onCall(call),
    ...(options.onAnswer === undefined ? {} : { onAnswer: options.onAnswer }),
    ...(options.held === undefined ? {} : { held: options.held }),
    ...(options.callbackSeconds === undefined ? {} : { callbackSeconds: options.callbackSeconds }),
    ...(skipsTime ? {} : { waitFor: () => 1 }),
  });
  const queueUrl = `https://sqs.${region}.amazonaws.com/${EMULATOR_ACCOUNT}/${stackName}-unhandled`;
  const registrySettings = {
    ...registriesPolicy(registries.endpoints),
    ...(policy.registries as JsonObject | undefined),
  };
  account.parameters.set(`/${stackName}/policy`, JSON.stringify({ ...policy, registries: registrySettings }));
  account.parameters.set(`/${stackName}/writes`, "allowed");
  const settings = {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: STUB_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: STUB_CREDENTIALS.secretAccessKey,
    AWS_ENDPOINT_URL: door.url,
    REPULL_POLICY_PARAMETER: `/${stackName}/policy`,
    REPULL_WRITES_PARAMETER: `/${stackName}/writes`,
    REPULL_REMEDIATE_FUNCTION: arnOf("remediate"),
    REPULL_MIRROR_FUNCTION: arnOf("mirror"),
    REPULL_QUOTA_TABLE: `${stackName}-quotas`,
    REPULL_DEAD_LETTER_QUEUE_URL: queueUrl,
    POWERTOOLS_SERVICE_NAME: "repull",
    ...environment,
  };

  function arnOf(name: BundleName): string {
    return `arn:aws:lambda:${region}:${EMULATOR_ACCOUNT}:function:${stackName}-${name}:live`;
  }
  function functionOf(name: BundleName, of = `${version}`): Promise<EmulatedFunction> {
    const key = `${name}:${of}`;
    const found = functions.get(key);
    if (found !== undefined) return found;
    const wanted = {
      bundle: bundles.get(key) ?? name,
      functionName: `${stackName}-${name}`,
      environment: { ...settings, AWS_LAMBDA_FUNCTION_VERSION: of },
      timeoutSeconds,
    };
    const made = inProcess
      ? startInThread(wanted, EMULATOR_ACCOUNT)
      : startEmulator(wanted, options.programs);
    functions.set(key, made);
    void made.then(({ log }) => printed.push(log));
    return made;
  }

  runner = inProcess
    ? await startInProcessRunner(door.url)
    : await startDurableRunner(door.url, region, skipsTime, options.programs);
  const runnerUrl = runner.url;
  const stack: EmulatedStack = {
    world,
    account,
    door,
    executions: names,
    stackName,
    runnerUrl,
    environment: settings,
    onCall: () => undefined,
    functionOf,
    async useBundle(name, of, bundle) {
      const key = `${name}:${of}`;
      if (bundle === undefined) bundles.delete(key);
      else bundles.set(key, bundle);
      const former = functions.get(key);
      functions.delete(key);
      await (await former)?.stop();
    },
    publish() {
      version += 1;
    },
    recordOf: (body, index) => recordOf(body, index),
    async deliver(...bodies) {
      const detect = await functionOf("detect");
      return await detect.invoke(JSON.stringify({ Records: bodies.map(recordOf) }));
    },
    async settle(secondsMax = 120) {
      const until = performance.now() + secondsMax * 1000;
      for (;;) {
        const statuses = new Map<string, string>();
        for (const { name, runnerArn } of names.all) {
          const answer = await fetch(
            `${runnerUrl}/2025-12-01/durable-executions/${encodeURIComponent(runnerArn)}`,
          );
          statuses.set(name, String(((await answer.json()) as JsonObject).Status));
        }
        if (![...statuses.values()].includes("RUNNING")) return statuses;
        if (performance.now() > until) throw new Error(`still running: ${JSON.stringify([...statuses])}`);
        await delay(200);
      }
    },
    log: () => printed.map((read) => read()).join("\n"),
    async stop() {
      await runner?.stop();
      for (const one of functions.values()) await (await one).stop();
      await Promise.all([door.close(), endpoint.close(), registries.close()]);
    },
  };
  const recordOf = (body: string, index: number): JsonObject => ({
    messageId: `message-${index + 1}`,
    receiptHandle: "handle",
    body,
    attributes: { ApproximateReceiveCount: "1" },
    messageAttributes: {},
    eventSource: "aws:sqs",
    eventSourceARN: `arn:aws:sqs:${region}:${EMULATOR_ACCOUNT}:${stackName}-queue`,
    awsRegion: region,
  });
  return stack;
}
