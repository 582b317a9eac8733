/** What Repull keeps outside of ECS: parameters, and the table of the quotas. */

import { getObject, getString } from "../../../ecs/json-fields.ts";
import type { AwsError } from "../../../remediation/ports/aws-error.ts";
import type { Json, JsonObject } from "../../../runtime/json.ts";
import { ApiError, awsRefusal } from "../../aws/faults/aws-error.ts";
import type { Operations } from "../call.ts";
import { itemIn } from "./tables.ts";

export const ssm: Operations = {
  GetParameter(input, { parameters }) {
    const Name = getString(input, "Name") ?? "";
    const Value = parameters.get(Name);
    if (Value === undefined)
      throw awsRefusal("absent", "ssm:GetParameter", "ParameterNotFound", `Parameter ${Name} not found.`);
    return { Parameter: { Name, Type: "String", Value, Version: 1 } };
  },

  PutParameter(input, { parameters }) {
    const name = getString(input, "Name") ?? "";
    if (parameters.has(name) && input.Overwrite !== true)
      throw awsRefusal(
        "conflict",
        "ssm:PutParameter",
        "ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option to true.",
      );
    parameters.set(name, getString(input, "Value") ?? "");
    return { Version: 1, Tier: "Standard" };
  },
};

/** One table, of the quotas: its two writes are distinguished by what they would write, and other expressions are refused. */
export const dynamodb: Operations = {
  async GetItem(input, account) {
    // Of the other tables, an item is a whole one.
    if (getObject(input, "Key")?.window === undefined) return itemIn(input, account);
    const used = await account.world.ports.quotaStore.used(periodIn(input));
    return used === 0 ? {} : { Item: { used: { N: String(used) } } };
  },

  async UpdateItem(input, { world }) {
    const { quotaStore } = world.ports;
    const values = getObject(input, "ExpressionAttributeValues") ?? {};
    const requester = textOf(values[":claimant"]) ?? "";
    const [amount, room] = [textOf(values[":amount"]), textOf(values[":room"])];
    const period = periodIn(input);
    if (!String(input.ConditionExpression).includes("#used")) {
      if (!String(input.UpdateExpression).includes("#told")) throw notPlayed();
      if (await quotaStore.claimNotification(period, requester)) return {};
      throw conditionFailed({});
    }
    if (amount === undefined || room === undefined) throw notPlayed();
    const asked = { period, requester, amount: Number(amount), max: Number(room) + Number(amount) };
    const answer = await quotaStore.acquire(asked);
    if (answer.kind === "reached") throw conditionFailed({ used: { N: String(answer.used) } });
    return {};
  },
};

function periodIn(input: JsonObject) {
  const name = textOf(getObject(input, "Key")?.window) ?? "";
  return { name, endsAt: 0 };
}

/** `{S: "a"}` and `{N: "1"}`, as DynamoDB writes them. */
function textOf(value: Json | undefined): string | undefined {
  const member = getObject({ value: value ?? {} }, "value") ?? {};
  return getString(member, "S") ?? getString(member, "N");
}

/** With the item as it is, as it was asked for. */
function conditionFailed(Item: JsonObject): ApiError {
  return new ApiError("ConditionalCheckFailedException", "The conditional request failed", { Item });
}

function notPlayed(): AwsError {
  const words = "The sandbox plays the two writes of Repull's quotas, and no other.";
  return awsRefusal("invalid", "dynamodb:UpdateItem", "ValidationException", words);
}
