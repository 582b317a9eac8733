/**
 * Reads of services whose own SDK client is not worth its size for a call or two. AWS's JSON protocol is one for all, and
 * that of Batch, EFS and EKS is plain REST with JSON. ECS has a client here; the shapes of what only a diagnosis asks of it would
 * be 10 kB more.
 */

import type { JsonObject } from "../../../runtime/json.ts";
import type { AwsSettings } from "../client-config.ts";
import { sendRawRest } from "./raw-json.ts";
import { serviceCall } from "./service-call.ts";

type Service = {
  /** As signatures and hosts name it. */
  readonly name: string;
  /** The part before the operation in X-Amz-Target; absent: REST. */
  readonly target?: string;
};

/** https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html, and the services' models (read 2026-11) */
const SERVICES = {
  ecs: { name: "ecs", target: "AmazonEC2ContainerServiceV20141113" },
  logs: { name: "logs", target: "Logs_20140328" },
  kms: { name: "kms", target: "TrentService" },
  efs: { name: "elasticfilesystem" },
  batch: { name: "batch" },
  codebuild: { name: "codebuild", target: "CodeBuild_20161006" },
  eks: { name: "eks" },
  organizations: { name: "organizations", target: "AWSOrganizationsV20161128" },
  route53resolver: { name: "route53resolver", target: "Route53Resolver" },
} as const satisfies Record<string, Service>;

export type JsonService = keyof typeof SERVICES;

/** @param call the operation, with the path and the query of a REST one */
export async function callJson(
  service: JsonService,
  call: {
    readonly operation: string;
    readonly path?: string;
    readonly query?: Readonly<Record<string, string>>;
    /** Of a REST one, which is a GET without it. */
    readonly method?: "POST";
  },
  body: JsonObject,
  settings: AwsSettings,
): Promise<JsonObject> {
  const { name, ...rest }: Service = SERVICES[service];
  const { client, command } = serviceCall(name, settings, (request) => {
    if (rest.target === undefined) {
      request.method = call.method ?? "GET";
      request.path = call.path ?? "/";
      request.query = { ...call.query };
      delete request.headers["x-amz-target"];
      if (call.method === undefined) {
        delete request.headers["content-type"];
        request.body = undefined;
      } else request.headers["content-type"] = "application/json";
    } else request.headers["x-amz-target"] = `${rest.target}.${call.operation}`;
  });
  return await sendRawRest(
    command,
    () => client.send(command),
    rest.target === undefined && call.method === undefined ? undefined : body,
  );
}
