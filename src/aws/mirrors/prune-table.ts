/**
 * The table of the clean-up and of the refresh: their locks, the marks and what was begun of each repository, what is known of
 * sources, and the images of task definitions and service revisions.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
 */

import {
  type AttributeValue,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import { optional } from "../../ecs/json-fields.ts";
import { type Digest, isDigest } from "../../image/digest.ts";
import type { PruneRecords } from "../../mirrors/ports.ts";
import type { Mark } from "../../mirrors/prune/mark.ts";
import type { RefreshRecords } from "../../mirrors/refresh/refresh-records.ts";
import type { SourceRecord } from "../../mirrors/refresh/source-record.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { isTexts } from "../../runtime/json.ts";
import { callAws } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import type { ServiceTimes } from "./service-times.ts";
import { groupsOf } from "./whole-list.ts";

/** A run takes a quarter of an hour at most: Lambda ends it then. */
const LOCKED_MS = 3_600_000;
const WRITTEN_AT_ONCE = 25;
const PAGES_MAX = 200;
/** DynamoDB takes items of 400 kB; a tag with what is known of its source has 450 bytes at most. */
const SOURCES_OF_ITEM = 800;

type Item = Record<string, AttributeValue>;

/** @param lockId one for each work that only one run may do at a time */
export function createPruneTable(
  settings: AwsSettings,
  TableName: string,
  times: ServiceTimes,
  lockId: "lock" | "refresh-lock" = "lock",
): PruneRecords & RefreshRecords {
  const client = times.watch("dynamodb", new DynamoDBClient(clientConfiguration(settings)));
  const put = async (Item: Item): Promise<void> => {
    await callAws("dynamodb:PutItem", () => client.send(new PutItemCommand({ TableName, Item })));
  };

  return {
    async lock(run, now) {
      const values = { ":now": { N: String(now) }, ":run": { S: run } };
      try {
        await client.send(
          new PutItemCommand({
            TableName,
            Item: { id: { S: lockId }, run: { S: run }, until: { N: String(now + LOCKED_MS) } },
            // The SDK tries again where an answer was lost: then the lock is this run's own.
            ConditionExpression: "attribute_not_exists(id) OR #until < :now OR #run = :run",
            ExpressionAttributeNames: { "#until": "until", "#run": "run" },
            ExpressionAttributeValues: values,
          }),
        );
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return undefined;
        return await callAws("dynamodb:PutItem", () => Promise.reject(error));
      }
      return async () => {
        await callAws("dynamodb:DeleteItem", async () => {
          try {
            await client.send(
              new DeleteItemCommand({
                TableName,
                Key: { id: { S: lockId } },
                ConditionExpression: "run = :run",
                ExpressionAttributeValues: { ":run": { S: run } },
              }),
            );
          } catch (error) {
            // Another run has it, after this one was too late.
            if (!(error instanceof ConditionalCheckFailedException)) throw error;
          }
        });
      };
    },

    async read() {
      const marks = new Map<string, Mark>();
      const rests = new Map<string, ReadonlySet<Digest>>();
      const sourceItems: SourceItem[] = [];
      const known = new Map<string, readonly string[]>();
      let from: Item | undefined;
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const { Items = [], LastEvaluatedKey } = await callAws("dynamodb:Scan", () =>
          client.send(
            new ScanCommand({ TableName, ConsistentRead: true, ...optional("ExclusiveStartKey", from) }),
          ),
        );
        for (const item of Items) {
          const [kind, name] = splitId(item.id?.S ?? "");
          const value: unknown = JSON.parse(item.value?.S ?? "null");
          if (kind === "marks")
            for (const [digest, mark] of Object.entries((value ?? {}) as Record<string, Mark>))
              marks.set(`${name}@${digest}`, mark);
          if (kind === "rest" && isTexts(value)) rests.set(name, new Set(value.filter(isDigest)));
          if (kind === "sources") sourceItems.push({ name, count: Number(item.items?.N ?? 1), value });
          // What is not a list was not read: it is asked for again.
          if (KNOWN_KINDS.includes(kind) && isTexts(value)) known.set(name, value);
        }
        if (LastEvaluatedKey === undefined) return { marks, rests, sources: sourcesIn(sourceItems), known };
        from = LastEvaluatedKey;
      }
      throw new AwsError("unavailable", "dynamodb:Scan", `dynamodb:Scan: more than ${PAGES_MAX} pages`);
    },

    async writeMarks(repository, marks) {
      const byDigest = Object.fromEntries(
        [...marks].map(([key, mark]) => [key.slice(repository.length + 1), mark]),
      );
      await put({ id: { S: `marks ${repository}` }, value: { S: JSON.stringify(byDigest) } });
    },

    async writeRest(repository, digests) {
      await put({ id: { S: `rest ${repository}` }, value: { S: JSON.stringify(digests) } });
    },

    async writeSources(repository, records) {
      const groups = groupsOf([...records], SOURCES_OF_ITEM);
      const count = Math.max(1, groups.length);
      for (let index = 0; index < count; index += 1)
        await put({
          id: { S: `sources ${repository}${index === 0 ? "" : ` ${index}`}` },
          items: { N: String(count) },
          value: { S: JSON.stringify(Object.fromEntries(groups[index] ?? [])) },
        });
    },

    async writeKnown(added) {
      for (const group of groupsOf([...added], WRITTEN_AT_ONCE)) {
        const requests = group.map(([arn, images]) => ({
          PutRequest: { Item: { id: { S: `${kindOf(arn)} ${arn}` }, value: { S: JSON.stringify(images) } } },
        }));
        // What is not taken is read and written again by the next run.
        await callAws("dynamodb:BatchWriteItem", () =>
          client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } })),
        );
      }
    },
  };
}

/** `name`: a repository, and of a second item of it and a further one a number. `count`: how many items it has. */
type SourceItem = { readonly name: string; readonly count: number; readonly value: unknown };

/** By repository. An item that an earlier, longer list left says nothing. */
function sourcesIn(items: readonly SourceItem[]): ReadonlyMap<string, ReadonlyMap<string, SourceRecord>> {
  const counts = new Map(items.map(({ name, count }) => [name, count]));
  const found = new Map<string, Map<string, SourceRecord>>();
  for (const { name, value } of items) {
    const [repository = "", index = "0"] = name.split(" ");
    if (Number(index) >= (counts.get(repository) ?? 1)) continue;
    const records = found.get(repository) ?? new Map<string, SourceRecord>();
    for (const [tag, record] of Object.entries((value ?? {}) as Record<string, SourceRecord>))
      records.set(tag, record);
    found.set(repository, records);
  }
  return found;
}

const KNOWN_KINDS = ["task-definition", "service"];

function kindOf(arn: string): string {
  return arn.includes(":service/") ? "service" : "task-definition";
}

function splitId(id: string): readonly [kind: string, name: string] {
  const space = id.indexOf(" ");
  return space < 0 ? [id, ""] : [id.slice(0, space), id.slice(space + 1)];
}
