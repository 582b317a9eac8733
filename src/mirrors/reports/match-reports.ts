/**
 * Which report is whose: of each cluster that AWS lists, the one report that is whole, of its ARN, written since it was created,
 * and from behind its own certificate. A report of another says nothing about it.
 */

import { type Digest, isDigest } from "../../image/digest.ts";
import type { ClusterReport, ImageUse } from "../facts.ts";
import { type ReportPage, reportIn, type UsedImages } from "./report-pages.ts";

/** As EKS describes it. */
export type ListedCluster = {
  readonly arn: string;
  readonly name: string;
  readonly createdAt?: number;
  readonly authorities: readonly Digest[];
};

const REGION = /^arn:[a-z-]+:eks:([a-z0-9-]+):/;

/** @param region where EKS was asked for its clusters */
export function matchReports(
  listed: readonly ListedCluster[],
  pages: readonly ReportPage[],
  region: string,
): readonly ClusterReport[] {
  const byCluster = Map.groupBy(pages, ({ cluster }) => cluster);
  const known = new Set(listed.map(({ arn }) => arn));
  return [
    ...listed.map((cluster): ClusterReport => {
      const own = byCluster.get(cluster.arn) ?? [];
      const report = reportIn(own);
      const because = own.length === 0 ? "it does not report them" : whyNot(report, cluster);
      return {
        name: cluster.name,
        isListed: true,
        ...(because === undefined ? {} : { because }),
        ...(because === undefined && report !== undefined ? { reportedAt: report.at } : {}),
        images: own.flatMap(({ images }) => images),
      };
    }),
    // What is not listed, or is in another region, may use images all the same.
    ...[...byCluster]
      .filter(([arn]) => !known.has(arn))
      .map(([arn, own]): ClusterReport => {
        const at = Math.max(...own.map((page) => page.at));
        const images = own.flatMap((page) => page.images);
        const isHere = REGION.exec(arn)?.[1] === region;
        return { name: arn, isListed: false, ...(isHere ? { reportedAt: at } : {}), images };
      }),
  ];
}

function whyNot(
  report: UsedImages | undefined,
  { createdAt, authorities }: ListedCluster,
): string | undefined {
  if (report === undefined) return "its report is not whole";
  if (createdAt === undefined || report.at < createdAt) return "its report is older than the cluster";
  if (!report.authorities.some((one) => authorities.includes(one)))
    return "its report is from behind another certificate";
  return undefined;
}

export function usesOfReports(reports: readonly ClusterReport[]): readonly ImageUse[] {
  return reports.flatMap(({ name, images }) =>
    images.map((image): ImageUse => {
      const use = { place: "clusters" as const, by: name };
      return isDigest(image) ? { ...use, digest: image } : { ...use, image };
    }),
  );
}
