/** Writes what an operation answered, or why it was refused, as the protocol of its service has it. */

import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";
import { ApiError } from "../aws/faults/aws-error.ts";
import type { Call } from "./call.ts";

export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

type Asked = Pick<Call, "protocol" | "service" | "operation">;

const REQUEST_ID = "00000000-0000-4000-8000-000000000000";

export function writeAnswer({ protocol, operation }: Asked, output: JsonObject): HttpAnswer {
  switch (protocol) {
    case "json":
      return {
        status: 200,
        headers: { "content-type": "application/x-amz-json-1.1" },
        body: JSON.stringify(output),
      };
    case "rest-json":
      return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(output) };
    case "query": {
      const result = { [`${operation}Result`]: output, ResponseMetadata: { RequestId: REQUEST_ID } };
      return xmlAnswer(200, { [`${operation}Response`]: result });
    }
    case "ec2":
      return xmlAnswer(200, { [`${operation}Response`]: { requestId: REQUEST_ID, ...output } });
  }
}

/** HTTP 400 for a wrong or refused call, 500 where AWS itself is ill; the code is what clients go by. */
export function writeError({ protocol }: Pick<Call, "protocol">, error: unknown): HttpAnswer {
  const { code, words, status, members = {} } = told(error);
  switch (protocol) {
    case "json":
    case "rest-json":
      return {
        status,
        headers: { "content-type": "application/x-amz-json-1.1", "x-amzn-errortype": code },
        body: JSON.stringify({ __type: code, message: words, ...members }),
      };
    case "query": {
      const said = { Type: status < 500 ? "Sender" : "Receiver", Code: code, Message: words };
      return xmlAnswer(status, { ErrorResponse: { Error: said, RequestId: REQUEST_ID } });
    }
    case "ec2":
      return xmlAnswer(status, {
        Response: { Errors: { Error: { Code: code, Message: words } }, RequestID: REQUEST_ID },
      });
  }
}

type Told = {
  readonly code: string;
  readonly words: string;
  readonly status: number;
  readonly members?: JsonObject;
};

function told(error: unknown): Told {
  const cause = error instanceof AwsError ? error.cause : error;
  const isIll = error instanceof AwsError && error.kind === "unavailable";
  if (cause instanceof ApiError)
    return { code: cause.name, words: cause.message, status: isIll ? 500 : 400, members: cause.members };
  const words = error instanceof Error ? error.message : String(error);
  if (error instanceof AwsError) return { code: "ServerException", words, status: isIll ? 500 : 400 };
  return { code: "InternalFailure", words: `The sandbox failed: ${words}`, status: 500 };
}

function xmlAnswer(status: number, document: JsonObject): HttpAnswer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${xmlOf(document)}`;
  return { status, headers: { "content-type": "text/xml" }, body };
}

/** A list is its element again and again: {item: [a, b]} is <item>a</item><item>b</item>. */
function xmlOf(value: Json): string {
  if (typeof value !== "object" || value === null) return escaped(String(value ?? ""));
  return Object.entries(value as JsonObject)
    .flatMap(([name, member]) =>
      (Array.isArray(member) ? member : [member]).map((one) => `<${name}>${xmlOf(one ?? null)}</${name}>`),
    )
    .join("");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
