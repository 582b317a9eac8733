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
  /** A path at Docker Hub; a last part of `*` stands for any. */
  readonly hub: string;
  /** The path at ECR Public, `*` for what it stood for. */
  readonly there: string;
  /** The publisher itself keeps both names: its word counts where no digest can be compared, and the owner lets it. */
  readonly samePublisher: boolean;
  readonly source: string;
  /** Year and month in which the source was read. */
  readonly read: string;
  /** An image of the row to try it by. */
  readonly sample: string;
};

// biome-ignore format: a table is read by its columns
export const PUBLIC_IMAGES: readonly PublicImage[] = [
  { hub: "library/*",                        there: "docker/library/*",                          samePublisher: true,  read: "2026-11", sample: "library/nginx:latest",                  source: "https://gallery.ecr.aws/docker/ (Docker itself; postgres:18.6-trixie is pinned by one digest on both sides)" },
  { hub: "hashicorp/*",                      there: "hashicorp/*",                               samePublisher: true,  read: "2026-11", sample: "hashicorp/terraform:latest",            source: "HashiCorp's release workflows tag both; behind for a time in 2021: hashicorp/docker-vault#233" },
  { hub: "falcosecurity/*",                  there: "falcosecurity/*",                           samePublisher: true,  read: "2026-11", sample: "falcosecurity/falco:latest",            source: "falcosecurity/falco's release notes list both, 0.27 to 0.41" },
  { hub: "aquasec/trivy",                    there: "aquasecurity/trivy",                        samePublisher: true,  read: "2026-11", sample: "aquasec/trivy:latest",                  source: "trivy's installation page: the same image is hosted on Amazon ECR Public" },
  { hub: "opensearchproject/*",              there: "opensearchproject/*",                       samePublisher: true,  read: "2026-11", sample: "opensearchproject/opensearch:latest",   source: "opensearch-build's release code pushes both; a drift was mended in opensearch-build#4169" },
  { hub: "dynatrace/*",                      there: "dynatrace/*",                               samePublisher: true,  read: "2026-11", sample: "dynatrace/dynatrace-operator:v1.0.0",   source: "Dynatrace's documentation names both registries" },
  { hub: "sumologic/sumologic-otel-collector", there: "sumologic/sumologic-otel-collector",      samePublisher: true,  read: "2026-11", sample: "sumologic/sumologic-otel-collector:latest", source: "SumoLogic/sumologic-otel-collector's README names both" },
  { hub: "pulumi/*",                         there: "pulumi/*",                                  samePublisher: true,  read: "2026-11", sample: "pulumi/pulumi:latest",                  source: "pulumi/pulumi-docker-containers' README names both" },
  { hub: "datadog/agent",                    there: "datadog/agent",                             samePublisher: true,  read: "2026-11", sample: "datadog/agent:latest",                  source: "Datadog's documentation on container registries" },
  { hub: "localstack/localstack",            there: "localstack/localstack",                     samePublisher: false, read: "2026-11", sample: "localstack/localstack:latest",          source: "public repositories that pull both" },
  { hub: "alertlogic/al-agent-container",    there: "alertlogic/al-agent-container",             samePublisher: false, read: "2026-11", sample: "alertlogic/al-agent-container:latest",  source: "alertlogic/al-agent-container#37: was half a year behind, mended in 2023" },
  { hub: "supabase/postgres",                there: "supabase/postgres",                         samePublisher: false, read: "2026-11", sample: "supabase/postgres:15.1.0.147",          source: "public repositories that pull from ECR Public" },
  { hub: "amazon/dynamodb-local",            there: "aws-dynamodb-local/aws-dynamodb-local",     samePublisher: false, read: "2026-11", sample: "amazon/dynamodb-local:latest",          source: "public repositories that take one for the other" },
  { hub: "amazon/cloudwatch-agent",          there: "cloudwatch-agent/cloudwatch-agent",         samePublisher: false, read: "2026-11", sample: "amazon/cloudwatch-agent:latest",        source: "the name in AWS's CloudWatch agent operator" },
  { hub: "amazon/aws-xray-daemon",           there: "xray/aws-xray-daemon",                      samePublisher: false, read: "2026-11", sample: "amazon/aws-xray-daemon:latest",         source: "public repositories that pull from ECR Public" },
  { hub: "amazon/aws-otel-collector",        there: "aws-observability/aws-otel-collector",      samePublisher: false, read: "2026-11", sample: "amazon/aws-otel-collector:latest",      source: "public repositories that pull from ECR Public" },
  { hub: "amazon/aws-cli",                   there: "aws-cli/aws-cli",                           samePublisher: false, read: "2026-11", sample: "amazon/aws-cli:latest",                 source: "public repositories that pull from ECR Public" },
  { hub: "amazon/aws-for-fluent-bit",        there: "aws-observability/aws-for-fluent-bit",      samePublisher: false, read: "2026-11", sample: "amazon/aws-for-fluent-bit:latest",      source: "well known; nobody has compared digests" },
];

export type PublicTwin = { readonly twin: ImageReference; readonly samePublisher: boolean };

/** The names of a Docker Hub image on ECR Public by the table; none for every other image. */
export function publicTwins(image: ImageReference): readonly PublicTwin[] {
  if (registryOf(image.host).kind !== "docker-hub") return [];
  return PUBLIC_IMAGES.flatMap(({ hub, there, samePublisher }) => {
    const path = twinPath(image.path, hub, there);
    return path === undefined ? [] : [{ twin: { ...image, host: ECR_PUBLIC_HOST, path }, samePublisher }];
  });
}

function twinPath(path: string, hub: string, there: string): string | undefined {
  if (!hub.endsWith("/*")) return path === hub ? there : undefined;
  const folder = hub.slice(0, -1);
  const rest = path.slice(folder.length);
  if (!path.startsWith(folder) || rest === "" || rest.includes("/")) return undefined;
  return there.replace("*", rest);
}
