/**
 * JSON over AWS's own wire, past the SDK's types.
 *
 * The SDK's client signs, retries and names errors well, but reads and writes only the members that it
 * knows: what AWS adds after its release is lost both ways, silently. So the answer's text is taken where
 * it arrives, and a request's body is put in its place before it is measured and signed.
 */

import assert from "node:assert/strict";

import type {
  $Command,
  DescribeTasksCommand,
  ECSClient,
  ServiceInputTypes,
  ServiceOutputTypes,
} from "@aws-sdk/client-ecs";
import { isObject } from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import { answerBytes } from "./answer-bytes.ts";

/** A hundred described tasks are about a megabyte; nothing that ECS answers comes near this. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

const EMPTY_OBJECT = Buffer.from("{}");

type HttpRequest = { body?: unknown };
type HttpAnswer = { statusCode: number; body: AsyncIterable<Uint8Array> | Uint8Array };

type EcsCommand<Input extends ServiceInputTypes, Output extends ServiceOutputTypes> = $Command<
  Input,
  Output,
  ECSClient["config"],
  ServiceInputTypes,
  ServiceOutputTypes
>;

/**
 * Sends the command and answers the JSON that ECS wrote, unknown members included.
 * @param body what to send in place of the command's own input
 */
export async function sendRaw<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
  client: ECSClient,
  command: EcsCommand<Input, Output>,
  body?: JsonObject,
): Promise<JsonObject> {
  return await sendRawRest(command, () => client.send(command), body);
}

/** Every client has types of its own for the SDK's one stack; the ECS client's are used for all. */
type Stack = DescribeTasksCommand["middlewareStack"];

/**
 * The same for a command of any client, sent by its caller; the JSON is of REST services as well.
 * @param body what to send in place of the body that the command's own input makes
 */
export async function sendRawRest(
  command: { readonly middlewareStack: object },
  send: () => Promise<unknown>,
  body?: JsonObject,
): Promise<JsonObject> {
  const stack = command.middlewareStack as Stack;
  let answer: Uint8Array | undefined;

  if (body !== undefined) {
    const bytes = Buffer.from(JSON.stringify(body));
    // After the serializer wrote a body, before the SDK measures and signs the one it finds.
    stack.add(
      (next) => (args) => {
        requestIn(args.request).body = bytes;
        return next(args);
      },
      { name: "repullReplaceBody", step: "build", priority: "high" },
    );
  }

  // Low priority is nearest to the wire: before the SDK's own reader, once for each attempt.
  stack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = answerIn(result.response);
      const bytes = await answerBytes(response.body, ANSWER_BYTES_MAX);
      if (response.statusCode >= 300) {
        response.body = bytes;
      } else {
        // The SDK gets nothing to read, so that no member's odd type can make it stumble.
        answer = bytes;
        response.body = EMPTY_OBJECT;
      }
      return result;
    },
    { name: "repullTapAnswer", step: "deserialize", priority: "low" },
  );

  await send();
  return parse(answer ?? new Uint8Array());
}

/** The SDK types both as `unknown`. */
function requestIn(value: unknown): HttpRequest {
  assert(typeof value === "object" && value !== null && "headers" in value, "no HTTP request");
  return value as HttpRequest;
}

function answerIn(value: unknown): HttpAnswer {
  assert(typeof value === "object" && value !== null && "statusCode" in value && "body" in value);
  return value as HttpAnswer;
}

function parse(bytes: Uint8Array): JsonObject {
  const value: JsonObject[string] = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  if (!isObject(value)) throw new SyntaxError("the answer is not a JSON object");
  return value;
}
