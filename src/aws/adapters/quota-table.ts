/**
 * The table in which the policy's quotas are counted: one item for each quota period, updated by a conditional write.
 *
 * The item lists the requesters, so that a repeated request takes nothing: a write whose answer was lost is found by the
 * next one. Items expire some days after their period.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html (read 2026-11)
 */

import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { QuotaPeriod, QuotaStore } from "../../remediation/ports/quota-store.ts";
import { callAws } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

const KEPT_SECONDS = 3 * 86_400;

const NAMES = {
  "#used": "used",
  "#claimants": "claimants",
  "#expires": "expiresAt",
} as const;

export function createQuotaTable(settings: AwsSettings, tableName: string): QuotaStore {
  const client = new DynamoDBClient(clientConfiguration(settings));
  const at = ({ name }: QuotaPeriod) => ({ TableName: tableName, Key: { window: { S: name } } });
  const expires = ({ endsAt }: QuotaPeriod) => ({ N: String(Math.floor(endsAt / 1000) + KEPT_SECONDS) });

  /** A condition that does not hold is an answer, with the item as it is. */
  const update = async (input: ConstructorParameters<typeof UpdateItemCommand>[0]) =>
    await callAws("dynamodb:UpdateItem", async () => {
      try {
        await client.send(
          new UpdateItemCommand({ ...input, ReturnValuesOnConditionCheckFailure: "ALL_OLD" }),
        );
        return "written" as const;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return error.Item ?? {};
        throw error;
      }
    });

  return {
    async acquire({ period, requester, amount, max }) {
      // What is more than the whole quota does not fit into an unused window either.
      const unused = amount > max ? "" : "attribute_not_exists(#used) OR ";
      const found = await update({
        ...at(period),
        UpdateExpression: "ADD #used :amount, #claimants :me SET #expires = :expires",
        ConditionExpression: `(${unused}#used <= :room) AND NOT contains(#claimants, :claimant)`,
        ExpressionAttributeNames: NAMES,
        ExpressionAttributeValues: {
          ":amount": { N: String(amount) },
          ":room": { N: String(max - amount) },
          ":me": { SS: [requester] },
          ":claimant": { S: requester },
          ":expires": expires(period),
        },
      });
      if (found === "written" || found.claimants?.SS?.includes(requester)) return { kind: "granted" };
      return { kind: "reached", used: Number(found.used?.N ?? 0) };
    },

    async claimNotification(window, claimant) {
      const found = await update({
        ...at(window),
        UpdateExpression: "SET #told = :claimant, #expires = :expires",
        ConditionExpression: "attribute_not_exists(#told)",
        ExpressionAttributeNames: { "#told": "toldBy", "#expires": NAMES["#expires"] },
        ExpressionAttributeValues: { ":claimant": { S: claimant }, ":expires": expires(window) },
      });
      return found === "written" || found.toldBy?.S === claimant;
    },

    async used(window) {
      const { Item } = await callAws("dynamodb:GetItem", () =>
        client.send(new GetItemCommand({ ...at(window), ConsistentRead: true })),
      );
      return Number(Item?.used?.N ?? 0);
    },
  };
}
