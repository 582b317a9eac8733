/** Paths of the services that speak REST: which operation each one is, and the names that stand in it. */

import type { JsonObject } from "../../runtime/json.ts";

type Route = {
  readonly service: string;
  readonly operation: string;
  readonly method: string;
  readonly path: RegExp;
};

/** https://docs.aws.amazon.com/lambda/latest/api/ and https://docs.aws.amazon.com/scheduler/latest/APIReference/ (read 2026-11). */
const ROUTES: readonly Route[] = [
  { service: "lambda", operation: "ListFunctions", method: "GET", path: /^\/2015-03-31\/functions\/?$/ },
  {
    service: "lambda",
    operation: "ListTags",
    method: "GET",
    path: /^\/2017-03-31\/tags\/(?<Resource>[^/]+)$/,
  },
  {
    service: "lambda",
    operation: "GetFunctionConfiguration",
    method: "GET",
    path: /^\/2015-03-31\/functions\/(?<FunctionName>[^/]+)\/configuration$/,
  },
  {
    service: "lambda",
    operation: "GetAccountSettings",
    method: "GET",
    path: /^\/2016-08-19\/account-settings\/?$/,
  },
  {
    service: "lambda",
    operation: "ListEventSourceMappings",
    method: "GET",
    path: /^\/2015-03-31\/event-source-mappings\/?$/,
  },
  {
    service: "lambda",
    operation: "ListDurableExecutionsByFunction",
    method: "GET",
    path: /^\/2025-12-01\/functions\/(?<FunctionName>[^/]+)\/durable-executions$/,
  },
  {
    service: "lambda",
    operation: "GetDurableExecution",
    method: "GET",
    path: /^\/2025-12-01\/durable-executions\/(?<DurableExecutionArn>[^/]+)$/,
  },
  {
    service: "lambda",
    operation: "GetDurableExecutionHistory",
    method: "GET",
    path: /^\/2025-12-01\/durable-executions\/(?<DurableExecutionArn>[^/]+)\/history$/,
  },
  {
    service: "lambda",
    operation: "SendDurableExecutionCallbackSuccess",
    method: "POST",
    path: /^\/2025-12-01\/durable-execution-callbacks\/(?<CallbackId>[^/]+)\/succeed$/,
  },
  {
    service: "lambda",
    operation: "SendDurableExecutionCallbackFailure",
    method: "POST",
    path: /^\/2025-12-01\/durable-execution-callbacks\/(?<CallbackId>[^/]+)\/fail$/,
  },
  {
    service: "lambda",
    operation: "GetFunction",
    method: "GET",
    path: /^\/2015-03-31\/functions\/(?<FunctionName>[^/]+)$/,
  },
  {
    service: "lambda",
    operation: "Invoke",
    method: "POST",
    path: /^\/2015-03-31\/functions\/(?<FunctionName>[^/]+)\/invocations$/,
  },
  { service: "scheduler", operation: "ListSchedules", method: "GET", path: /^\/schedules$/ },
  {
    service: "scheduler",
    operation: "GetSchedule",
    method: "GET",
    path: /^\/schedules\/(?<Name>[^/]+)$/,
  },
  {
    service: "scheduler",
    operation: "UpdateSchedule",
    method: "PUT",
    path: /^\/schedules\/(?<Name>[^/]+)$/,
  },
  {
    service: "scheduler",
    operation: "ListTagsForResource",
    method: "GET",
    path: /^\/tags\/(?<ResourceArn>[^/]+)$/,
  },
  {
    service: "batch",
    operation: "DescribeJobDefinitions",
    method: "POST",
    path: /^\/v1\/describejobdefinitions$/,
  },
  { service: "eks", operation: "ListClusters", method: "GET", path: /^\/clusters$/ },
  { service: "eks", operation: "DescribeCluster", method: "GET", path: /^\/clusters\/(?<name>[^/]+)$/ },
];

export function restRouteOf(
  service: string,
  method: string,
  path: string,
): { readonly operation: string; readonly labels: JsonObject } | undefined {
  const { pathname } = new URL(path, "http://localhost");
  for (const route of ROUTES) {
    if (route.service !== service || route.method !== method) continue;
    const found = route.path.exec(pathname);
    if (found === null) continue;
    const labels = Object.entries(found.groups ?? {}).map(([name, value]) => [
      name,
      decodeURIComponent(value),
    ]);
    return { operation: route.operation, labels: Object.fromEntries(labels) as JsonObject };
  }
  return undefined;
}
