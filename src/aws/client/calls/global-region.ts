/**
 * The region that signs for a service that a partition has once.
 *
 * https://docs.aws.amazon.com/general/latest/gr/r53.html and …/gr/ao.html (read 2026-11)
 */

type GlobalRegion = "us-east-1" | "cn-northwest-1" | "us-gov-west-1";

export function globalRegionOf(region: string): GlobalRegion {
  if (region.startsWith("cn-")) return "cn-northwest-1";
  if (region.startsWith("us-gov-")) return "us-gov-west-1";
  return "us-east-1";
}
