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

/** Hosts that answer with Docker Hub's content and Docker Hub's limit (docker.n8n.io answers with the text of Docker Hub, seen 2026-11). */
const DOCKER_HUB_FRONTS = new Set([
  DOCKER_HUB_HOST,
  "index.docker.io",
  "registry-1.docker.io",
  "registry.hub.docker.com",
  "docker.n8n.io",
]);

/** Each partition's registry domains; botocore's partitions.json and amazon-ecr-credential-helper, read 2026-11. */
const PARTITIONS: Readonly<
  Record<string, { readonly region: RegExp; readonly classic: string; readonly dualStack?: string }>
> = {
  "aws-cn": {
    region: /^cn-/,
    classic: "amazonaws.com.cn",
    dualStack: "on.amazonwebservices.com.cn",
  },
  "aws-us-gov": { region: /^us-gov-/, classic: "amazonaws.com", dualStack: "on.aws" },
  "aws-eusc": { region: /^eusc-/, classic: "amazonaws.eu", dualStack: "on.amazonwebservices.eu" },
  "aws-iso": { region: /^us-iso-/, classic: "c2s.ic.gov" },
  "aws-iso-b": { region: /^us-isob-/, classic: "sc2s.sgov.gov" },
  "aws-iso-e": { region: /^eu-isoe-/, classic: "cloud.adc-e.uk" },
  "aws-iso-f": { region: /^us-isof-/, classic: "csp.hci.ic.gov" },
};
const COMMERCIAL = { classic: "amazonaws.com", dualStack: "on.aws" };

// https://docs.aws.amazon.com/general/latest/gr/ecr.html: dkr.ecr, dkr.ecr-fips, and dkr-ecr for IPv4 and IPv6.
const ECR_HOST =
  /^(?<account>[0-9]{12})\.dkr(?<joint>[.-])ecr(?<fips>-fips)?\.(?<region>[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2})\.(?<domain>[a-z0-9.-]+)$/;

/** Which registry a reference's host is. */
export function registryOf(host: string): Registry {
  if (host === DOCKER_HUB_HOST) return { kind: "docker-hub" };
  if (host === "public.ecr.aws" || host === "ecr-public.aws.com") return { kind: "ecr-public" };
  return ecrOf(host) ?? { kind: "other", host };
}

function ecrOf(host: string): Registry | undefined {
  const { account, joint, fips, region, domain } = ECR_HOST.exec(host)?.groups ?? {};
  if (account === undefined || region === undefined) return undefined;
  const partition = partitionOf(region);
  const dualStack = joint === "-";
  const domains = PARTITIONS[partition] ?? COMMERCIAL;
  // A region under another partition's domain is nobody's registry, or worse, somebody's.
  if (domain !== (dualStack ? domains.dualStack : domains.classic)) return undefined;
  return { kind: "ecr", account, region, partition, fips: fips !== undefined, dualStack };
}

/** Whether pulls from this host count against Docker Hub's limit, vanity hosts included. */
export function isDockerHubFront(host: string): boolean {
  return DOCKER_HUB_FRONTS.has(host);
}

/** The registry host of an account's private ECR. */
export function ecrHost(account: string, region: string): string {
  return `${account}.dkr.ecr.${region}.${(PARTITIONS[partitionOf(region)] ?? COMMERCIAL).classic}`;
}

/** The partition that a region belongs to: `aws` unless its prefix says otherwise. */
export function partitionOf(region: string): string {
  return Object.keys(PARTITIONS).find((id) => PARTITIONS[id]?.region.test(region)) ?? "aws";
}
