import { describe, expect, test } from "vitest";
import type { SubnetFacts } from "../../src/remediation/ports.ts";
import { type Puller, preflight, provesInternet } from "../../src/remediation/preflight.ts";
import type { Candidate, Check } from "../../src/substitution/candidate.ts";

const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const PUBLIC = "public.ecr.aws/docker/library/nginx:1.25";
const COPY = `${ECR}/repull/docker.io/library/nginx:1.25`;
const ALL = ["ecr.api", "ecr.dkr", "s3"];

async function network(
  image: string,
  facts: Pick<SubnetFacts, "route" | "endpoints">,
  puller: Partial<Puller>,
): Promise<Check | undefined> {
  const candidate: Candidate = { strategy: "public-mirror", image, samePublisher: true };
  const checks = await preflight(
    candidate,
    {
      launchType: "FARGATE",
      executionRole: "arn:aws:iam::123456789012:role/pulls",
      network: { subnets: ["subnet-a"], assignPublicIp: false },
      reached: "the task that failed did reach docker.io",
      reachesInternet: false,
      ...puller,
    },
    {
      home: { account: "123456789012", region: "us-east-1", partition: "aws" },
      roles: { mayDo: async () => ({ kind: "allowed" }) },
      networks: { describe: async () => ({ kind: "known", subnets: [{ subnet: "subnet-a", ...facts }] }) },
    },
  );
  return checks.find(({ what }) => what === "network");
}

describe("the network check of a place", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [because: string, image: string, route: SubnetFacts["route"], endpoints: readonly string[], proved: boolean, Check["result"]])[] = [
    ["passes where a way leads to the internet",                PUBLIC, "other", [],                   false, "passed"],
    ["passes where endpoints lead to ECR",                      COPY,   "none",  ALL,                  false, "passed"],
    ["fails where no way leads out",                            PUBLIC, "none",  ALL,                  false, "failed"],
    ["fails where an endpoint of ECR is missing",               COPY,   "none",  ["ecr.api", "s3"],    false, "failed"],
    ["fails without a public address at an internet gateway",   PUBLIC, "internet-gateway", [],        false, "failed"],
    ["says nothing against the failure's own proof",            PUBLIC, "none",  ALL,                  true,  "not checked"],
    ["says nothing against it of ECR either",                   COPY,   "none",  [],                   true,  "not checked"],
    ["passes beside that proof, too",                           COPY,   "none",  ALL,                  true,  "passed"],
  ];
  for (const [because, image, route, endpoints, reachesInternet, result] of table) {
    test(because, async () => {
      expect(await network(image, { route, endpoints }, { reachesInternet })).toMatchObject({ result });
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
    expect(provesInternet({ failures: [{ classification }], foreseen: true })).toBe(false);
  });
});
