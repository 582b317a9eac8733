/** The alarms of the additional stacks: one without an action shows in the console of its account alone. */

import { expect, test } from "vitest";
import { getObject } from "../../src/ecs/json-fields.ts";
import { readTemplate } from "../support/aws/template.ts";

const TOPIC = "arn:aws:sns:us-east-1:123456789012:repull-Topic";

const alarmsIn = (file: string, values: Readonly<Record<string, string>> = {}) =>
  Object.values(readTemplate({ Mirrors: "prune", ...values }, file).resources)
    .filter(({ Type }) => Type === "AWS::CloudWatch::Alarm")
    .map((alarm) => getObject(alarm, "Properties"));

for (const file of ["diagnose.yaml", "mirrors.yaml", "prefill.yaml"]) {
  test(`each alarm of infra/${file} reaches the topic that a parameter names, and only shows without one`, () => {
    const [noticed, shown] = [alarmsIn(file, { AlarmTopicArn: TOPIC }), alarmsIn(file)];
    expect(noticed).not.toEqual([]);
    for (const alarm of noticed) expect(alarm).toMatchObject({ AlarmActions: [TOPIC] });
    for (const alarm of shown) expect(alarm).not.toHaveProperty("AlarmActions");
  });
}
