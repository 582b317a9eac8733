/**
 * Entry point of `hook`: CloudFormation's question about a deployment in, its answer out. Whatever fails here, settings and
 * start included, the answer is SUCCESS: no deployment has to wait for Repull.
 */

import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";
import { findPortError } from "../../src/assessment/ports.ts";
import { httpTransport } from "../../src/oci/http/http-transport.ts";
import {
  answerHook,
  type HookPorts,
  type HookResult,
  notEvaluated,
} from "../../src/prevention/hook/answer-hook.ts";
import { type HookAnswer, passed } from "../../src/prevention/hook/hook-answer.ts";
import { readHookRequest } from "../../src/prevention/hook/hook-request.ts";
import { rememberJudgements } from "../../src/prevention/hook/remembered-judgements.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { withinTime } from "../../src/runtime/time-limit.ts";
import type { Policy } from "../../src/substitution/policy/policy.ts";
import { lambdaPorts } from "../lambda-ports.ts";
import { readEffectivePolicy } from "../read-policy.ts";
import { makeStacksReadable } from "../readable-stacks.ts";
import { registryPorts } from "../registry-ports.ts";
import { accountOf, type Settings, settingsFrom } from "../settings.ts";

makeStacksReadable();
const log = new Logger({ serviceName: "repull-hook" });
const remembered = rememberJudgements(systemClock);
const send = httpTransport({ proxyEnv: process.env, closedLoopbackPorts: lambdaPorts() });

/** For the policy, and once more for the account's cache rules. */
const SETTINGS_SECONDS = 2;

/** Lambda's entry. */
export async function handler(event: unknown, context: Context): Promise<HookAnswer> {
  try {
    const { answer, codes } = await answered(event, context);
    log.info("hook answered", { status: answer.hookStatus, codes });
    return answer;
  } catch (error) {
    // Its words may be of the request, which has properties of the resource.
    log.error("hook not answered", { error: error instanceof Error ? error.name : "unknown" });
    return passed(readHookRequest(event).token, "Repull failed, and evaluated nothing.");
  }
}

async function answered(event: unknown, context: Context): Promise<HookResult> {
  const request = readHookRequest(event);
  // Every stack of the account is asked about: what is not evaluated costs no call.
  if (request.kind === "other") return notEvaluated(request.token, request.code);
  const settings = settingsFrom(process.env);
  const policy = await policyNow(settings);
  if (policy === undefined) return notEvaluated(request.token, "policy-unread");
  return await answerHook(
    event,
    policy,
    await portsOf(settings, policy, accountOf(context.invokedFunctionArn)),
  );
}

/** Undefined: it cannot be read. It may exclude an image or allow a registry, so the defaults do not stand in for it. */
async function policyNow(settings: Settings): Promise<Policy | undefined> {
  try {
    return await inTime(() => readEffectivePolicy(settings));
  } catch (error) {
    log.warn("the policy document was not read", { error: error instanceof Error ? error.name : "unknown" });
    return undefined;
  }
}

async function portsOf(settings: Settings, policy: Policy, account: string): Promise<HookPorts> {
  const { registries, anonymous, ecr, location, clock } = registryPorts(settings, account, policy);
  const rules = await inTime(() => ecr.pullThroughRules()).catch((error: unknown) => ({
    because: findPortError(error)?.message ?? "the pull-through cache rules were not read",
  }));
  const { region, endpoint } = settings.aws;
  return {
    registries,
    ...(anonymous === undefined ? {} : { anonymous }),
    account: { location, ecr, rules },
    clock,
    payload: { send, region, ...(endpoint === undefined ? {} : { endpoint }) },
    remembered,
  };
}

async function inTime<T>(ask: () => Promise<T>): Promise<T> {
  return await withinTime(systemClock, SETTINGS_SECONDS * 1000, () => new Error("no answer in time"), ask);
}
