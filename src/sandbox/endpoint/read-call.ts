/**
 * Reads which operation of which service a request asks for, and with what.
 *
 * AWS's clients sign the name of the service into `Authorization`, so one address can serve them all:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (read 2026-11).
 */

import { getString, isObject } from "../../ecs/json-fields.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";
import { ApiError } from "../aws/faults/aws-error.ts";
import type { Call, Protocol } from "./call.ts";
import { restRouteOf } from "./rest-routes.ts";

export type HttpRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
};

/** What a service is called in a signature, where IAM calls it otherwise. */
const IAM_NAMES: Readonly<Record<string, string>> = { monitoring: "cloudwatch" };

/** Throws ApiError for a request that no service of AWS would understand. */
export function readCall({ method, path, headers, body }: HttpRequest): Call {
  const signed = /Credential=[^/]+\/\d{8}\/[^/]+\/(?<service>[a-z0-9-]+)\/aws4_request/.exec(
    headers.authorization ?? "",
  )?.groups?.service;
  if (signed === undefined)
    throw new ApiError("MissingAuthenticationToken", "The request must be signed, with any credentials.");
  const service = IAM_NAMES[signed] ?? signed;
  const target = headers["x-amz-target"];
  if (target !== undefined)
    return {
      protocol: "json",
      service,
      operation: target.slice(target.lastIndexOf(".") + 1),
      input: jsonIn(body),
    };
  if ((headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded"))
    return readForm(service, body);
  const route = restRouteOf(service, method, path);
  if (route === undefined)
    throw new ApiError(
      "UnknownOperationException",
      `The sandbox does not serve ${method} ${path} of ${service}.`,
    );
  const parameters = Object.fromEntries(new URL(path, "http://localhost").searchParams);
  return {
    protocol: "rest-json",
    service,
    operation: route.operation,
    input: { ...(body === "" ? {} : jsonIn(body)), ...parameters, ...route.labels },
  };
}

function jsonIn(body: string): JsonObject {
  let value: Json = {};
  try {
    if (body !== "") value = JSON.parse(body) as Json;
  } catch {
    value = null;
  }
  if (!isObject(value)) throw new ApiError("SerializationException", "The body is not a JSON object.");
  return value;
}

/** `Filter.1.Value.2=x` is {Filter: [{Value: [, x]}]}: lists are numbered from one, with `member` between or without. */
function readForm(service: string, body: string): Call {
  const input: Record<string, Json> = {};
  for (const [name, value] of new URLSearchParams(body))
    put(input, name.replaceAll(".member.", ".").split("."), value);
  const operation = getString(input as JsonObject, "Action") ?? "";
  const protocol: Protocol = service === "ec2" ? "ec2" : "query";
  return { protocol, service, operation, input: withLists(input) as JsonObject };
}

function put(into: Record<string, Json>, [name = "", ...rest]: readonly string[], value: string): void {
  if (name === "__proto__") return;
  if (rest.length === 0) {
    into[name] = value;
    return;
  }
  const inner = into[name];
  const next = typeof inner === "object" && inner !== null ? (inner as Record<string, Json>) : {};
  into[name] = next as JsonObject;
  put(next, rest, value);
}

/** An object whose members are all numbers is a list. */
function withLists(value: Json): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value as JsonObject);
  if (entries.length > 0 && entries.every(([name]) => /^\d+$/.test(name)))
    return entries
      .toSorted(([one], [other]) => Number(one) - Number(other))
      .map(([, member]) => withLists(member ?? null));
  return Object.fromEntries(entries.map(([name, member]) => [name, withLists(member ?? null)]));
}
