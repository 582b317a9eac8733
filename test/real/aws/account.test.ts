/**
 * The account from Secrets Manager, against real servers: moto as AWS, a docker-registry that wants a password as Docker
 * Hub, another as ECR.
 */

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { probeCandidate } from "../../../src/assessment/probe/probe-candidate.ts";
import { createParameters } from "../../../src/aws/client/ssm-parameters.ts";
import { createPorts } from "../../../src/aws/create-ports.ts";
import { createRegistryAccess } from "../../../src/aws/registry/registry-access.ts";
import type { Digest } from "../../../src/image/digest.ts";
import { parseReference, pinToDigest } from "../../../src/image/reference.ts";
import { httpTransport } from "../../../src/oci/http/http-transport.ts";
import { mirror } from "../../../src/remediation/mirror/mirror-workflow.ts";
import type { Ports } from "../../../src/remediation/ports/ports.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { runInProcess } from "../../../src/runtime/in-process-steps.ts";
import { silentLog } from "../../../src/runtime/log.ts";
import type { Candidate } from "../../../src/substitution/candidate.ts";
import { DEFAULT_POLICY, policyFrom } from "../../../src/substitution/policy/policy.ts";
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, type Moto, startMoto } from "../../support/aws/moto.ts";
import { type DockerRegistry, startDockerRegistry } from "../../support/registries/docker-registry.ts";
import { OciLayout } from "../../support/registries/oci-layout.ts";

const run = promisify(execFile);
const REGION = "us-east-1";
const ECR = `${MOTO_ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com`;
// "ann" and "s3cret", bcrypt of cost 4: the registry computes it on every request.
const HTPASSWD = "ann:$2y$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG";
const USER = "ann";
const PASSWORD = "s3cret";

let folder: string;
let moto: Moto;
let hub: DockerRegistry;
let ecr: DockerRegistry;
let digest: Digest;

const aws = () => ({ region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS, attemptsMax: 1 });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-account-"));
  [moto, hub, ecr] = await Promise.all([
    startMoto(),
    startDockerRegistry({ htpasswd: HTPASSWD }),
    startDockerRegistry(),
  ]);
  const layout = new OciLayout(join(folder, "it"));
  const image = await layout.image({ os: "linux", architecture: "amd64" }, [20_000]);
  await layout.tag(image, "it");
  digest = image.digest as Digest;
  await run("skopeo", [
    "--insecure-policy",
    "copy",
    "--dest-tls-verify=false",
    "--dest-creds",
    `${USER}:${PASSWORD}`,
    `oci:${join(folder, "it")}:it`,
    `docker://${hub.host}/acme/web:1`,
  ]);
});
afterAll(async () => {
  await Promise.all([moto, hub, ecr].map((server) => server?.stop()));
  await rm(folder, { recursive: true, force: true });
});

async function secretWith(value: object): Promise<string> {
  const client = new SecretsManagerClient({
    region: REGION,
    endpoint: moto.url,
    credentials: MOTO_CREDENTIALS,
  });
  const { ARN } = await client.send(
    new CreateSecretCommand({
      Name: `ecr-pullthroughcache/hub-${Object.keys(value).join("-")}-${JSON.stringify(value).length}`,
      SecretString: JSON.stringify(value),
    }),
  );
  return ARN ?? "";
}

function portsWith(dockerHubSecret: string | undefined): Ports {
  const access = createRegistryAccess({
    aws: aws(),
    dockerHubSecret,
    account: MOTO_ACCOUNT,
    send: httpTransport(),
    clock: systemClock,
    endpoints: new Map(),
    mayReachPrivate: false,
    registries: {
      ...DEFAULT_POLICY.registries,
      endpoints: [
        { host: "registry-1.docker.io", url: hub.url, sendCredentials: true },
        { host: ECR, url: ecr.url, sendCredentials: true },
      ],
    },
  });
  const executions: Ports["executions"] = {
    functionName: (workflow) => `repull-${workflow}`,
    start: async () => "taken",
    status: async () => undefined,
  };
  return createPorts(
    { aws: aws(), account: MOTO_ACCOUNT },
    { ...access, executions, clock: systemClock, log: silentLog },
  );
}

const candidate: Candidate = {
  strategy: "mirror",
  image: `${ECR}/repull/docker.io/acme/web:1`,
  source: "docker.io/acme/web:1",
  samePublisher: false,
};

describe("an image that only the account may read", () => {
  for (const shape of [
    { username: USER, password: PASSWORD },
    { username: USER, accessToken: PASSWORD },
    { username: USER, password: PASSWORD, accessToken: PASSWORD },
  ]) {
    test(`is seen and copied with a secret of ${Object.keys(shape).join(", ")}`, async () => {
      const secret = await secretWith(shape);
      const ports = portsWith(secret);
      const policy = policyFrom(
        { REPULL_DOCKER_HUB_SECRET: secret },
        '{"registries":{"privateImages":["acme/*"]}}',
      );
      expect(
        await probeCandidate(candidate, { trusted: digest, platforms: [], mayCopyPrivate: true }, ports),
      ).toMatchObject({
        kind: "found",
        digest,
      });
      const path = `repull/docker.io/acme/web-${Object.keys(shape).length}${Object.keys(shape)[1]?.toLowerCase()}`;
      const request = { source: "docker.io/acme/web:1", digest, target: `${ECR}/${path}:1` };
      const copied = await runInProcess((steps) => mirror(request, ports, policy, steps), {
        clock: systemClock,
      });
      expect(copied).toMatchObject({ kind: "copied", digest });
      const there = await ports.registries.headManifest(
        pinToDigest(parseReference(`${ECR}/${path}`), digest),
      );
      expect(there?.digest).toBe(digest);
    });
  }

  test("is private, and not copied unless the policy allows it", async () => {
    const ports = portsWith(await secretWith({ username: USER, password: PASSWORD, note: "private" }));
    expect(await probeCandidate(candidate, { trusted: digest, platforms: [] }, ports)).toEqual({
      kind: "denied",
      code: "private-image",
      because: "it is private, and the policy does not let it be copied (registries.privateImages)",
    });
  });

  for (const [because, secret, words] of [
    ["whose password is wrong", () => secretWith({ username: USER, password: "wrong" }), /refuses the login/],
    ["that is none", () => secretWith({ user: USER }), /not a JSON object with username and password/],
    [
      "that is not there",
      async () => `arn:aws:secretsmanager:${REGION}:${MOTO_ACCOUNT}:secret:absent-AbCdEf`,
      /secretsmanager:GetSecretValue: ResourceNotFoundException/,
    ],
  ] as const) {
    test(`is out of reach with a secret ${because}, and the reason names no password`, async () => {
      const seen = await probeCandidate(
        candidate,
        { trusted: digest, platforms: [] },
        portsWith(await secret()),
      );
      expect(seen).toMatchObject({ kind: "denied", because: expect.stringMatching(words) });
      expect(JSON.stringify(seen)).not.toContain(PASSWORD);
    });
  }
});

test("the policy document is read from Parameter Store, encrypted too", async () => {
  const client = new SSMClient({ region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS });
  const Value = '{"mode":"observe"}';
  for (const Type of ["String", "SecureString"] as const) {
    await client.send(new PutParameterCommand({ Name: `/repull/${Type}`, Type, Value }));
    const document = await createParameters(aws()).read(`/repull/${Type}`);
    expect(policyFrom({}, document).mode).toBe("observe");
  }
  await expect(createParameters(aws()).read("/repull/absent")).rejects.toMatchObject({ kind: "absent" });
});

test("what moto does not know, is not known: rules and rights hold nothing up", async () => {
  const { roles } = portsWith(undefined);
  const role = `arn:aws:iam::${MOTO_ACCOUNT}:role/web-execution`;
  expect((await roles.simulate(role, ["ecr:BatchGetImage"], "*")).kind).toBe("unknown");
});
