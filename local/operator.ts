/** The operator of the world file in the deployed stack: settings of the functions, the kill switch, answers to questions. */

import { setTimeout as delay } from "node:timers/promises";
import { createApprovalStore } from "../src/aws/stack/approval-callbacks.ts";
import { getObject, getObjects, getString } from "../src/ecs/json-fields.ts";
import { serializeDecision } from "../src/remediation/gates/approval-decision.ts";
import type { JsonObject } from "../src/runtime/json.ts";
import { environmentOf, type OperatorEntry } from "../src/sandbox/world/operator-entry.ts";
import { STUB_CREDENTIALS } from "../test/support/aws/aws-stub.ts";
import type { EmulatedStack, EmulatedStackOptions } from "../test/support/emulated/emulated-stack.ts";

const NAME = "Ada";
const ANSWER_MILLISECONDS = 1000;
/** A question without an answer ends after so many real seconds, in place of its hours. */
const UNANSWERED_SECONDS = 2;

export type Operating = {
  /** To be shown every call. */
  readonly onCall: EmulatedStack["onCall"];
};

/** What the stack is started with. */
export function operatorOptions(operator: OperatorEntry): EmulatedStackOptions {
  return {
    ...(operator.policy === undefined ? {} : { policy: operator.policy as JsonObject }),
    environment: environmentOf(operator),
    // The runner ends no question before its time, whether it skips time or not.
    ...(isAnswered(operator) ? {} : { callbackSeconds: UNANSWERED_SECONDS }),
  };
}

/** What is done in the account meanwhile. @param failed gets the error of an answer that was not taken */
export function operate(
  stack: EmulatedStack,
  operator: OperatorEntry,
  failed: (error: unknown) => void,
): Operating {
  const { world, account, environment } = stack;
  if (operator.writesStopped !== undefined)
    account.parameters.set(String(environment.REPULL_WRITES_PARAMETER), operator.writesStopped);
  const text = serializeDecision({ kind: operator.answers === "yes" ? "approved" : "denied", by: NAME });
  const settings = {
    region: world.home.region,
    endpoint: stack.door.url,
    credentials: STUB_CREDENTIALS,
  };
  const store = createApprovalStore(settings, String(environment.REPULL_REMEDIATE_FUNCTION));
  return {
    onCall({ operation, body }) {
      if (operation !== "PutEvents" || !isAnswered(operator)) return undefined;
      for (const { Detail } of getObjects(JSON.parse(body), "Entries")) {
        const detail = JSON.parse(String(Detail)) as JsonObject;
        const id = getString(getObject(detail, "approval") ?? {}, "callbackId");
        if (detail.outcome !== "awaiting-approval" || id === undefined) continue;
        // The runner does not go on with an execution that is answered while the invocation which asks still runs.
        const answer = delay(ANSWER_MILLISECONDS).then(() => store.answer(id, text));
        answer.catch(failed);
      }
      return undefined;
    },
  };
}

function isAnswered({ answers }: OperatorEntry): boolean {
  return answers === "yes" || answers === "no";
}
