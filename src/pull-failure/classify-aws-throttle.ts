/**
 * An API of AWS that was throttled before any pull: Parameter Store, Secrets Manager, KMS, STS, CloudWatch Logs.
 *
 * ECR is such an API too and a registry besides, so `classify-limit.ts` classifies its own limit.
 */

import { registryOf } from "../image/registry-hosts.ts";
import {
  classification,
  firstMatch,
  hostsNear,
  type ParsedText,
  type PartialClassification,
} from "./parsed-text.ts";
import { AWS_SERVICE, AWS_THROTTLED, ECR_ASKED } from "./patterns.ts";

/** The conclusion that AWS throttled what a start needs in addition to its registry; undefined where the text does not say so. */
export function classifyAwsThrottle(parsed: ParsedText): PartialClassification | undefined {
  const { text } = parsed;
  const fact = firstMatch(text, [AWS_THROTTLED]);
  if (fact === undefined) return undefined;
  const service = AWS_SERVICE.exec(text)?.[0];
  if (service === undefined) {
    // These two words alone are what ECR's registry says.
    if (/^rate exceeded$/i.test(fact.quote)) return undefined;
    if (ECR_ASKED.test(text) || hostsNear(parsed, fact.index).some(isAwsHost)) return undefined;
  }
  return classification(
    "other",
    "certain",
    [fact],
    `AWS turned a request away that was not a registry's${service === undefined ? "" : ` (${service})`}; what it grants per second is one account's quota, and the next start asks again.`,
  );
}

/** Whether the host is a registry of Amazon's. */
export function isAwsHost(host: string): boolean {
  const { kind } = registryOf(host);
  return kind === "ecr" || kind === "ecr-public";
}
