/**
 * Reads of services whose own SDK client is not worth its size for a call or two. AWS's JSON protocol is one for all, and
 * EFS's is plain REST with JSON: an ECS client signs, retries and names errors for them, by another host, name and target.
 */

import { DescribeClustersCommand, ECSClient } from "@aws-sdk/client-ecs";
import { awsDomainOf } from "../../image/ecr-hosts.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { type AwsSettings, clientConfiguration } from "./client-config.ts";
import { sendRawRest } from "./raw-json.ts";

type Service = {
  /** As signatures and hosts name it. */
  readonly name: string;
  /** The part before the operation in X-Amz-Target; absent: REST. */
  readonly target?: string;
};

/** https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html, and the services' models (read 2026-11) */
const SERVICES = {
  logs: { name: "logs", target: "Logs_20140328" },
  kms: { name: "kms", target: "TrentService" },
  efs: { name: "elasticfilesystem" },
} as const satisfies Record<string, Service>;

export type JsonService = keyof typeof SERVICES;

type HttpRequest = {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body?: unknown;
};

/** @param call the operation, with the path and the query of a REST one */
export async function callJson(
  service: JsonService,
  call: {
    readonly operation: string;
    readonly path?: string;
    readonly query?: Readonly<Record<string, string>>;
  },
  body: JsonObject,
  settings: AwsSettings,
): Promise<JsonObject> {
  const { name, ...rest }: Service = SERVICES[service];
  const configuration = {
    ...clientConfiguration(settings),
    // The SDK takes it, and does not declare it of every client.
    signingName: name,
    endpoint: settings.endpoint ?? `https://${name}.${settings.region}.${awsDomainOf(settings.region)}`,
  };
  const client = new ECSClient(configuration);
  const command = new DescribeClustersCommand({});
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as HttpRequest;
      if (rest.target === undefined) {
        request.method = "GET";
        request.path = call.path ?? "/";
        request.query = { ...call.query };
        delete request.headers["x-amz-target"];
        delete request.headers["content-type"];
        request.body = undefined;
      } else request.headers["x-amz-target"] = `${rest.target}.${call.operation}`;
      return next(args);
    },
    { name: "repullOtherService", step: "build", priority: "high" },
  );
  return await sendRawRest(command, () => client.send(command), rest.target === undefined ? undefined : body);
}
