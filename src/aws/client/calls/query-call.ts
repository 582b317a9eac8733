/** Reads that are answered with XML: by AWS's query protocol, as Elastic Load Balancing and Auto Scaling speak no other, and Route 53's. */

import { isObject } from "../../../ecs/json-fields.ts";
import type { Json, JsonObject } from "../../../runtime/json.ts";
import type { AwsSettings } from "../client-config.ts";
import { answerBytes } from "./answer-bytes.ts";
import { globalRegionOf } from "./global-region.ts";
import { serviceCall } from "./service-call.ts";
import { jsonOfXml } from "./xml-answer.ts";

/** Elastic Load Balancing's and Auto Scaling's API references, "Common Parameters" (read 2026-11) */
const SERVICES = {
  autoscaling: { name: "autoscaling", version: "2011-01-01" },
  elbv2: { name: "elasticloadbalancing", version: "2015-12-01" },
} as const;

const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

type Answer = { statusCode: number; body: AsyncIterable<Uint8Array> | Uint8Array };

/** @param input strings, and lists of strings */
export async function callQuery(
  service: keyof typeof SERVICES,
  operation: string,
  input: JsonObject,
  settings: AwsSettings,
): Promise<JsonObject> {
  const { name, version } = SERVICES[service];
  const form = new URLSearchParams({ Action: operation, Version: version });
  for (const [member, value] of Object.entries(input)) {
    if (!Array.isArray(value)) form.set(member, String(value));
    else for (const [index, one] of value.entries()) form.set(`${member}.member.${index + 1}`, String(one));
  }
  const { client, command } = serviceCall(name, settings, (request) => {
    delete request.headers["x-amz-target"];
    request.headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8";
    request.body = Buffer.from(form.toString());
  });
  return await sendForXml(
    command,
    () => client.send(command),
    (read) => read[`${operation}Result`],
  );
}

/** A read of REST whose answer is XML: Route 53's, which is one service for all regions of a partition. */
export async function callRoute53(
  path: string,
  query: Readonly<Record<string, string>>,
  settings: AwsSettings,
): Promise<JsonObject> {
  const region = globalRegionOf(settings.region);
  const at = { ...settings, region, endpoint: settings.endpoint ?? `https://${ROUTE53_HOSTS[region]}` };
  const { client, command } = serviceCall("route53", at, (request) => {
    delete request.headers["x-amz-target"];
    delete request.headers["content-type"];
    request.method = "GET";
    request.path = `/2013-04-01/${path}`;
    request.query = { ...query };
    request.body = undefined;
  });
  return await sendForXml(
    command,
    () => client.send(command),
    (read) => read,
  );
}

/** https://docs.aws.amazon.com/general/latest/gr/r53.html (read 2026-11) */
const ROUTE53_HOSTS = {
  "cn-northwest-1": "route53.amazonaws.com.cn",
  "us-gov-west-1": "route53.us-gov.amazonaws.com",
  "us-east-1": "route53.amazonaws.com",
} as const;

async function sendForXml(
  command: ReturnType<typeof serviceCall>["command"],
  send: () => Promise<unknown>,
  pick: (read: JsonObject) => Json | undefined,
): Promise<JsonObject> {
  let answer: Json = {};
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as Answer;
      const read = jsonOfXml(await textOf(response.body));
      answer = isObject(read) ? (pick(read) ?? {}) : {};
      // The SDK names an error by what it knows of JSON.
      response.body = Buffer.from(JSON.stringify(response.statusCode < 300 ? {} : errorIn(read)));
      return result;
    },
    { name: "repullReadXml", step: "deserialize", priority: "low" },
  );
  await send();
  return isObject(answer) ? answer : {};
}

function errorIn(read: Json): JsonObject {
  const error = isObject(read) && isObject(read.Error) ? read.Error : {};
  return { __type: error.Code ?? "UnknownError", message: error.Message ?? "" };
}

async function textOf(body: Answer["body"]): Promise<string> {
  return new TextDecoder().decode(await answerBytes(body, ANSWER_BYTES_MAX));
}
