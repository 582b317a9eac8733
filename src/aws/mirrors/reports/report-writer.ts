/** Writes a cluster's report of its images into the table. The cluster's role may write under its own ARN alone (infra/eks-role.yaml). */

import {
  type AttributeValue,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { ReportPage } from "../../../mirrors/reports/report-pages.ts";
import { AwsError } from "../../../remediation/ports/aws-error.ts";
import { callAws } from "../../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../../client/client-config.ts";
import { createServiceTimes } from "../service-times.ts";

/** What is older says nothing that a clean-up goes by, and DynamoDB removes it. */
const KEPT_SECONDS = 100 * 86_400;
export type ReportWriter = {
  /** The time by the table's service, which a report is dated with. */
  time(): Promise<number>;
  /** The pages of one report, the first last: until then the one before is not whole either. */
  write(pages: readonly ReportPage[]): Promise<void>;
};

/** @param cluster the ARN under which pages are written. Methods throw AwsError. */
export function createReportWriter(settings: AwsSettings, TableName: string, cluster: string): ReportWriter {
  const times = createServiceTimes();
  const client = times.watch("dynamodb", new DynamoDBClient(clientConfiguration(settings)));
  return {
    async time() {
      const action = "dynamodb:GetItem";
      const Key = { cluster: { S: cluster }, page: { N: "0" } };
      await callAws(action, () =>
        client.send(new GetItemCommand({ TableName, Key, ProjectionExpression: "page" })),
      );
      const [time] = times.times();
      if (time === undefined)
        throw new AwsError("unavailable", action, `${action}: an answer without a time`);
      return time;
    },
    async write(pages) {
      for (const page of pages.toReversed())
        await callAws("dynamodb:PutItem", () =>
          client.send(new PutItemCommand({ TableName, Item: itemOf(page) })),
        );
    },
  };
}

function itemOf({ cluster, page, pages, report, at, authorities, images }: ReportPage) {
  const number = (value: number): AttributeValue => ({ N: String(value) });
  return {
    cluster: { S: cluster },
    page: number(page),
    pages: number(pages),
    report: { S: report },
    at: number(at),
    expires: number(Math.floor(at / 1000) + KEPT_SECONDS),
    authorities: { S: JSON.stringify(authorities) },
    images: { S: JSON.stringify(images) },
  };
}
