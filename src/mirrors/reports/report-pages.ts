/**
 * What a cluster reports of the images that it uses, in pages that fit into items of a table.
 *
 * Each page names the report by a digest over all of it: the reader finds a page that is missing, changed, or of another
 * report, without a lock between writer and reader.
 */

import { type Digest, digestOf, isDigest } from "../../image/digest.ts";
import { isTexts } from "../../runtime/json.ts";

export type UsedImages = {
  /** The cluster's ARN: its name alone may exist in another account or region too. */
  readonly cluster: string;
  /** When the cluster was looked at, by the clock of the table's service. */
  readonly at: number;
  /** Digests of the certificates by which clients know the cluster's API server. */
  readonly authorities: readonly Digest[];
  /** References as they are written, and digests. */
  readonly images: readonly string[];
};

export type ReportPage = UsedImages & {
  readonly page: number;
  readonly pages: number;
  readonly report: Digest;
};

/** DynamoDB takes items of 400 kB. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html (read 2026-11) */
const PAGE_BYTES_MAX = 300_000;
/** Some 80,000 images. */
export const REPORT_PAGES_MAX = 40;

/** Undefined: too many images for a report. */
export function pagesOf(used: UsedImages): readonly ReportPage[] | undefined {
  const groups: string[][] = [[]];
  let bytes = 0;
  for (const image of used.images) {
    const size = Buffer.byteLength(JSON.stringify(image)) + 1;
    if (bytes + size > PAGE_BYTES_MAX) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(image);
    bytes += size;
  }
  if (groups.length > REPORT_PAGES_MAX) return undefined;
  const report = nameOf(used);
  return groups.map((images, page) => ({ ...used, images, page, pages: groups.length, report }));
}

/** The report that pages of one cluster are; undefined where one is missing or is not as it was written. */
export function reportIn(pages: readonly ReportPage[]): UsedImages | undefined {
  const first = pages.find(({ page }) => page === 0);
  if (first === undefined || first.pages < 1 || first.pages > REPORT_PAGES_MAX) return undefined;
  const { cluster, at, authorities, report } = first;
  const own = Array.from({ length: first.pages }, (_, index) =>
    pages.find(({ page, report: name }) => page === index && name === report),
  );
  const images = own.flatMap((one) => one?.images ?? []);
  const used = { cluster, at, authorities, images };
  return own.every((one) => one !== undefined) && nameOf(used) === report ? used : undefined;
}

function nameOf({ cluster, at, authorities, images }: UsedImages): Digest {
  return digestOf(JSON.stringify([cluster, at, authorities, images]));
}

/** The digests of the certificates in a PEM file. https://www.rfc-editor.org/rfc/rfc7468#section-5 */
export function certificateDigests(pem: string): readonly Digest[] {
  const blocks = pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g);
  return [...blocks].map(([, body = ""]) => digestOf(Buffer.from(body, "base64")));
}

/** A page as a table has it; undefined where a member is not as it is written. */
export function readPage(stated: Readonly<Record<string, unknown>>): ReportPage | undefined {
  const { cluster, page, pages, report, at, authorities, images } = stated;
  if (typeof cluster !== "string" || !isDigest(report)) return undefined;
  if (!isCount(page) || !isCount(pages) || !isCount(at)) return undefined;
  if (!isTexts(images) || !isTexts(authorities) || !authorities.every(isDigest)) return undefined;
  return { cluster, page, pages, report, at, authorities, images };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
