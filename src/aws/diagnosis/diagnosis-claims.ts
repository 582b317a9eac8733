/**
 * The table in which each deployment and cause is claimed once: one item for each, which expires. The first write has it.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html (read 2026-11)
 */

import { ConditionalCheckFailedException, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { Claims } from "../../diagnosis/diagnose-event.ts";
import { digestOf } from "../../image/digest.ts";
import type { Clock } from "../../runtime/clock.ts";
import { callAws } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

export function createClaims(settings: AwsSettings, TableName: string, clock: Pick<Clock, "now">): Claims {
  const client = new DynamoDBClient(clientConfiguration(settings));
  const put = (id: string, seconds: number, isNew: boolean) => {
    const now = Math.floor(clock.now() / 1000);
    const Item = { id: { S: digestOf(Buffer.from(id)) }, expiresAt: { N: String(now + seconds) } };
    const condition = {
      // An item that has expired may be there for two days yet.
      ConditionExpression: "attribute_not_exists(id) OR expiresAt < :now",
      ExpressionAttributeValues: { ":now": { N: String(now) } },
    };
    return client.send(new PutItemCommand({ TableName, Item, ...(isNew ? condition : {}) }));
  };
  return {
    claim: (id, seconds) =>
      callAws("dynamodb:PutItem", async () => {
        try {
          await put(id, seconds, true);
          return true;
        } catch (error) {
          if (error instanceof ConditionalCheckFailedException) return false;
          throw error;
        }
      }),
    keep: async (id, seconds) => {
      await callAws("dynamodb:PutItem", () => put(id, seconds, false));
    },
  };
}
