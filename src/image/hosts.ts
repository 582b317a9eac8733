/**
 * Whose registry a host is.
 *
 * Hosts are compared whole: `docker.io.evil.example` is not Docker Hub, and an address that merely
 * contains `dkr.ecr` is not Amazon ECR.
 */

import { DOCKER_HUB_HOST } from "./reference.ts";

export type Registry =
  | { readonly kind: "docker-hub" }
  | {
      readonly kind: "ecr";
      readonly account: string;
      readonly region: string;
      readonly partition: string;
      readonly fips: boolean;
      readonly dualStack: boolean;
    }
  | { readonly kind: "ecr-public" }
  | { readonly kind: "other"; readonly host: string };

/** Hosts that answer with Docker Hub's content and Docker Hub's limit (seen: events.md of 2026-11, docker.n8n.io). */
const DOCKER_HUB_FRONTS = new Set([
  DOCKER_HUB_HOST,
  "index.docker.io",
  "registry-1.docker.io",
  "registry.hub.docker.com",
  "docker.n8n.io",
]);

// https://docs.aws.amazon.com/general/latest/gr/ecr.html: dkr.ecr, dkr.ecr-fips, and the dual-stack dkr-ecr.<region>.on.aws
const ECR_CLASSIC =
  /^(?<account>[0-9]{12})\.dkr\.ecr(?<fips>-fips)?\.(?<region>[a-z]{2,4}(?:-[a-z]+)+-[0-9]+)\.(?<suffix>amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov)$/;
const ECR_DUAL_STACK =
  /^(?<account>[0-9]{12})\.dkr-ecr(?<fips>-fips)?\.(?<region>[a-z]{2,4}(?:-[a-z]+)+-[0-9]+)\.on\.(?<suffix>aws|amazonwebservices\.com\.cn|amazonwebservices\.eu)$/;

/** Which registry a reference's host is. */
export function registryOf(host: string): Registry {
  if (host === DOCKER_HUB_HOST) return { kind: "docker-hub" };
  if (host === "public.ecr.aws" || host === "ecr-public.aws.com") return { kind: "ecr-public" };
  const classic = ECR_CLASSIC.exec(host)?.groups;
  const match = classic ?? ECR_DUAL_STACK.exec(host)?.groups;
  if (match === undefined) return { kind: "other", host };
  const { account = "", region = "", fips } = match;
  return {
    kind: "ecr",
    account,
    region,
    partition: partitionOf(region),
    fips: fips !== undefined,
    dualStack: classic === undefined,
  };
}

/** Whether pulls from this host count against Docker Hub's limit, vanity hosts included. */
export function isDockerHubFront(host: string): boolean {
  return DOCKER_HUB_FRONTS.has(host);
}

/** The registry host of an account's private ECR. */
export function ecrHost(account: string, region: string): string {
  return `${account}.dkr.ecr.${region}.${DNS_SUFFIX[partitionOf(region)] ?? "amazonaws.com"}`;
}

const DNS_SUFFIX: Readonly<Record<string, string>> = {
  aws: "amazonaws.com",
  "aws-cn": "amazonaws.com.cn",
  "aws-us-gov": "amazonaws.com",
  "aws-iso": "c2s.ic.gov",
  "aws-iso-b": "sc2s.sgov.gov",
  "aws-eusc": "amazonaws.eu",
};

/** The partition that a region belongs to: `aws` unless its prefix says otherwise. */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  if (region.startsWith("us-iso-")) return "aws-iso";
  if (region.startsWith("us-isob-")) return "aws-iso-b";
  if (region.startsWith("eusc-")) return "aws-eusc";
  return "aws";
}
