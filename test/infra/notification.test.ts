/** What the topic is sent: EventBridge's input transformer, played by its rules, over texts that break it. */

import { describe, expect, test } from "vitest";
import { getObjects } from "../../src/ecs/json-fields.ts";
import { classify } from "../../src/pull-failure/classify.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { readTemplate } from "../support/aws/template.ts";

const rule = readTemplate({ NotifyEmail: "ops@example.com" }).resources.OutcomeRule?.Properties as JsonObject;
const [target] = getObjects(rule, "Targets");
const transformer = (target as JsonObject).InputTransformer as JsonObject;
const paths = transformer.InputPathsMap as Readonly<Record<string, string>>;

/**
 * A placeholder outside of quotes becomes the value as JSON; within quotes the text as it is, unescaped.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html (read 2026-11)
 */
function transformed(detail: Readonly<Record<string, string>>): unknown {
  let isQuoted = false;
  const text = String(transformer.InputTemplate).replace(/"|<([\w-]+)>/g, (found, name?: string) => {
    if (name === undefined) {
      isQuoted = !isQuoted;
      return found;
    }
    const path = paths[name] ?? "";
    const value = detail[path.replace("$.detail.", "")];
    return isQuoted ? String(value) : JSON.stringify(value);
  });
  return JSON.parse(text);
}

const LIMIT =
  "CannotPullContainerError: Error response from daemon: error parsing HTTP 429 response body: invalid character 'T' looking for beginning of value: \"Too Many Requests (HAP429)\"";

describe("an outcome reaches the topic", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, string])[] = [
    ["in plain words",                      "no place holds nginx:1.27 with enough proof"],
    ["with a quotation mark",               'Head "https://public.ecr.aws/v2/": dial tcp: i/o timeout'],
    ["with what the classifier quotes",     classify(LIMIT).because],
    ["with a backslash at its end",         "C:\\app\\"],
    ["with a line's end and a tab",         "first\n\tsecond"],
    ["with what looks like a placeholder",  "<summary> and <execution>"],
  ];
  for (const [title, summary] of table) {
    test(title, () =>
      expect(transformed({ outcome: "rolled-back", summary, execution: "r-1" })).toEqual({
        repull: "rolled-back",
        summary,
        execution: "r-1",
      }),
    );
  }
  test("is kept where an alarm sees it", () =>
    expect(target?.DeadLetterConfig).toEqual({ Arn: "UndeliveredQueue.Arn" }));
  test("of this account and region alone, although a bus may take those of others", () =>
    expect(rule.EventPattern).toMatchObject({ account: ["123456789012"], region: ["us-east-1"] }));
});
