/**
 * A sandbox world spoken to as AWS is: the calls of the functions over HTTP, answered by the sandbox's endpoint.
 *
 * So a deployed bundle, with the real SDK in it, heals a cluster that really deploys, pulls and fails.
 */

import { getObject, getString } from "../../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { ApiError } from "../../../src/sandbox/aws/faults/aws-error.ts";
import { accountOf, type SentMessage } from "../../../src/sandbox/endpoint/call.ts";
import { handlerOf } from "../../../src/sandbox/endpoint/operations.ts";
import { readCall } from "../../../src/sandbox/endpoint/read-call.ts";
import { writeAnswer, writeError } from "../../../src/sandbox/endpoint/write-answer.ts";
import { serveRegistry } from "../../../src/sandbox/registry/http-server.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import type { AwsAnswer, AwsRequest } from "./aws-stub.ts";

export type AwsAccount = {
  /** Answers a call; undefined for one that no service of this account knows. */
  answer(request: AwsRequest): Promise<AwsAnswer | undefined>;
  /** What was put into queues. */
  readonly messages: readonly SentMessage[];
  /** Revisions that were registered since. */
  readonly registered: readonly string[];
};

export function awsAccount(world: World): AwsAccount {
  const account = accountOf(world, {});
  const registered: string[] = [];
  return {
    messages: account.messages,
    registered,
    async answer(request) {
      const call = callOf(request);
      const handler = call === undefined ? undefined : servedHandler(call);
      if (call === undefined || handler === undefined) return undefined;
      try {
        const output = await handler(call.input, account);
        if (call.operation === "RegisterTaskDefinition") registered.push(arnIn(output));
        return writeAnswer(call, output);
      } catch (error) {
        return writeError(call, error);
      }
    },
  };
}

/** The stub has read the request already: it is put together again as it came. */
function callOf({ action, headers, body }: AwsRequest): ReturnType<typeof readCall> | undefined {
  const [method = "POST", path = "/"] = action.includes(" ") ? action.split(" ") : [];
  const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  const isForm = flat["content-type"]?.startsWith("application/x-www-form-urlencoded") === true;
  const text = isForm ? new URLSearchParams(body as Record<string, string>).toString() : JSON.stringify(body);
  try {
    return readCall({ method, path, headers: flat, body: text });
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

function servedHandler(call: Parameters<typeof handlerOf>[0]) {
  // Which functions there are is for each test to say.
  if (call.service === "lambda") return undefined;
  try {
    return handlerOf(call);
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

function arnIn(output: JsonObject): string {
  return getString(getObject(output, "taskDefinition") ?? {}, "taskDefinitionArn") ?? "";
}

/** Serves the world's registries; answers the setting that sends their traffic there. */
export async function serveRegistries(
  world: World,
): Promise<{ readonly endpoints: string; close(): Promise<void> }> {
  const served = await Promise.all(
    [...world.registries.byHost].map(async ([host, registry]) => {
      const server = await serveRegistry(registry, { address: world.addresses.repull });
      return { host: host === "docker.io" ? "registry-1.docker.io" : host, server };
    }),
  );
  return {
    endpoints: served.map(({ host, server }) => `${host}=${server.url}`).join(","),
    close: async () => void (await Promise.all(served.map(({ server }) => server.close()))),
  };
}
