/**
 * Who publishes the images of Docker Hub on Amazon ECR Public as well, and on whose word.
 *
 * The table is only where to ask: every candidate is asked for by digest before it is used. `repull` can ask both sides
 * of each row (`checkPublicImages`), so that a row that has gone stale shows. Not in it, on purpose: bitnami (gone from
 * ECR Public since 2026-06-10, aws/containers-roadmap#2817), grafana and newrelic (never there), amazonlinux/amazonlinux
 * (other bytes than Docker Hub's; docker/library/amazonlinux has the same).
 */

import type { ImageReference } from "../image/reference.ts";
import { ECR_PUBLIC_HOST, registryOf } from "../image/registry-hosts.ts";

export type PublicImage = {
  /** A path at Docker Hub; a last part of `*` matches any. */
  readonly dockerHub: string;
  /** The path at ECR Public, with `*` for the matched part. */
  readonly ecrPublic: string;
  /** The publisher itself keeps both names: this proof counts where no digest can be compared and the policy accepts it. */
  readonly samePublisher: boolean;
  readonly source: string;
  /** Year and month in which the source was read. */
  readonly read: string;
  /** An image of the row to try it by. */
  readonly sample: string;
};

// biome-ignore format: a table is read by its columns
export const PUBLIC_IMAGES: readonly PublicImage[] = [
  { dockerHub: "library/*",                        ecrPublic: "docker/library/*",                          samePublisher: true,  read: "2026-11", sample: "library/nginx:latest",                  source: "https://gallery.ecr.aws/docker/ (Docker itself; postgres:18.6-trixie is pinned by one digest on both sides)" },
  { dockerHub: "hashicorp/*",                      ecrPublic: "hashicorp/*",                               samePublisher: true,  read: "2026-11", sample: "hashicorp/terraform:latest",            source: "HashiCorp's release workflows tag both; behind for a time in 2021: hashicorp/docker-vault#233" },
  { dockerHub: "falcosecurity/*",                  ecrPublic: "falcosecurity/*",                           samePublisher: true,  read: "2026-11", sample: "falcosecurity/falco:latest",            source: "falcosecurity/falco's release notes list both, 0.27 to 0.41" },
  { dockerHub: "aquasec/trivy",                    ecrPublic: "aquasecurity/trivy",                        samePublisher: true,  read: "2026-11", sample: "aquasec/trivy:latest",                  source: "trivy's installation page: the same image is hosted on Amazon ECR Public" },
  { dockerHub: "opensearchproject/*",              ecrPublic: "opensearchproject/*",                       samePublisher: true,  read: "2026-11", sample: "opensearchproject/opensearch:latest",   source: "opensearch-build's release code pushes both; a drift was mended in opensearch-build#4169" },
  { dockerHub: "dynatrace/*",                      ecrPublic: "dynatrace/*",                               samePublisher: true,  read: "2026-11", sample: "dynatrace/dynatrace-operator:v1.0.0",   source: "Dynatrace's documentation names both registries" },
  { dockerHub: "sumologic/sumologic-otel-collector", ecrPublic: "sumologic/sumologic-otel-collector",      samePublisher: true,  read: "2026-11", sample: "sumologic/sumologic-otel-collector:latest", source: "SumoLogic/sumologic-otel-collector's README names both" },
  { dockerHub: "pulumi/*",                         ecrPublic: "pulumi/*",                                  samePublisher: true,  read: "2026-11", sample: "pulumi/pulumi:latest",                  source: "pulumi/pulumi-docker-containers' README names both" },
  { dockerHub: "datadog/agent",                    ecrPublic: "datadog/agent",                             samePublisher: true,  read: "2026-11", sample: "datadog/agent:latest",                  source: "Datadog's documentation on container registries" },
  { dockerHub: "localstack/localstack",            ecrPublic: "localstack/localstack",                     samePublisher: false, read: "2026-11", sample: "localstack/localstack:latest",          source: "public repositories that pull both" },
  { dockerHub: "alertlogic/al-agent-container",    ecrPublic: "alertlogic/al-agent-container",             samePublisher: false, read: "2026-11", sample: "alertlogic/al-agent-container:latest",  source: "alertlogic/al-agent-container#37: was half a year behind, mended in 2023" },
  { dockerHub: "supabase/postgres",                ecrPublic: "supabase/postgres",                         samePublisher: false, read: "2026-11", sample: "supabase/postgres:15.1.0.147",          source: "public repositories that pull from ECR Public" },
  { dockerHub: "amazon/dynamodb-local",            ecrPublic: "aws-dynamodb-local/aws-dynamodb-local",     samePublisher: false, read: "2026-11", sample: "amazon/dynamodb-local:latest",          source: "public repositories that take one for the other" },
  { dockerHub: "amazon/cloudwatch-agent",          ecrPublic: "cloudwatch-agent/cloudwatch-agent",         samePublisher: false, read: "2026-11", sample: "amazon/cloudwatch-agent:latest",        source: "the name in AWS's CloudWatch agent operator" },
  { dockerHub: "amazon/aws-xray-daemon",           ecrPublic: "xray/aws-xray-daemon",                      samePublisher: false, read: "2026-11", sample: "amazon/aws-xray-daemon:latest",         source: "public repositories that pull from ECR Public" },
  { dockerHub: "amazon/aws-otel-collector",        ecrPublic: "aws-observability/aws-otel-collector",      samePublisher: false, read: "2026-11", sample: "amazon/aws-otel-collector:latest",      source: "public repositories that pull from ECR Public" },
  { dockerHub: "amazon/aws-cli",                   ecrPublic: "aws-cli/aws-cli",                           samePublisher: false, read: "2026-11", sample: "amazon/aws-cli:latest",                 source: "public repositories that pull from ECR Public" },
  { dockerHub: "amazon/aws-for-fluent-bit",        ecrPublic: "aws-observability/aws-for-fluent-bit",      samePublisher: false, read: "2026-11", sample: "amazon/aws-for-fluent-bit:latest",      source: "well known; digests not compared" },
];

export type PublicMirror = { readonly twin: ImageReference; readonly samePublisher: boolean };

/** The names of a Docker Hub image on ECR Public by the table; none for every other image. */
export function ecrPublicMirrors(image: ImageReference): readonly PublicMirror[] {
  if (registryOf(image.host).kind !== "docker-hub") return [];
  return PUBLIC_IMAGES.flatMap(({ dockerHub, ecrPublic, samePublisher }) => {
    const path = mirrorPath(image.path, dockerHub, ecrPublic);
    return path === undefined ? [] : [{ twin: { ...image, host: ECR_PUBLIC_HOST, path }, samePublisher }];
  });
}

function mirrorPath(path: string, hub: string, there: string): string | undefined {
  if (!hub.endsWith("/*")) return path === hub ? there : undefined;
  const folder = hub.slice(0, -1);
  const rest = path.slice(folder.length);
  if (!path.startsWith(folder) || rest === "" || rest.includes("/")) return undefined;
  return there.replace("*", rest);
}
