/**
 * The table in which clusters report the images that they use: a page an item, under the cluster's ARN. The function that cleans
 * up only reads it (infra/mirrors.yaml).
 */

import { type AttributeValue, DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { optional } from "../../../ecs/json-fields.ts";
import { type ReportPage, readPage } from "../../../mirrors/reports/report-pages.ts";
import { AwsError } from "../../../remediation/ports/aws-error.ts";
import { callAws } from "../../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../../client/client-config.ts";
import type { ServiceTimes } from "../service-times.ts";

/** As infra/mirrors.yaml calls it. */
export function reportTableOf(stack: string): string {
  return `${stack}-cluster-reports`;
}

const SCAN_PAGES_MAX = 500;

/** Every page of every cluster. Throws AwsError. */
export async function readReportPages(
  settings: AwsSettings,
  times: ServiceTimes,
  TableName: string,
): Promise<readonly ReportPage[]> {
  const client = times.watch("dynamodb", new DynamoDBClient(clientConfiguration(settings)));
  const found: ReportPage[] = [];
  let from: Record<string, AttributeValue> | undefined;
  for (let page = 0; page < SCAN_PAGES_MAX; page += 1) {
    const { Items, LastEvaluatedKey } = await callAws("dynamodb:Scan", () =>
      client.send(
        new ScanCommand({ TableName, ConsistentRead: true, ...optional("ExclusiveStartKey", from) }),
      ),
    );
    if (Items === undefined) throw new AwsError("unavailable", "dynamodb:Scan", "dynamodb:Scan: no items");
    // Any other item is left out: the report that it should be part of is not whole then.
    found.push(...Items.flatMap((item) => readPage(stated(item)) ?? []));
    if (LastEvaluatedKey === undefined) return found;
    from = LastEvaluatedKey;
  }
  throw new AwsError("unavailable", "dynamodb:Scan", `dynamodb:Scan: more than ${SCAN_PAGES_MAX} pages`);
}

function stated(item: Record<string, AttributeValue>): Readonly<Record<string, unknown>> {
  const number = (name: string): number => Number(item[name]?.N);
  const list = (name: string): unknown => {
    try {
      return JSON.parse(item[name]?.S ?? "");
    } catch {
      return undefined;
    }
  };
  return {
    cluster: item.cluster?.S,
    report: item.report?.S,
    page: number("page"),
    pages: number("pages"),
    at: number("at"),
    authorities: list("authorities"),
    images: list("images"),
  };
}
