/** The template as a security reviewer reads it: conditions, encryption, retention, and who may write where. */

import { describe, expect, test } from "vitest";
import { EVERYTHING, FUNCTIONS, statementsOf } from "../support/aws/role-statements.ts";
import { readTemplate } from "../support/aws/template.ts";

describe("what a reviewer asks for", () => {
  const every = readTemplate(EVERYTHING).resources;
  const text = (name: string): string => JSON.stringify(every[name]);

  test("whatever has no resource of its own is granted for this region alone, but for a VPC's network interfaces and for tokens", () => {
    const wide = FUNCTIONS.flatMap((name) => statementsOf(name)).filter(({ resources }) =>
      resources.includes("*"),
    );
    expect(wide.length).toBeGreaterThan(5);
    for (const { actions, text: statement } of wide) {
      // A central account's copies may lie in another region, and a token is of a region.
      if (/^(?:ec2:CreateNetworkInterface|ecr:GetAuthorizationToken)$/.test(actions[0] ?? "")) continue;
      expect(statement).toMatch(/"aws:RequestedRegion":"us-east-1"|"ecs:cluster":"arn:/);
    }
  });
  test("the rights for a network interface are Lambda's own, not the code's", () => {
    for (const name of FUNCTIONS) {
      const role = text(`${name[0]?.toUpperCase()}${name.slice(1)}Role`);
      expect(role).toContain(
        `"ArnEquals":{"lambda:SourceFunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:repull-${name}"}`,
      );
    }
  });
  test("a rule can be pointed at a cluster of the stack's, and at nothing else", () => {
    const [statement, ...others] = statementsOf("remediate").filter(({ actions }) =>
      actions.includes("events:PutTargets"),
    );
    expect(others).toEqual([]);
    expect(statement?.text).toContain(
      '"ForAllValues:ArnLike":{"events:TargetArn":"arn:aws:ecs:us-east-1:123456789012:cluster/*"}',
    );
    // ForAllValues holds for a request that names none.
    expect(statement?.text).toContain('"Null":{"events:TargetArn":"false"}');
  });
  test("your own key is used through a service alone, and for what is the stack's", () => {
    const holders = FUNCTIONS.flatMap((name) => statementsOf(name)).filter(({ resources }) =>
      resources.includes(EVERYTHING.KmsKeyArn),
    );
    expect(holders).toHaveLength(8);
    for (const { text: statement } of holders)
      expect(statement).toMatch(
        /"kms:ViaService":"(?:lambda|sqs)\.us-east-1\.amazonaws\.com"|"kms:ViaService":"secretsmanager\.\*"/,
      );
    for (const { text: statement } of holders) expect(statement).toContain('"kms:EncryptionContext:');
    const ofHistory = holders.filter(({ text: statement }) => statement.includes('"lambda.us-east-1'));
    expect(ofHistory).toHaveLength(3);
    for (const { actions, text: statement } of ofHistory) {
      expect(actions).toEqual(["kms:Decrypt"]);
      expect(statement).toMatch(/"kms:EncryptionContext:aws:lambda:FunctionArn":\["arn:[^*]*"\]/);
    }
    for (const name of ["RemediateFunction", "MirrorFunction"])
      expect(text(name)).toContain(`"KMSKeyArn":"${EVERYTHING.KmsKeyArn}"`);
    expect(JSON.stringify(readTemplate().resources)).not.toContain("KMSKeyArn");
  });

  const queues = Object.entries(every).filter(([, { Type }]) => Type === "AWS::SQS::Queue");
  for (const [queue, { Properties }] of queues) {
    test(`${queue} is encrypted, keeps its messages for days, and takes none in the clear`, () => {
      expect(JSON.stringify(Properties)).toMatch(/"KmsMasterKeyId":"arn:/);
      expect(JSON.stringify(readTemplate().resources[queue])).toContain('"SqsManagedSseEnabled":true');
      const policies = Object.values(every).filter(
        (one) => one.Type === "AWS::SQS::QueuePolicy" && JSON.stringify(one).includes(`"${queue}.Arn"`),
      );
      expect(JSON.stringify(policies)).toContain('"Bool":{"aws:SecureTransport":"false"}');
    });
  }
  for (const [group, { Properties }] of Object.entries(every).filter(
    ([, { Type }]) => Type === "AWS::Logs::LogGroup",
  )) {
    test(`${group} forgets after the days of its parameter`, () =>
      expect(Properties).toMatchObject({ RetentionInDays: expect.anything() }));
  }
  test("a topic takes messages from the one rule and this account's alarms", () => {
    const topic = JSON.stringify(
      readTemplate({ NotifyEmail: "ops@example.com" }).resources.RuleAndAlarmsMayPublish,
    );
    expect(topic).toContain('"ArnEquals":{"aws:SourceArn":"OutcomeRule.Arn"}');
    expect(topic).toContain('"StringEquals":{"aws:SourceAccount":"123456789012"}');
  });
});
