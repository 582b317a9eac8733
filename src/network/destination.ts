/** What a workload may have to reach: by its host, the AWS service behind it, and the addresses that it can have. */

import type { Family } from "./addresses.ts";

export type Destination = {
  readonly host: string;
  /** All are TCP, and all but a private registry's own are 443. */
  readonly port: number;
  readonly families: readonly Family[];
  /** Not certain that every host behind it has IPv6 addresses. */
  readonly isIpv6Uncertain?: true;
  /** The VPC endpoint that leads there: `ecr.dkr`, in the region of the host. */
  readonly service?: { readonly name: string; readonly region: string };
  /** What is asked there, for an endpoint's policy. */
  readonly asks?: { readonly action: string; readonly resource: string };
  /** The address that is asked, where an error text names it. */
  readonly address?: string;
};

/** Docker's registry, its token service and its blobs. IPv6 is answered; of each blob host it is not known. (docker/roadmap#89) */
export const DOCKER_HUB: readonly Destination[] = [
  "registry-1.docker.io",
  "auth.docker.io",
  "production.cloudflare.docker.com",
].map((host) => ({ host, port: 443, families: ["ipv4", "ipv6"], isIpv6Uncertain: true }));

/** ECR's endpoints do not support ECR Public. (AmazonECR/latest/userguide/vpc-endpoints.html, read 2026-11) */
export const ECR_PUBLIC: readonly Destination[] = [{ host: "public.ecr.aws", port: 443, families: ["ipv4"] }];

/** Any other host: of its addresses nothing is known. @param host with a port where it has its own */
export function otherHost(host: string, address?: string): Destination {
  const [name = host, port] = host.split(":");
  return {
    host: name,
    port: port === undefined ? 443 : Number(port),
    families: address === undefined ? ["ipv4", "ipv6"] : [address.includes(":") ? "ipv6" : "ipv4"],
    ...(address === undefined ? { isIpv6Uncertain: true } : { address }),
  };
}

/**
 * A service of AWS that may have an endpoint: `secretsmanager`, `logs`, `ssm`. @param name as its endpoint has it
 * @param domain `amazonaws.com`, or that of another partition
 */
export function awsService(
  name: string,
  region: string,
  domain: string,
  asks?: Destination["asks"],
): Destination {
  const front = name.split(".").toReversed().join(".");
  return {
    host: `${front}.${region}.${domain}`,
    port: 443,
    families: ["ipv4"],
    service: { name, region },
    ...(asks === undefined ? {} : { asks }),
  };
}

export type EcrImage = {
  readonly host: string;
  /** Whether endpoints take its name: those of FIPS and of both families have none. (ECR's vpc-endpoints.html, read 2026-11) */
  readonly isNamedByEndpoint: boolean;
  readonly region: string;
  readonly domain: string;
  readonly partition: string;
  /** The ARN of the repository. */
  readonly repository: string;
};

/**
 * The three places that a pull from private ECR asks: the login, the manifests, and S3 for the layers.
 * (AmazonECR/latest/userguide/vpc-endpoints.html, read 2026-11: the bucket is `prod-REGION-starport-layer-bucket`)
 */
export function ecrPull(image: EcrImage): readonly Destination[] {
  const { host, region, domain, partition, repository } = image;
  const bucket = `prod-${region}-starport-layer-bucket`;
  const manifests = awsService("ecr.dkr", region, domain, {
    action: "ecr:BatchGetImage",
    resource: repository,
  });
  return [
    awsService("ecr.api", region, domain, { action: "ecr:GetAuthorizationToken", resource: "*" }),
    image.isNamedByEndpoint ? { ...manifests, host } : { host, port: 443, families: ["ipv4", "ipv6"] },
    {
      host: `${bucket}.s3.${region}.${domain}`,
      port: 443,
      families: ["ipv4"],
      service: { name: "s3", region },
      asks: { action: "s3:GetObject", resource: `arn:${partition}:s3:::${bucket}/*` },
    },
  ];
}
