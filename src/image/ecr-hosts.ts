/**
 * The hosts of private Amazon ECR, in every partition and form.
 *
 *     123456789012.dkr.ecr.us-east-1.amazonaws.com         123456789012.dkr.ecr-fips.us-east-1.amazonaws.com
 *     123456789012.dkr-ecr.us-east-1.on.aws                123456789012.dkr-ecr-fips.us-east-1.on.aws
 *
 * Sources: https://docs.aws.amazon.com/general/latest/gr/ecr.html, botocore's partitions.json and the patterns of
 * amazon-ecr-credential-helper (read 2026-11).
 */

export type PrivateEcr = {
  readonly kind: "ecr";
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly fips: boolean;
  readonly dualStack: boolean;
};

type Domains = { readonly classic: string; readonly dualStack?: string };

// biome-ignore format: a table is read by its columns
const PARTITIONS: Readonly<Record<string, Domains & { readonly region: RegExp }>> = {
  "aws-cn":     { region: /^cn-/,      classic: "amazonaws.com.cn", dualStack: "on.amazonwebservices.com.cn" },
  "aws-us-gov": { region: /^us-gov-/,  classic: "amazonaws.com",    dualStack: "on.aws" },
  "aws-eusc":   { region: /^eusc-/,    classic: "amazonaws.eu",     dualStack: "on.amazonwebservices.eu" },
  "aws-iso":    { region: /^us-iso-/,  classic: "c2s.ic.gov" },
  "aws-iso-b":  { region: /^us-isob-/, classic: "sc2s.sgov.gov" },
  "aws-iso-e":  { region: /^eu-isoe-/, classic: "cloud.adc-e.uk" },
  "aws-iso-f":  { region: /^us-isof-/, classic: "csp.hci.ic.gov" },
};
const COMMERCIAL: Domains = { classic: "amazonaws.com", dualStack: "on.aws" };

/** Every domain under which AWS gives out names. */
export const AWS_DOMAINS: readonly string[] = [
  ...new Set(
    [COMMERCIAL, ...Object.values(PARTITIONS)].flatMap(({ classic, dualStack }) => [
      classic,
      ...(dualStack === undefined ? [] : [dualStack]),
    ]),
  ),
];

const REGION = "[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}";
const ECR_HOST = new RegExp(
  `^(?<account>[0-9]{12})\\.dkr(?<joint>[.-])ecr(?<fips>-fips)?\\.(?<region>${REGION})\\.(?<domain>[a-z0-9.-]+)$`,
);
const S3_HOST = new RegExp(
  `^[a-z0-9][a-z0-9.-]*\\.s3(?:-fips)?(?:\\.dualstack)?\\.(?<region>${REGION})\\.(?<domain>[a-z0-9.-]+)$`,
);

/** The private ECR that a host is; undefined for every other host. */
export function ecrRegistryOf(host: string): PrivateEcr | undefined {
  const { account, joint, fips, region, domain } = ECR_HOST.exec(host)?.groups ?? {};
  if (account === undefined || region === undefined) return undefined;
  const dualStack = joint === "-";
  const domains = domainsOf(region);
  // A region under another partition's domain is not an ECR registry: the host may belong to a stranger.
  if (domain !== (dualStack ? domains.dualStack : domains.classic)) return undefined;
  return {
    kind: "ecr",
    account,
    region,
    partition: partitionOf(region),
    fips: fips !== undefined,
    dualStack,
  };
}

/**
 * Whether the host is a bucket of S3, where ECR keeps its layers. With an interface endpoint in the VPC such a name,
 * like ECR's own, leads to a private address: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
 */
export function isS3Host(host: string): boolean {
  const { region, domain } = S3_HOST.exec(host)?.groups ?? {};
  return region !== undefined && domain === domainsOf(region).classic;
}

/**
 * Whether the host is S3 of this region, or S3's own without a region: with the bucket before it, or in the path.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html (read 2026-11)
 */
export function isS3Of(host: string, region: string): boolean {
  const domain = awsDomainOf(region);
  const services = [`s3.${region}.${domain}`, `s3.dualstack.${region}.${domain}`, `s3.${domain}`];
  return services.some((service) => host === service || host.endsWith(`.${service}`));
}

/** The registry host of an account's private ECR. */
export function ecrHost(account: string, region: string): string {
  return `${account}.dkr.ecr.${region}.${awsDomainOf(region)}`;
}

/** The domain of a region's services: `amazonaws.com`, unless its partition has another. */
export function awsDomainOf(region: string): string {
  return domainsOf(region).classic;
}

/** The partition that a region belongs to: `aws` unless its prefix says otherwise. */
export function partitionOf(region: string): string {
  return Object.keys(PARTITIONS).find((id) => PARTITIONS[id]?.region.test(region)) ?? "aws";
}

function domainsOf(region: string): Domains {
  return PARTITIONS[partitionOf(region)] ?? COMMERCIAL;
}
