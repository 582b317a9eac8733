/** The scan over an account in moto: two clusters, more services than one page holds, told as text, JSON and roles. */

import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scan } from "../../src/cli/scan.ts";
import { DEFAULT_POLICY } from "../../src/substitution/policy.ts";
import { commandIo, objectsIn } from "../support/command-io.ts";
import { MOTO_CREDENTIALS, type Moto, startMoto } from "../support/moto.ts";

const REGION = "us-east-1";
const SERVICES = 120;
const IMAGES = ["nginx:1.25", "grafana/grafana:11", "public.ecr.aws/docker/library/redis:7"] as const;

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
  const ecs = new ECSClient({ region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS });
  for (const clusterName of ["prod", "dev"]) await ecs.send(new CreateClusterCommand({ clusterName }));
  for (const [index, image] of IMAGES.entries())
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: `family-${index}`,
        executionRoleArn: `arn:aws:iam::123456789012:role/execution-${index}`,
        containerDefinitions: [{ name: "web", image, memory: 64 }],
      }),
    );
  for (let index = 0; index < SERVICES; index += 1)
    await ecs.send(
      new CreateServiceCommand({
        cluster: index % 10 === 0 ? "dev" : "prod",
        serviceName: `service-${index}`,
        taskDefinition: `family-${index % IMAGES.length}`,
        desiredCount: 2,
        launchType: "EC2",
      }),
    );
});
afterAll(() => moto?.stop());

async function scanned(options: { json?: boolean; roles?: boolean; cluster?: string }) {
  const io = commandIo(
    {},
    {
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL: moto.url,
    },
  );
  const input = { json: false, roles: false, policy: DEFAULT_POLICY, ...options };
  // The SDK reads its credentials from the process, as it does for a person.
  process.env.AWS_ACCESS_KEY_ID ??= MOTO_CREDENTIALS.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY ??= MOTO_CREDENTIALS.secretAccessKey;
  expect(await scan(input, io)).toBe(0);
  return io.printed.out;
}

test("finds every service on a Docker Hub image in every cluster, and none of the others", async () => {
  const exposures = objectsIn(await scanned({ json: true }));
  expect(exposures).toHaveLength((SERVICES / 3) * 2);
  expect(new Set(exposures.map(({ cluster }) => cluster))).toEqual(new Set(["prod", "dev"]));
  expect(JSON.stringify(exposures)).not.toContain("redis");
  for (const exposure of exposures) expect(exposure).toMatchObject({ desiredCount: 2, anonymousPulls: 2 });
});

test("one cluster, by name", async () => {
  const exposures = objectsIn(await scanned({ json: true, cluster: "dev" }));
  expect(exposures.length).toBeGreaterThan(5);
  expect(new Set(exposures.map(({ cluster }) => cluster))).toEqual(new Set(["dev"]));
});

test("in words: a row each, and what replacing them all would take", async () => {
  const text = await scanned({});
  expect(text).toContain("80 of 120 services run images from Docker Hub, in 2 revisions.");
  expect(text).toMatch(/takes 160 anonymous pulls: 1\.6 times/);
  expect(text.split("\n").filter((line) => /^(?:prod|dev)\//.test(line))).toHaveLength(80);
});

test("the roles, as the stack's parameter takes them", async () => {
  expect(await scanned({ roles: true })).toBe(
    "arn:aws:iam::123456789012:role/execution-0,arn:aws:iam::123456789012:role/execution-1\n",
  );
});
