/** What is asked of roles and networks before a substitute is used, and what the failure itself shows. */

import { describe, expect, test } from "vitest";
import type { NetworkFacts, Unread } from "../../../../src/network/facts.ts";
import type { ContainerInstance, Roles } from "../../../../src/remediation/ports/ports.ts";
import { preflight } from "../../../../src/remediation/survey/probe/preflight.ts";
import {
  answeredHosts,
  type PullIdentity,
  provesInternet,
} from "../../../../src/remediation/survey/probe/pull-identity.ts";
import type { Candidate, Check } from "../../../../src/substitution/candidate.ts";
import {
  type Change,
  face,
  gateway,
  LOCAL,
  networkOf,
  PUBLIC_ROUTES,
  S3_ROUTE,
} from "../../../network/network-of.ts";

const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const PUBLIC = "public.ecr.aws/docker/library/nginx:1.25";
const COPY = `${ECR}/repull/docker.io/library/nginx:1.25`;
const SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hub-AbCdEf";
const PROFILE = "arn:aws:iam::123456789012:instance-profile/nodes";
const role = (name: string) => `arn:aws:iam::123456789012:role/${name}`;

const NO_WAY: Change = { routes: [LOCAL] };
const ALL: Change = { routes: [LOCAL, S3_ROUTE], endpoints: [face("ecr.api"), face("ecr.dkr"), gateway()] };

const FARGATE: PullIdentity = {
  launchType: "FARGATE",
  clusterArn: "arn:aws:ecs:us-east-1:123456789012:cluster/prod",
  executionRole: role("execution"),
  pullsByExecutionRole: false,
  network: { subnets: ["subnet-task"], securityGroups: ["sg-task"], assignPublicIp: false },
  answered: [],
  reached: "the task that failed did reach docker.io",
  reachesInternet: false,
};
const EC2: PullIdentity = { ...FARGATE, launchType: "EC2", executionRole: undefined };

type Account = {
  readonly network?: Change;
  readonly instances?: readonly ContainerInstance[] | Unread;
  /** Roles that may not pull. */
  readonly denied?: readonly string[];
  readonly profile?: Awaited<ReturnType<Roles["ofInstanceProfile"]>>;
};

async function checksOf(
  { image, secret }: Pick<Candidate, "image" | "secret">,
  puller: PullIdentity,
  { network = {}, instances = [], denied = [], profile }: Account,
): Promise<readonly Check[]> {
  const facts = (sources: NetworkFacts["sources"]) => ({ ...networkOf(network), sources });
  return await preflight(
    { strategy: "ecr-public", image, samePublisher: true, ...(secret === undefined ? {} : { secret }) },
    puller,
    {
      location: { account: "123456789012", region: "us-east-1", partition: "aws" },
      roles: {
        simulate: async (name, actions) =>
          denied.includes(name) ? { kind: "refused", action: actions[0] ?? "" } : { kind: "allowed" },
        ofInstanceProfile: async (asked) =>
          profile ?? { kind: "known", role: asked.replace("instance-profile", "role") },
        keyOfSecret: async () => ({ kind: "known", key: undefined }),
      },
      networks: {
        describe: async (sources) => facts(sources),
        egress: async () => facts([]),
        instances: async () => instances,
      },
    },
  );
}

const instance = (profile: string | undefined, more: Partial<ContainerInstance["source"]> = {}) => ({
  source: {
    subnet: "subnet-task",
    securityGroups: ["sg-task"],
    hasPublicAddress: false,
    ...more,
  },
  ...(profile === undefined ? {} : { profile }),
});

describe("the network check of a place", () => {
  const proved: PullIdentity = { ...FARGATE, reachesInternet: true, answered: ["registry-1.docker.io"] };
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [because: string, image: string, network: Change, puller: PullIdentity, Check["result"]])[] = [
    ["passes where a way leads to the internet",                PUBLIC, {},                                       FARGATE, "passed"],
    ["passes where endpoints lead to ECR",                      COPY,   ALL,                                      FARGATE, "passed"],
    ["fails where no way leads out",                            PUBLIC, ALL,                                      FARGATE, "failed"],
    ["fails where an endpoint of ECR is missing",               COPY,   { ...ALL, endpoints: [face("ecr.api"), gateway()] }, FARGATE, "failed"],
    ["fails where S3's gateway is on another table",            COPY,   { ...ALL, endpoints: [face("ecr.api"), face("ecr.dkr"), gateway({ routeTables: [] })] }, FARGATE, "failed"],
    ["fails without a public address at an internet gateway",   PUBLIC, { routes: PUBLIC_ROUTES },                FARGATE, "failed"],
    ["fails where an endpoint lets the tasks not in",           COPY,   { ...ALL, ingress: [] },                  FARGATE, "failed"],
    ["fails there although the failure itself proves a way to Docker Hub", COPY,   { ...ALL, ingress: [] },                  proved,  "failed"],
    ["says nothing against the failure's own proof",            PUBLIC, ALL,                                      proved,  "not checked"],
    ["says nothing against it of ECR either",                   COPY,   NO_WAY,                                   proved,  "not checked"],
    ["passes with that proof, too",                           COPY,   ALL,                                      proved,  "passed"],
    ["says nothing where a fact may not be read",               COPY,   { ...ALL, unread: ["networkAcls"] },      FARGATE, "not checked"],
    ["says nothing of a service that names no subnets",         COPY,   ALL,                                      { ...FARGATE, network: undefined }, "not checked"],
  ];
  for (const [because, image, network, puller, result] of table) {
    test(because, async () => {
      const checks = await checksOf({ image }, puller, { network });
      expect(checks.find(({ what }) => what === "network")).toMatchObject({ result });
    });
  }

  test("names every endpoint of ECR that is missing", async () => {
    const checks = await checksOf({ image: COPY }, FARGATE, { network: NO_WAY });
    for (const name of ["ecr.api", "ecr.dkr", "s3"])
      expect(checks.find(({ what }) => what === "network")?.because).toContain(name);
  });

  test("names the permission that is missing", async () => {
    const checks = await checksOf({ image: COPY }, FARGATE, { network: { unread: ["subnets"] } });
    expect(checks.find(({ what }) => what === "network")?.because).toContain("ec2:Describe");
  });

  test("is of the instances on EC2, whatever the subnets of the task", async () => {
    const stray = { ...EC2, network: { subnets: ["subnet-other"], assignPublicIp: false } };
    const checks = await checksOf({ image: PUBLIC }, stray, { instances: [instance(PROFILE)] });
    expect(checks.find(({ what }) => what === "network")).toMatchObject({ result: "passed" });
  });

  test("fails where the tasks do not reach the secret of their login", async () => {
    const network = { ...ALL, endpoints: [face("secretsmanager", { state: "failed" })] };
    const checks = await checksOf({ image: "docker.io/acme/web:1", secret: SECRET }, FARGATE, { network });
    expect(checks).toMatchObject([
      { what: "secret", result: "passed" },
      { what: "network", result: "failed" },
    ]);
  });
});

describe("the check of who pulls from ECR", () => {
  const withRole: PullIdentity = { ...EC2, executionRole: role("execution") };
  const byExecution: PullIdentity = { ...withRole, pullsByExecutionRole: true };
  const one = [instance(PROFILE)];
  const two = [instance(PROFILE), instance(PROFILE.replace("nodes", "others"))];
  const nodes = role("nodes");
  const execution = role("execution");
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [because: string, puller: PullIdentity, account: Account, Check["result"], names: string])[] = [
    ["is of the execution role on Fargate",                       FARGATE,     { denied: [execution] },                    "failed",      "execution"],
    ["fails on Fargate without one",                              { ...FARGATE, executionRole: undefined }, {},             "failed",      "without an execution role"],
    ["is of the instance's role on EC2",                          EC2,         { instances: one, denied: [nodes] },        "failed",      "nodes"],
    ["passes where the instance's role may pull",                 EC2,         { instances: one },                         "passed",      "nodes"],
    ["is of the execution role on EC2, where ECS says so",        byExecution, { instances: one, denied: [nodes] },        "passed",      "execution"],
    ["passes on EC2 where both roles may pull",                   withRole,    { instances: one },                         "passed",      "nodes"],
    ["fails on EC2 where neither may",                            withRole,    { instances: one, denied: [nodes, execution] }, "failed",  "nodes"],
    ["is open on EC2 where one of both may",                      withRole,    { instances: one, denied: [nodes] },        "not checked", "execution"],
    ["is open where the instances have several profiles, and one may not", EC2, { instances: two, denied: [nodes] },       "not checked", "nodes"],
    ["fails where no profile may pull",                           EC2,         { instances: two, denied: [nodes, role("others")] }, "failed", "nodes"],
    ["fails where the profile has no role",                       EC2,         { instances: one, profile: { kind: "known", role: undefined } }, "failed", "nodes"],
    ["is open where the profile may not be read",                 EC2,         { instances: one, profile: { kind: "unknown", because: "iam:GetInstanceProfile: no" } }, "not checked", "iam:GetInstanceProfile"],
    ["is open where the instances may not be read",               EC2,         { instances: { unread: "ec2:DescribeInstances", because: "ec2:DescribeInstances: no" } }, "not checked", "ec2:DescribeInstances"],
    ["is open where the cluster has no instance in EC2",          EC2,         {},                                         "not checked", "container instance"],
  ];
  for (const [because, puller, account, result, names] of table) {
    test(because, async () => {
      const [check] = await checksOf({ image: COPY }, puller, account);
      expect(check).toMatchObject({ what: "role", result, because: expect.stringContaining(names) });
    });
  }
});

describe("the hosts that a failure shows to have answered", () => {
  const limit = { kind: "docker-hub-pull-limit", confidence: "certain", registry: "docker.io" } as const;
  const at = (image: string, more: object = {}) => ({
    failures: [{ image, classification: { ...limit, evidence: [], because: "", ...more } }] as const,
  });
  // biome-ignore format: a table is read by its columns
  const table = [
    ["Docker Hub's, by any of its names",  at("nginx:1.25"),                                                                  ["registry-1.docker.io", "auth.docker.io"]],
    ["another registry's",                 at("quay.io/a/b:1", { kind: "registry-limit", registry: "quay.io" }),              ["quay.io"]],
    ["none, behind a cache of ECR",        at(`${ECR}/hub/library/nginx:1.25`),                                               []],
    ["none, where it is not certain",      at("nginx:1.25", { confidence: "likely" }),                                        []],
    ["none, where it is only foreseen",    { ...at("nginx:1.25"), preemptive: true as const },                                  []],
  ] as const;
  for (const [what, failure, hosts] of table) {
    test(what, () => {
      const found = answeredHosts(failure);
      expect(found).toEqual(hosts.length === 0 ? [] : expect.arrayContaining([...hosts]));
    });
  }
});

describe("whether a failure proves that its tasks reach the internet", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["Docker Hub's own limit",                     { kind: "docker-hub-pull-limit", confidence: "certain", registry: "docker.io" },      "nginx:1.25",                     true],
    ["Docker Hub's limit on requests",             { kind: "docker-hub-abuse-limit", confidence: "certain", registry: "docker.io" },     "nginx:1.25",                     true],
    ["Docker Hub's limit under another name",      { kind: "docker-hub-pull-limit", confidence: "certain", registry: "docker.io" },      "docker.n8n.io/n8nio/n8n:1",      true],
    ["ECR Public's limit",                         { kind: "registry-limit", confidence: "certain", registry: "public.ecr.aws" },        PUBLIC,                           true],
    ["a text that was cut off",                    { kind: "docker-hub-pull-limit", confidence: "likely", registry: "docker.io" },       "nginx:1.25",                     false],
    ["Docker Hub's limit that a cache of ECR met", { kind: "docker-hub-pull-limit", confidence: "certain", registry: "docker.io" },      `${ECR}/hub/library/nginx:1.25`,  false],
    ["the limit of a company's own registry",      { kind: "registry-limit", confidence: "certain", registry: "registry.corp.example" }, "registry.corp.example/nginx:1",  false],
    ["no answer of Docker Hub",                    { kind: "network", confidence: "certain", registry: "docker.io" },                    "nginx:1.25",                     false],
  ] as const;
  for (const [what, reading, image, proves] of table) {
    const classification = { ...reading, evidence: [], because: "" };
    test(`${what} ${proves ? "proves" : "does not prove"} it`, () => {
      expect(provesInternet({ failures: [{ image, classification }] })).toBe(proves);
    });
  }

  test("a failure that is only foreseen does not prove it", () => {
    const classification = {
      kind: "docker-hub-pull-limit",
      confidence: "certain",
      registry: "docker.io",
      evidence: [],
      because: "",
    } as const;
    expect(provesInternet({ failures: [{ classification }], preemptive: true })).toBe(false);
  });
});
