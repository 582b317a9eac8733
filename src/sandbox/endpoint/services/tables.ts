/** DynamoDB's whole items, as the clean-up of copies keeps them: its lock, its marks and what it knows. */

import { getObject, getObjects, getString, isObject } from "../../../ecs/json-fields.ts";
import type { Json, JsonObject } from "../../../runtime/json.ts";
import { ApiError } from "../../aws/faults/aws-error.ts";
import type { Account, Operations } from "../call.ts";

export const tables: Operations = {
  PutItem(input, account) {
    const item = getObject(input, "Item") ?? {};
    const table = tableOf(input, account);
    const before = table.get(keyOf(item));
    if (input.ConditionExpression !== undefined && before !== undefined && !isFree(before, input))
      throw new ApiError("ConditionalCheckFailedException", "The conditional request failed");
    table.set(keyOf(item), item);
    return {};
  },

  DeleteItem(input, account) {
    const table = tableOf(input, account);
    const key = keyOf(getObject(input, "Key") ?? {});
    const before = table.get(key);
    if (input.ConditionExpression !== undefined && textOf(before?.run) !== valueNamed(input, ":run"))
      throw new ApiError("ConditionalCheckFailedException", "The conditional request failed");
    table.delete(key);
    return {};
  },

  Scan: (input, account) => ({ Items: [...tableOf(input, account).values()] }),

  BatchWriteItem(input, account) {
    for (const [name, requests] of Object.entries(getObject(input, "RequestItems") ?? {}))
      for (const request of getObjects({ requests: requests ?? [] }, "requests")) {
        const item = getObject(getObject(request, "PutRequest") ?? {}, "Item");
        if (item !== undefined) tableOf({ TableName: name }, account).set(keyOf(item), item);
      }
    return { UnprocessedItems: {} };
  },
};

/** An item of such a table, by its whole key. */
export function itemIn(input: JsonObject, account: Account): JsonObject {
  const item = tableOf(input, account).get(keyOf(getObject(input, "Key") ?? {}));
  return item === undefined ? {} : { Item: item };
}

/** The one condition of a write: another run's lock is over, or it is this run's own. */
function isFree(lock: JsonObject, input: JsonObject): boolean {
  return (
    Number(textOf(lock.until)) < Number(valueNamed(input, ":now")) ||
    textOf(lock.run) === valueNamed(input, ":run")
  );
}

function tableOf(input: JsonObject, { tables: all }: Account): Map<string, JsonObject> {
  const name = getString(input, "TableName") ?? "";
  const table = all.get(name) ?? new Map<string, JsonObject>();
  all.set(name, table);
  return table;
}

function keyOf(item: JsonObject): string {
  return [item.id, item.cluster, item.page].map(textOf).join(" ");
}

function valueNamed(input: JsonObject, name: string): string | undefined {
  return textOf(getObject(input, "ExpressionAttributeValues")?.[name]);
}

function textOf(value: Json | undefined): string | undefined {
  if (!isObject(value)) return undefined;
  return getString(value, "S") ?? getString(value, "N");
}
