/** What a diagnosis reads of a live account: the rights are those of its calls, and what is refused is open, not wrong. */

import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAccountReads } from "../../../src/aws/diagnosis/account-reads.ts";
import { permissions } from "../../../src/cli/output/permissions.ts";
import { diagnose } from "../../../src/diagnosis/diagnose.ts";
import { failedStartsIn } from "../../../src/diagnosis/failed-start.ts";
import { CONFIG_RIGHT, DIAGNOSE_RIGHTS, OPERATIONS, type Operation } from "../../../src/diagnosis/reads.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import {
  type AwsAnswer,
  type AwsRequest,
  type AwsStub,
  STUB_CREDENTIALS,
  startAwsStub,
} from "../../support/aws/aws-stub.ts";
import { withoutComments } from "../../support/project-files.ts";

const ACCOUNT = "123456789012";
const IMAGE = `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/web:1`;

let stub: AwsStub;
let answer: (request: AwsRequest) => AwsAnswer;
beforeEach(async () => {
  stub = await startAwsStub((request) => answer(request));
});
afterEach(() => stub.stop());

const reads = () =>
  createAccountReads(
    { region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 1 },
    ACCOUNT,
  );
const start = (stoppedReason?: string) =>
  failedStartsIn({
    tasks: [
      {
        taskArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:task/prod/8a8bb7cd343aa2ad99b7d762030857a2`,
        clusterArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:cluster/prod`,
        taskDefinitionArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:task-definition/web:7`,
        group: "service:web",
        launchType: "FARGATE",
        containers: [{ name: "web", image: IMAGE }],
        attachments: [
          { type: "ElasticNetworkInterface", details: [{ name: "subnetId", value: "subnet-1" }] },
        ],
        ...(stoppedReason === undefined ? {} : { stoppedReason }),
      },
    ],
  })?.[0] as NonNullable<ReturnType<typeof failedStartsIn>>[number];
const SECRET = `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:db-AbCdEf`;
const DEFINITION = {
  taskDefinition: {
    executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/web-execution`,
    containerDefinitions: [
      {
        name: "web",
        image: IMAGE,
        secrets: [{ name: "DB", valueFrom: SECRET }],
        logConfiguration: {
          logDriver: "awslogs",
          options: { "awslogs-group": "/ecs/web", "awslogs-region": "us-east-1" },
        },
      },
    ],
    volumes: [{ name: "data", efsVolumeConfiguration: { fileSystemId: "fs-1" } }],
  },
};
const refused = ({ headers }: AwsRequest): AwsAnswer =>
  headers["content-type"]?.startsWith("application/x-www-form-urlencoded")
    ? {
        status: 403,
        headers: { "content-type": "text/xml" },
        body: "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>",
      }
    : { status: 400, body: { __type: "AccessDeniedException", message: "no" } };

describe("where nothing may be read", () => {
  test("each check is open with the permission that is missing, and the words still lead somewhere", async () => {
    answer = refused;
    const found = await diagnose(
      start(`CannotPullContainerError: failed to resolve ref ${IMAGE}: not found.`),
      reads(),
    );
    expect(found.causes.map(({ code, proof }) => [code, proof])).toEqual([
      ["tag-not-in-repository", null],
      ["repository-missing", null],
    ]);
    expect(found.checks).toMatchObject([
      { id: "image.tag-exists", result: "not checked", permission: "ecr:DescribeImages" },
    ]);
    expect(found.checks[0]?.command?.slice(0, 3)).toEqual(["aws", "ecr", "describe-images"]);
  });

  test("a start without words is neither well nor proved ill", async () => {
    answer = (request) =>
      request.action === "DescribeTaskDefinition" ? { body: DEFINITION } : refused(request);
    const found = await diagnose(start(), reads());
    expect(found.verdict).toBe("not-sure");
    expect(found.causes).toEqual([]);
    const permissions = new Set(found.checks.flatMap(({ permission }) => permission ?? []));
    for (const one of [
      "ecr:DescribeImages",
      "iam:SimulatePrincipalPolicy",
      "secretsmanager:DescribeSecret",
      "logs:DescribeLogGroups",
      "elasticfilesystem:DescribeMountTargets",
      "ec2:DescribeSubnets",
    ])
      expect(permissions).toContain(one);
  });
});

describe("the calls", () => {
  test("are few, and each is made once", async () => {
    answer = (request) =>
      request.action === "DescribeTaskDefinition" ? { body: DEFINITION } : refused(request);
    await diagnose(start(), reads());
    const asked = stub.requests.map(({ action, body }) => `${action} ${JSON.stringify(body)}`);
    expect(new Set(asked).size).toBe(asked.length);
    expect(asked.length).toBeLessThanOrEqual(60);
  });

  test("never read the value of a secret or of a parameter", async () => {
    answer = (request) =>
      request.action === "DescribeTaskDefinition" ? { body: DEFINITION } : refused(request);
    await diagnose(start(), reads());
    for (const { action } of stub.requests)
      expect(action).toMatch(/^(?:Describe|List|GetRole|Get\w+Policy$|GetInstanceProfile$|Simulate|GET )/);
  });
});

describe("a call of a service that has no client here", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [operation: Operation, input: JsonObject, service: string, asked: string])[] = [
    ["logs.DescribeLogGroups",            { logGroupNamePrefix: "/ecs/web" }, "logs",                  "DescribeLogGroups"],
    ["kms.GetKeyPolicy",                  { KeyId: "1" },                     "kms",                   "GetKeyPolicy"],
    ["efs.DescribeMountTargets",          { FileSystemId: "fs-1" },           "elasticfilesystem",     "GET /2015-02-01/mount-targets"],
    ["efs.DescribeFileSystemPolicy",      { FileSystemId: "fs-1/../x" },      "elasticfilesystem",     "GET /2015-02-01/file-systems/none/policy"],
    ["route53resolver.ListResolverRules", {},                                 "route53resolver",       "ListResolverRules"],
    ["route53resolver.ListFirewallRules", { FirewallRuleGroupId: "1" },       "route53resolver",       "ListFirewallRules"],
  ];
  for (const [operation, input, service, asked] of table)
    test(`${operation} is signed for ${service}`, async () => {
      answer = () => ({ body: {} });
      expect(await reads().read(operation, input)).toEqual({ kind: "answer", answer: {} });
      const [request] = stub.requests.slice(-1);
      expect(request?.action).toContain(asked);
      expect(request?.headers.authorization).toContain(`/us-east-1/${service}/aws4_request`);
    });

  test("Route 53's zones and records are read by REST, as the AWS CLI prints them", async () => {
    answer = () => ({
      headers: { "content-type": "text/xml" },
      body: "<R><HostedZoneSummaries><HostedZoneSummary><HostedZoneId>Z1</HostedZoneId><Name>a.example.</Name><Owner><OwningAccount>123456789012</OwningAccount></Owner></HostedZoneSummary></HostedZoneSummaries><MaxItems>100</MaxItems></R>",
    });
    const zones = await reads().read("route53.ListHostedZonesByVPC", {
      VPCId: "vpc-1",
      VPCRegion: "us-east-1",
    });
    expect(zones).toMatchObject({
      answer: {
        HostedZoneSummaries: [
          { HostedZoneId: "Z1", Name: "a.example.", Owner: { OwningAccount: "123456789012" } },
        ],
      },
    });
    expect(stub.requests.at(-1)?.query.get("vpcid")).toBe("vpc-1");
    expect(stub.requests.at(-1)?.headers.authorization).toContain("/us-east-1/route53/aws4_request");
    answer = () => ({
      headers: { "content-type": "text/xml" },
      body: "<R><ResourceRecordSets><ResourceRecordSet><Name>b.a.example.</Name><Type>A</Type><ResourceRecords><ResourceRecord><Value>10.0.0.1</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></ResourceRecordSets><IsTruncated>false</IsTruncated></R>",
    });
    expect(await reads().read("route53.ListResourceRecordSets", { HostedZoneId: "Z1" })).toMatchObject({
      answer: {
        ResourceRecordSets: [{ Name: "b.a.example.", Type: "A", ResourceRecords: [{ Value: "10.0.0.1" }] }],
      },
    });
    answer = () => ({
      status: 404,
      headers: { "content-type": "text/xml" },
      body: "<ErrorResponse><Error><Code>NoSuchHostedZone</Code><Message>none</Message></Error></ErrorResponse>",
    });
    expect((await reads().read("route53.ListResourceRecordSets", { HostedZoneId: "Z2" })).kind).toBe(
      "absent",
    );
  });

  test("the load balancer's is a form, and its XML is read as the AWS CLI prints it", async () => {
    const xml = (inside: string) => `<R xmlns="x">${inside}</R>`;
    answer = () => ({
      headers: { "content-type": "text/xml" },
      body: xml(
        "<DescribeTargetHealthResult><TargetHealthDescriptions><member><TargetHealth><State>unhealthy</State><Reason>Target.Timeout</Reason><Description>a &lt;b&gt; &amp; c</Description></TargetHealth></member></TargetHealthDescriptions></DescribeTargetHealthResult>",
      ),
    });
    expect(await reads().read("elbv2.DescribeTargetHealth", { TargetGroupArn: "arn:x" })).toEqual({
      kind: "answer",
      answer: {
        TargetHealthDescriptions: [
          { TargetHealth: { State: "unhealthy", Reason: "Target.Timeout", Description: "a <b> & c" } },
        ],
      },
    });
    const [request] = stub.requests.slice(-1);
    expect(request?.headers.authorization).toContain("/us-east-1/elasticloadbalancing/aws4_request");
    const error = (Code: string) => ({
      status: Code === "AccessDenied" ? 403 : 400,
      headers: { "content-type": "text/xml" },
      body: xml(`<Error><Type>Sender</Type><Code>${Code}</Code><Message>no</Message></Error>`),
    });
    answer = () => error("TargetGroupNotFound");
    expect((await reads().read("elbv2.DescribeTargetHealth", { TargetGroupArn: "arn:x" })).kind).toBe(
      "absent",
    );
    answer = () => error("AccessDenied");
    expect(await reads().read("elbv2.DescribeTargetHealth", { TargetGroupArn: "arn:x" })).toMatchObject({
      kind: "unread",
      because: "may not call elasticloadbalancing:DescribeTargetHealth",
    });
  });
});

describe("the rights", () => {
  test("are those of the calls that the code can send", () => {
    const sources = ["adapters/ecs/task-networks", "client/network-egress", "client/caller-identity"].map(
      (name) =>
        withoutComments(
          readFileSync(new URL(["../../../src/aws/", name, ".ts"].join(""), import.meta.url), "utf8"),
        ),
    );
    const used = sources.flatMap((text) =>
      [...text.matchAll(/"((?:ec2|sts):[A-Z]\w+)"/g)].map(([, action = ""]) => action),
    );
    expect(DIAGNOSE_RIGHTS).toEqual(
      [...new Set([...used, ...Object.values(OPERATIONS), CONFIG_RIGHT])].toSorted(),
    );
  });

  test("only read, and are printed as a policy", () => {
    for (const action of JSON.parse(permissions(DIAGNOSE_RIGHTS, false)).Statement[0].Action)
      expect(action).toMatch(
        /:(?:Describe|List|Simulate|BatchGetImage$|GetDownloadUrlForLayer$|Get\w*Policy$|GetInstanceProfile$|GetManagedPrefixListEntries|GetRole$|GetCallerIdentity)/,
      );
  });

  test("are all in the page about it", () => {
    const page = readFileSync(new URL("../../../docs/diagnose.md", import.meta.url), "utf8");
    for (const action of DIAGNOSE_RIGHTS) expect(page).toContain(`\`${action}\``);
  });
});
