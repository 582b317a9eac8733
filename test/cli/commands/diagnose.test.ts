/** `repull diagnose` over recorded answers: public stories of networks, images and roles, and what it does with bad input. */

import { describe, expect, test } from "vitest";
import { targetOf } from "../../../src/cli/account/find-failed-start.ts";
import { type DiagnoseInput, diagnose } from "../../../src/cli/commands/diagnose.ts";
import { InvalidInput } from "../../../src/image/invalid-input.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";

const BASE: DiagnoseInput = { targets: [], offline: true, rights: false, json: true };
const ACCOUNT = "123456789012";
const IMAGE = `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/web:1`;
const DIGEST = `sha256:${"5d".repeat(32)}`;

type Facts = Readonly<Record<string, JsonObject>>;
type Found = {
  readonly verdict: string;
  readonly causes: readonly {
    readonly code: string;
    readonly certainty: string;
    readonly proof: JsonObject | null;
    readonly remedy: { readonly code: string; readonly command?: readonly string[] };
  }[];
  readonly checks: readonly { readonly id: string; readonly result: string; readonly permission?: string }[];
};

async function run(document: JsonObject, facts: Facts = {}, input: Partial<DiagnoseInput> = {}) {
  const files = Object.fromEntries(
    Object.entries(facts).map(([name, answer]) => [`facts/${name}.json`, JSON.stringify(answer)]),
  );
  const io = commandIo({ "task.json": JSON.stringify(document), ...files });
  const given = Object.keys(facts).length === 0 ? {} : { facts: "facts" };
  const status = await diagnose({ ...BASE, targets: ["task.json"], ...given, ...input }, io);
  return {
    status,
    found: (input.json === false ? [] : objectsIn(io.printed.out)) as unknown as readonly Found[],
    io,
  };
}

const task = (stoppedReason: string, more: JsonObject = {}): JsonObject => ({
  tasks: [
    {
      taskArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:task/prod/8a8bb7cd343aa2ad99b7d762030857a2`,
      clusterArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:cluster/prod`,
      taskDefinitionArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:task-definition/web:7`,
      group: "service:web",
      startedBy: "ecs-svc/1",
      launchType: "FARGATE",
      stopCode: "TaskFailedToStart",
      attachments: [{ type: "ElasticNetworkInterface", details: [{ name: "subnetId", value: "subnet-1" }] }],
      containers: [{ name: "web", image: IMAGE }],
      stoppedReason,
      ...more,
    },
  ],
});
const service = (assignPublicIp: string, more: JsonObject = {}): Facts => ({
  "ecs.DescribeServices": {
    services: [
      {
        serviceName: "web",
        launchType: "FARGATE",
        taskDefinition: "web:7",
        networkConfiguration: {
          awsvpcConfiguration: { subnets: ["subnet-1"], securityGroups: ["sg-task"], assignPublicIp },
        },
        ...more,
      },
    ],
  },
});
const definition = (container: JsonObject = {}, more: JsonObject = {}): Facts => ({
  "ecs.DescribeTaskDefinition": {
    taskDefinition: {
      executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/web-execution`,
      containerDefinitions: [{ name: "web", image: IMAGE, ...container }],
      ...more,
    },
  },
});

type Network = {
  readonly routes?: readonly JsonObject[];
  readonly egress?: readonly JsonObject[];
  readonly endpoints?: readonly JsonObject[];
  readonly hostnames?: boolean;
  readonly free?: number;
};
const ALL_OUT = { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
const LOCAL = { DestinationCidrBlock: "10.42.0.0/16", GatewayId: "local", State: "active" };
const to = (target: JsonObject, State = "active") => ({
  DestinationCidrBlock: "0.0.0.0/0",
  ...target,
  State,
});
const endpoint = (service: string, more: JsonObject = {}): JsonObject => ({
  VpcEndpointId: `vpce-${service}`,
  VpcId: "vpc-1",
  ServiceName: `com.amazonaws.us-east-1.${service}`,
  VpcEndpointType: "Interface",
  State: "available",
  PrivateDnsEnabled: true,
  SubnetIds: ["subnet-1"],
  Groups: [{ GroupId: "sg-endpoint" }],
  ...more,
});
const S3 = endpoint("s3", {
  VpcEndpointType: "Gateway",
  SubnetIds: [],
  Groups: [],
  RouteTableIds: ["rtb-1"],
  PrivateDnsEnabled: false,
});
const TO_S3 = { DestinationPrefixListId: "pl-s3", GatewayId: "vpce-s3", State: "active" };
const anyEntry = (Egress: boolean) => ({
  RuleNumber: 100,
  Protocol: "-1",
  RuleAction: "allow",
  Egress,
  CidrBlock: "0.0.0.0/0",
});

function network({
  routes = [],
  egress = [ALL_OUT],
  endpoints = [],
  hostnames = true,
  free = 20,
}: Network): Facts {
  const ingress = [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "10.42.0.0/16" }] }];
  const group = (
    GroupId: string,
    IpPermissions: readonly JsonObject[],
    IpPermissionsEgress: readonly JsonObject[],
  ) => ({
    GroupId,
    GroupName: GroupId,
    VpcId: "vpc-1",
    IpPermissions,
    IpPermissionsEgress,
  });
  return {
    "ec2.DescribeSubnets": {
      Subnets: [
        {
          SubnetId: "subnet-1",
          VpcId: "vpc-1",
          OwnerId: ACCOUNT,
          CidrBlock: "10.42.1.0/24",
          AvailabilityZoneId: "use1-az1",
          AvailableIpAddressCount: free,
        },
      ],
    },
    "ec2.DescribeRouteTables": {
      RouteTables: [
        { RouteTableId: "rtb-1", VpcId: "vpc-1", Associations: [{ Main: true }], Routes: [LOCAL, ...routes] },
      ],
    },
    "ec2.DescribeSecurityGroups": {
      SecurityGroups: [group("sg-task", [], egress), group("sg-endpoint", ingress, [ALL_OUT])],
    },
    "ec2.DescribeVpcEndpoints": { VpcEndpoints: endpoints },
    "ec2.DescribeNatGateways": { NatGateways: [] },
    "ec2.DescribeNetworkAcls": {
      NetworkAcls: [
        {
          NetworkAclId: "acl-1",
          Associations: [{ SubnetId: "subnet-1" }],
          Entries: [anyEntry(true), anyEntry(false)],
        },
      ],
    },
    "ec2.DescribeVpcAttribute": {
      VpcId: "vpc-1",
      EnableDnsSupport: { Value: true },
      EnableDnsHostnames: { Value: hostnames },
    },
    "ec2.GetManagedPrefixListEntries": {
      Entries: [{ Cidr: "52.219.0.0/16" }, { Cidr: "16.15.0.0/16" }, { Cidr: "3.5.0.0/16" }],
    },
  };
}

const ECR_ENDPOINTS = [endpoint("ecr.api"), endpoint("ecr.dkr")];
const layer = (address: string) =>
  task(
    `CannotPullContainerError: The task cannot pull ${IMAGE} from the registry ${IMAGE}. There is a connection issue between the task and the registry. : failed to copy: httpReadSeeker: failed open: failed to do request: Get ${IMAGE}: dial tcp ${address}:443: i/o timeout`,
  );
const login = (address: string) =>
  task(
    `ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: Post "https://api.ecr.us-east-1.amazonaws.com/": dial tcp ${address}:443: i/o timeout`,
  );
const toEndpoints = {
  IpProtocol: "tcp",
  FromPort: 443,
  ToPort: 443,
  UserIdGroupPairs: [{ GroupId: "sg-endpoint" }],
};

describe("a network that is in the way is proved by the fact that closes it", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [story: string, document: JsonObject, facts: Facts, cause: string, check: string, names: string])[] = [
    ["the group lets nothing out to S3's prefix list",   layer("52.219.41.3"),   { ...service("DISABLED"), ...network({ routes: [TO_S3], endpoints: [...ECR_ENDPOINTS, S3], egress: [toEndpoints] }) }, "sg-egress-lacks-s3-prefix-list",  "net.sg.egress-prefix-list", "pl-s3"],
    ["no gateway endpoint for S3, and no way out",       layer("16.15.180.104"), { ...service("DISABLED"), ...network({ endpoints: ECR_ENDPOINTS }) },                                                   "s3-gateway-endpoint-missing",     "net.subnet.route",          "rtb-1"],
    ["a public subnet, and no public address",           layer("3.5.149.131"),   { ...service("DISABLED"), ...network({ routes: [to({ GatewayId: "igw-1" })] }) },                                         "public-subnet-without-public-ip", "net.task.public-ip",        "subnet-1"],
    ["the group lets nothing out to the endpoint",       login("10.42.1.15"),    { ...service("DISABLED"), ...network({ endpoints: ECR_ENDPOINTS, egress: [] }) },                                        "sg-egress-blocks-endpoint",       "net.sg.egress",             "sg-endpoint"],
    ["the NAT gateway is gone",                          login("44.213.79.86"),  { ...service("DISABLED"), ...network({ routes: [to({ NatGatewayId: "nat-1" }, "blackhole")] }) },                         "route-is-blackhole",              "net.subnet.route",          "rtb-1"],
    ["the VPC gives no host names",                      task('unable to retrieve ecr registry auth: Post "https://api.ecr.us-east-1.amazonaws.com/": context deadline exceeded'), { ...service("DISABLED"), ...network({ endpoints: ECR_ENDPOINTS, hostnames: false }) }, "vpc-dns-attributes-off", "net.dns.vpc-attributes", "vpc-1"],
    ["neither endpoint nor way out",                     task("ResourceInitializationError: failed to validate logger args::signal:killed"), { ...service("DISABLED"), ...network({}) },                                "no-way-to-cloudwatch-logs",       "net.endpoint.logs",         "vpc-1"],
  ];
  for (const [story, document, facts, cause, check, names] of table)
    test(`${story}: ${cause}`, async () => {
      const { status, found } = await run(document, facts);
      const [first] = found[0]?.causes ?? [];
      expect(first).toMatchObject({ code: cause, certainty: "proved", proof: { by: "check", check } });
      expect(JSON.stringify(first?.remedy)).toContain(names);
      expect(status).toBe(1);
    });

  test("a way that is open today proves none of its causes, and is not good news either", async () => {
    const open = { ...service("ENABLED"), ...network({ routes: [to({ GatewayId: "igw-1" })] }) };
    const { status, found } = await run(login("44.213.79.86"), open);
    expect(found[0]?.causes.map(({ code, proof }) => [code, proof])).toEqual([["no-way-to-ecr-api", null]]);
    expect(status).toBe(5);
  });

  test("a public address is given to all subnets and groups of the service, for the command replaces them", async () => {
    const facts = { ...service("DISABLED"), ...network({ routes: [to({ GatewayId: "igw-1" })] }) };
    const { found } = await run(layer("3.5.149.131"), facts);
    expect(found[0]?.causes[0]?.remedy.command?.join(" ")).toContain(
      "subnets=[subnet-1],securityGroups=[sg-task],assignPublicIp=ENABLED",
    );
  });

  test("does not call a subnet private when the task's public address was not recorded", async () => {
    const { found } = await run(login("44.213.79.86"), network({ routes: [to({ GatewayId: "igw-1" })] }));
    expect(found[0]?.causes.every(({ proof }) => proof === null)).toBe(true);
  });
});

describe("what the account shows of an image, a role, a secret, a log group", () => {
  const forbidden = task(
    `CannotPullContainerError: failed to resolve ref ${IMAGE}@${DIGEST}: unexpected status from HEAD request to https://x/v2/web/blobs/${DIGEST}: 403 Forbidden`,
    { containers: [{ name: "web", image: `${IMAGE}@${DIGEST}` }] },
  );
  const missing = task(`CannotPullContainerError: failed to resolve ref ${IMAGE}: not found.`);
  const refused = task(
    `CannotPullContainerError: failed to resolve ref ${IMAGE}: pulling from host ${IMAGE.split("/")[0]} failed with status code [manifests 1]: 403 Forbidden`,
  );
  const secretArn = `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:app/db`;
  const timeOut = task(
    "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db from secrets manager: RequestCanceled: request context canceled caused by: context deadline exceeded",
  );
  const images = (...imageDetails: JsonObject[]): Facts => ({ "ecr.DescribeImages": { imageDetails } });
  const error = (Code: string): JsonObject => ({ Error: { Code, Message: "none" } });
  const denied = {
    "iam.SimulatePrincipalPolicy": {
      EvaluationResults: [
        { EvalActionName: "ecr:BatchGetImage", EvalDecision: "implicitDeny" },
        { EvalActionName: "ecr:GetAuthorizationToken", EvalDecision: "allowed" },
      ],
    },
  };
  const allowed = {
    "iam.SimulatePrincipalPolicy": {
      EvaluationResults: [
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetAuthorizationToken",
        "secretsmanager:GetSecretValue",
      ].map((EvalActionName) => ({ EvalActionName, EvalDecision: "allowed" })),
    },
  };
  const context = {
    "iam.SimulatePrincipalPolicy": {
      EvaluationResults: [
        {
          EvalActionName: "ecr:BatchGetImage",
          EvalDecision: "implicitDeny",
          MissingContextValues: ["aws:SourceVpce"],
        },
        { EvalActionName: "ecr:GetAuthorizationToken", EvalDecision: "allowed" },
      ],
    },
  };
  const trust = (Service: string): Facts => ({
    "iam.GetRole": {
      Role: {
        AssumeRolePolicyDocument: encodeURIComponent(
          JSON.stringify({ Statement: [{ Principal: { Service } }] }),
        ),
      },
    },
  });
  const secrets = definition({ secrets: [{ name: "DB", valueFrom: `${secretArn}:password::` }] });
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [story: string, document: JsonObject, facts: Facts, cause: string, certainty: string])[] = [
    ["the deployment's digest is gone",            forbidden,  { ...definition(), ...images({ imageDigest: "sha256:other", imageTags: ["1"] }) },   "digest-of-deployment-gone", "proved"],
    ["ECR knows no image of that digest",          forbidden,  { ...definition(), "ecr.DescribeImages": error("ImageNotFoundException") },           "digest-of-deployment-gone", "proved"],
    ["the tag was never pushed",                   missing,    { ...definition(), ...images({ imageTags: ["2"], imagePushedAt: 2 }) },               "tag-not-in-repository",     "proved"],
    ["the repository is not there",                missing,    { ...definition(), "ecr.DescribeImages": error("RepositoryNotFoundException") },      "repository-missing",        "proved"],
    ["the image is archived",                      missing,    { ...definition(), ...images({ imageTags: ["1"], imageStatus: "ARCHIVED" }) },        "image-archived",            "proved"],
    ["the role's policies lack the pull",          refused,    { ...definition(), ...images({ imageTags: ["1"] }), ...denied },                      "role-may-not-pull",         "proved"],
    ["the role's right hangs on a context",        refused,    { ...definition(), ...images({ imageTags: ["1"] }), ...context },                     "pull-denied",               "likely"],
    ["a time-out is the network's, not the name's", timeOut,   { ...secrets, ...service("DISABLED"), ...network({}), ...allowed, "secretsmanager.DescribeSecret": { ARN: `${secretArn}-AbCdEf` } }, "no-way-to-secrets-manager", "proved"],
    ["a role that trusts another service",         task("ECS was unable to assume the role 'arn:aws:iam::123456789012:role/web-execution' that was provided for this task."), { ...definition(), ...trust("ec2.amazonaws.com") }, "task-role-not-assumable", "proved"],
  ];
  for (const [story, document, facts, cause, certainty] of table)
    test(`${story}: ${cause}, ${certainty}`, async () => {
      const { found } = await run(document, facts);
      expect(found[0]?.causes[0]).toMatchObject({ code: cause, certainty });
    });

  test("what a role may do is not called a cause", async () => {
    const { found } = await run(refused, { ...definition(), ...images({ imageTags: ["1"] }), ...allowed });
    expect(found[0]?.causes.map(({ code }) => code)).not.toContain("role-may-not-pull");
  });

  test("a role of which IAM judged some actions only is neither cleared nor proved to be the cause", async () => {
    const some = {
      "iam.SimulatePrincipalPolicy": {
        EvaluationResults: [{ EvalActionName: "ecr:BatchGetImage", EvalDecision: "allowed" }],
      },
    };
    const { found } = await run(refused, { ...definition(), ...images({ imageTags: ["1"] }), ...some });
    expect(found[0]?.causes.find(({ code }) => code === "role-may-not-pull")).toMatchObject({
      certainty: "likely",
      proof: null,
    });
  });
});

describe("a service that has not failed", () => {
  const group = {
    logDriver: "awslogs",
    options: { "awslogs-group": "/ecs/web", "awslogs-region": "us-east-1" },
  };
  const well: Facts = {
    ...service("DISABLED"),
    ...definition({ logConfiguration: { logDriver: "json-file" } }),
    ...network({ routes: [TO_S3], endpoints: [...ECR_ENDPOINTS, endpoint("logs"), S3] }),
    "ecr.DescribeImages": { imageDetails: [{ imageTags: ["1"] }] },
    "iam.SimulatePrincipalPolicy": {
      EvaluationResults: ["ecr:BatchGetImage", "ecr:GetAuthorizationToken"].map((EvalActionName) => ({
        EvalActionName,
        EvalDecision: "allowed",
      })),
    },
    "iam.GetRole": {
      Role: {
        AssumeRolePolicyDocument: { Statement: [{ Principal: { Service: "ecs-tasks.amazonaws.com" } }] },
      },
    },
  };
  const asked = {
    services: [
      {
        serviceName: "web",
        clusterArn: "prod",
        taskDefinition: "web:7",
        events: [{ message: "(service web) has reached a steady state." }],
      },
    ],
  };
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [story: string, facts: Facts, status: number, cause: string | undefined])[] = [
    ["would start",                                    well,                                                                                           0, undefined],
    ["would find no log group",                        { ...well, ...definition({ logConfiguration: group }), "logs.DescribeLogGroups": { logGroups: [{ logGroupName: "/ecs/web-2" }] } }, 1, "log-group-missing"],
    ["would find no address",                          { ...well, ...network({ routes: [TO_S3], endpoints: [...ECR_ENDPOINTS, S3], free: 0 }) },       1, "subnet-out-of-addresses"],
    ["would find no image for its platform",           { ...well, "ecr.DescribeImages": { imageDetails: [{ imageTags: ["1"], imageDigest: DIGEST, imageManifestMediaType: "application/vnd.oci.image.index.v1+json" }] }, "ecr.BatchGetImage": { images: [{ imageId: { imageDigest: DIGEST }, imageManifest: JSON.stringify({ manifests: [{ platform: { os: "linux", architecture: "arm64" } }, { platform: { os: "unknown", architecture: "unknown" } }] }) }] } }, 1, "image-has-no-manifest-for-platform"],
    ["would have no role to pull with",                { ...well, ...definition({}, { executionRoleArn: "" }), "ecs.DescribeTaskDefinition": { taskDefinition: { containerDefinitions: [{ name: "web", image: IMAGE }] } } }, 1, "execution-role-missing"],
    ["is not known where nothing is recorded",           { "ecs.ListTasks": {} },                                                                        5, undefined],
  ];
  for (const [story, facts, status, cause] of table)
    test(story, async () => {
      const { status: ended, found } = await run(asked, facts);
      expect([ended, found[0]?.causes[0]?.code]).toEqual([status, cause]);
    });
});

describe("the name of a target", () => {
  const id = "8a8bb7cd343aa2ad99b7d762030857a2";
  // biome-ignore format: a table is read by its columns
  const table = [
    [id,                                                                                                     { kind: "task", name: id }],
    [`prod/${id}`,                                                                                           { kind: "task", name: id, cluster: "prod" }],
    ["8a8bb7cd-343a-42ad-99b7-d762030857a2",                                                                 { kind: "task", name: "8a8bb7cd-343a-42ad-99b7-d762030857a2" }],
    [`arn:aws:ecs:us-east-1:123456789012:task/prod/${id}`,                                                   { kind: "task", cluster: "prod" }],
    ["web",                                                                                                  { kind: "service", name: "web" }],
    ["prod/web",                                                                                             { kind: "service", name: "web", cluster: "prod" }],
    ["arn:aws:ecs:us-east-1:123456789012:service/prod/web",                                                  { kind: "service", name: "web", cluster: "prod" }],
    ["https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/web/tasks/8a8bb7cd343aa2ad99b7d762030857a2/configuration?region=us-east-1", { kind: "task", name: id, cluster: "prod" }],
    ["https://console.aws.amazon.com/ecs/v2/clusters/prod/services/web/health",                              { kind: "service", name: "web", cluster: "prod" }],
  ] as const;
  for (const [text, target] of table)
    test(text, () => expect(targetOf(text, undefined)).toMatchObject(target));

  for (const text of ["../etc", "a/b/c", "arn:aws:s3:::bucket", "x".repeat(300), "https://example.com/"])
    test(`${text.slice(0, 30)} is none`, () => expect(() => targetOf(text, undefined)).toThrow(InvalidInput));
});

describe("a service by its name, from recorded answers", () => {
  const stopped = (id: number, stoppedReason: string, stopCode = "TaskFailedToStart"): JsonObject => ({
    ...((task(stoppedReason).tasks as JsonObject[])[0] ?? {}),
    taskArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:task/prod/${id}`,
    stopCode,
    stoppedAt: id,
    desiredStatus: "STOPPED",
  });
  const tasks = [
    stopped(1, "ResourceInitializationError: did not contain json key A"),
    stopped(4, "Scaling activity initiated by (deployment ecs-svc/1)", "ServiceSchedulerInitiated"),
    stopped(3, "ResourceInitializationError: did not contain json key A"),
    stopped(2, "Timeout waiting for network interface provisioning to complete."),
  ];

  test("is diagnosed by its newest failed task, and counts the others with the same cause", async () => {
    const facts = {
      ...service("DISABLED"),
      "ecs.ListTasks": { taskArns: ["1", "2", "3", "4"] },
      "ecs.DescribeTasks": { tasks },
    };
    const { status, found } = await run({}, facts, { targets: ["prod/web"] });
    expect(status).toBe(1);
    expect(found[0]).toMatchObject({
      target: expect.stringMatching(/\/3$/),
      tasks: { failed: 3, alike: 2 },
      causes: [{ code: "json-key-not-in-secret" }],
    });
  });
});

describe("the exit status and the input of repull diagnose", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["words that prove a cause",       task("ResourceInitializationError: did not contain json key A"),  1],
    ["words that narrow it down",      login("44.213.79.86"),                                            5],
    ["unknown words",                  task("Something new went wrong"),                                 5],
  ] as const;
  for (const [what, document, status] of table)
    test(`${what}: ${status}`, async () => expect((await run(document)).status).toBe(status));

  test("a text is enough", async () => {
    const io = commandIo();
    expect(
      await diagnose({ ...BASE, text: "OutOfMemoryError: Container killed due to memory usage" }, io),
    ).toBe(1);
    expect(objectsIn(io.printed.out)[0]).toMatchObject({
      type: "diagnosis",
      causes: [{ code: "container-out-of-memory" }],
    });
  });

  test("what is carried by a queue is taken out", async () => {
    const event = {
      "detail-type": "ECS Task State Change",
      source: "aws.ecs",
      account: ACCOUNT,
      region: "us-east-1",
      detail: (task("did not contain json key A").tasks as JsonObject[])[0] ?? {},
    };
    const { found } = await run({ Records: [{ body: JSON.stringify(event) }] });
    expect(found[0]?.causes[0]?.code).toBe("json-key-not-in-secret");
  });

  // biome-ignore format: a table is read by its columns
  const bad: readonly (readonly [what: string, files: Record<string, string>, input: Partial<DiagnoseInput>])[] = [
    ["a file that is none",          {},                        { targets: ["nowhere.json"] }],
    ["JSON of something else",       { "a.json": '{"a":1}' },   { targets: ["a.json"] }],
    ["an empty file",                { "a.json": "" },          { targets: ["a.json"] }],
    ["a folder without answers",     { "a.json": "{}" },        { text: "x", facts: "nowhere" }],
    ["an answer that is not JSON",    { "f/ecs.DescribeTasks.json": "[" }, { text: "x", facts: "f" }],
  ];
  for (const [what, files, input] of bad)
    test(`${what} is named, and nothing is printed`, async () => {
      const io = commandIo(files);
      await expect(diagnose({ ...BASE, ...input }, io)).rejects.toThrow(InvalidInput);
      expect(io.printed.out).toBe("");
    });

  test("a container's last words, kept next to the task, say what it could not run", async () => {
    const ended = {
      taskArn: "arn",
      stopCode: "EssentialContainerExited",
      containers: [{ name: "web", exitCode: 255 }],
    };
    const { found } = await run({ task: ended, log: "exec /docker-entrypoint.sh: exec format error" });
    expect(found[0]?.causes[0]).toMatchObject({ code: "image-of-other-architecture", certainty: "proved" });
  });

  test("words of strangers begin no line of their own", async () => {
    const { io } = await run(task("Something\n\u001b[31mexit 0\nproved"), {}, { json: false });
    expect(io.printed.out).not.toMatch(/^\W*(?:exit 0|proved)/m);
    expect(io.printed.out.includes("\u001b")).toBe(false);
  });
});
