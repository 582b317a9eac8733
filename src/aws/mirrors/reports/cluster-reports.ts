/**
 * The clusters of EKS in a region, each with what it reports of the images that it uses. Pods pull by their nodes, and no list of
 * AWS names them.
 */

import { parseArn } from "../../../ecs/arn.ts";
import { getMoment, getObject, getString, optional } from "../../../ecs/json-fields.ts";
import type { ClusterReport } from "../../../mirrors/facts.ts";
import { type ListedCluster, matchReports } from "../../../mirrors/reports/match-reports.ts";
import { certificateDigests, type ReportPage } from "../../../mirrors/reports/report-pages.ts";
import type { Read } from "../../../network/facts.ts";
import { AwsError } from "../../../remediation/ports/aws-error.ts";
import { callAws } from "../../client/aws-error-codes.ts";
import { callJson } from "../../client/calls/json-call.ts";
import type { AwsSettings } from "../../client/client-config.ts";
import type { ServiceTimes } from "../service-times.ts";
import { need, readable, textsIn, wholeList } from "../whole-list.ts";
import { readReportPages } from "./report-table.ts";

/** @param table absent: no cluster has a place to report to */
export function readClusterReports(
  settings: AwsSettings,
  times: ServiceTimes,
  table: string | undefined,
): Promise<Read<ClusterReport>> {
  return readable("eks:ListClusters", async () => {
    const names = textsIn(
      "eks:ListClusters",
      need(
        await wholeList("eks:ListClusters", { list: "clusters" }, (nextToken) =>
          callJson(
            "eks",
            {
              operation: "ListClusters",
              path: "/clusters",
              query: { maxResults: "100", ...optional("nextToken", nextToken) },
            },
            {},
            settings,
          ),
        ),
      ),
    );
    const pages = table === undefined ? [] : await pagesIn(settings, times, table);
    // A cluster without a report keeps every copy, whatever EKS says of it.
    const listed: ListedCluster[] = [];
    for (const name of names)
      listed.push(
        pages.some(({ cluster }) => cluster.endsWith(`:cluster/${name}`))
          ? await describe(name, settings)
          : { name, arn: "", authorities: [] },
      );
    return matchReports(listed, pages, settings.region);
  });
}

/** A table that is not there has no report. */
async function pagesIn(
  settings: AwsSettings,
  times: ServiceTimes,
  table: string,
): Promise<readonly ReportPage[]> {
  try {
    return await readReportPages(settings, times, table);
  } catch (error) {
    if (error instanceof AwsError && error.kind === "absent") return [];
    throw error;
  }
}

async function describe(name: string, settings: AwsSettings): Promise<ListedCluster> {
  const action = "eks:DescribeCluster";
  const call = { operation: "DescribeCluster", path: `/clusters/${encodeURIComponent(name)}` };
  const answer = await callAws(action, () => callJson("eks", call, {}, settings));
  const cluster = getObject(answer, "cluster") ?? {};
  const arn = getString(cluster, "arn") ?? "";
  if (getString(cluster, "name") !== name || parseArn(arn) === undefined)
    throw new AwsError("unavailable", action, `${action}: an answer for another than ${name}`);
  const pem = Buffer.from(
    getString(getObject(cluster, "certificateAuthority") ?? {}, "data") ?? "",
    "base64",
  );
  return {
    name,
    arn,
    authorities: certificateDigests(pem.toString("latin1")),
    ...optional("createdAt", getMoment(cluster, "createdAt")),
  };
}
