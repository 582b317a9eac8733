/** Reads by AWS's query protocol, a form that is answered with XML: Elastic Load Balancing speaks no other. */

import { isObject } from "../../../ecs/json-fields.ts";
import type { Json, JsonObject } from "../../../runtime/json.ts";
import type { AwsSettings } from "../client-config.ts";
import { serviceCall } from "./service-call.ts";
import { jsonOfXml } from "./xml-answer.ts";

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/CommonParameters.html (read 2026-11) */
const SERVICES = {
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
  let answer: Json = {};
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as Answer;
      const read = jsonOfXml(await textOf(response.body));
      answer = isObject(read) ? (read[`${operation}Result`] ?? {}) : {};
      // The SDK names an error by what it knows of JSON.
      response.body = Buffer.from(JSON.stringify(response.statusCode < 300 ? {} : errorIn(read)));
      return result;
    },
    { name: "repullReadXml", step: "deserialize", priority: "low" },
  );
  await client.send(command);
  return isObject(answer) ? answer : {};
}

function errorIn(read: Json): JsonObject {
  const error = isObject(read) && isObject(read.Error) ? read.Error : {};
  return { __type: error.Code ?? "UnknownError", message: error.Message ?? "" };
}

async function textOf(body: Answer["body"]): Promise<string> {
  if (body instanceof Uint8Array) return new TextDecoder().decode(body);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > ANSWER_BYTES_MAX)
      throw new RangeError(`the answer is longer than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
