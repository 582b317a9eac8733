/** What IAM, Secrets Manager and Parameter Store answer, in the shapes of their documentation. */

import { strict as assert } from "node:assert";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createIamSimulator } from "../../../src/aws/adapters/iam-simulator.ts";
import { createParameters } from "../../../src/aws/client/ssm-parameters.ts";
import { createDockerHubCredentials, credentialsIn } from "../../../src/aws/registry/docker-hub-secret.ts";
import { parseReference } from "../../../src/image/reference.ts";
import { createRegistries } from "../../../src/oci/client/registries.ts";
import type { RegistryError } from "../../../src/oci/client/registry-error.ts";
import type { Send } from "../../../src/oci/http/transport.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { buildImage, seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import { createRegistry, type SandboxRegistry } from "../../../src/sandbox/registry/registry.ts";
import { createVirtualClock, type VirtualClock } from "../../../src/sandbox/virtual-clock.ts";
import {
  type AwsAnswer,
  type AwsRequest,
  type AwsStub,
  STUB_CREDENTIALS,
  startAwsStub,
} from "../../support/aws/aws-stub.ts";

const ROLE = "arn:aws:iam::123456789012:role/web-execution";
const SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hub-AbCdEf";

let stub: AwsStub;
let answer: (request: AwsRequest) => AwsAnswer;
beforeEach(async () => {
  stub = await startAwsStub((request) => answer(request));
});
afterEach(() => stub.stop());

const settings = () => ({
  region: "us-east-1",
  endpoint: stub.url,
  credentials: STUB_CREDENTIALS,
  attemptsMax: 1,
});
const xml = (body: string, status = 200): AwsAnswer => ({
  status,
  headers: { "content-type": "text/xml" },
  body,
});
const refusal = (code: string): AwsAnswer => ({ status: 400, body: { __type: code, message: "words" } });

describe("what a role may do", () => {
  const decided = (decisions: Readonly<Record<string, string>>) =>
    xml(
      `<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>${Object.entries(
        decisions,
      )
        .map(
          ([action, decision]) =>
            `<member><EvalActionName>${action}</EvalActionName><EvalDecision>${decision}</EvalDecision><EvalResourceName>*</EvalResourceName></member>`,
        )
        .join("")}</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`,
    );

  // biome-ignore format: a table is read by its columns
  const table = [
    ["allows when every action is allowed", { "a:One": "allowed", "a:Two": "allowed" },      { kind: "allowed" }],
    ["refuses an action that no policy allows", { "a:One": "allowed", "a:Two": "implicitDeny" }, { kind: "refused", action: "a:Two" }],
    ["refuses an action that a policy denies", { "a:One": "explicitDeny", "a:Two": "allowed" }, { kind: "refused", action: "a:One" }],
    ["knows nothing of an action that IAM does not judge", { "a:One": "allowed" },                          { kind: "unknown", because: "IAM does not judge a:Two" }],
  ] as const;
  for (const [because, decisions, expected] of table) {
    test(because, async () => {
      answer = () => decided(decisions);
      expect(await createIamSimulator(settings()).simulate(ROLE, ["a:One", "a:Two"], "arn:x")).toEqual(
        expected,
      );
      expect(stub.requests[0]?.body).toMatchObject({
        Action: "SimulatePrincipalPolicy",
        PolicySourceArn: ROLE,
        "ActionNames.member.2": "a:Two",
        "ResourceArns.member.1": "arn:x",
      });
    });
  }

  test("is not known where Repull may not ask", async () => {
    answer = () =>
      xml(
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: iam:SimulatePrincipalPolicy</Message></Error></ErrorResponse>",
        403,
      );
    expect(await createIamSimulator(settings()).simulate(ROLE, ["a:One"], "*")).toMatchObject({
      kind: "unknown",
      because: expect.stringContaining("iam:SimulatePrincipalPolicy"),
    });
  });
});

describe("the role of an instance profile", () => {
  const PROFILE = "arn:aws:iam::123456789012:instance-profile/ecs/nodes";
  const told = (roles: string) =>
    xml(
      `<GetInstanceProfileResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetInstanceProfileResult><InstanceProfile><Path>/ecs/</Path><InstanceProfileName>nodes</InstanceProfileName><InstanceProfileId>AIPA1</InstanceProfileId><Arn>${PROFILE}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><Roles>${roles}</Roles></InstanceProfile></GetInstanceProfileResult></GetInstanceProfileResponse>`,
    );

  test("is asked for by the profile's name, without its path", async () => {
    answer = () =>
      told(
        `<member><Path>/</Path><RoleName>web-execution</RoleName><RoleId>AROA1</RoleId><Arn>${ROLE}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></member>`,
      );
    expect(await createIamSimulator(settings()).ofInstanceProfile(PROFILE)).toEqual({
      kind: "known",
      role: ROLE,
    });
    expect(stub.requests[0]?.body).toMatchObject({ InstanceProfileName: "nodes" });
  });

  test("returns undefined when the profile has no role", async () => {
    answer = () => told("");
    expect(await createIamSimulator(settings()).ofInstanceProfile(PROFILE)).toEqual({ kind: "known" });
  });

  test("is not known where Repull may not ask", async () => {
    answer = () =>
      xml(
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
        403,
      );
    expect(await createIamSimulator(settings()).ofInstanceProfile(PROFILE)).toMatchObject({
      kind: "unknown",
      because: expect.stringContaining("iam:GetInstanceProfile"),
    });
  });
});

describe("the Docker Hub account", () => {
  const basic = (text: string) => ({
    kind: "basic",
    header: `Basic ${Buffer.from(text).toString("base64")}`,
  });
  // biome-ignore format: a table is read by its columns
  const table = [
    ["as ECS has it",                        '{"username":"acme","password":"pa:ss"}',                        "acme:pa:ss"],
    ["as the pull-through cache has it",     '{"username":"acme","accessToken":"token"}',                     "acme:token"],
    ["as both have it",                      '{"username":"acme","password":"token","accessToken":"token"}',  "acme:token"],
  ] as const;
  for (const [because, text, said] of table) {
    test(`${because}`, () => expect(credentialsIn(text, SECRET)).toEqual(basic(said)));
  }

  for (const text of [
    "",
    "hunter2",
    '"hunter2"',
    '["hunter2"]',
    '{"username":"hunter2"}',
    '{"password":"hunter2"}',
    '{"username":7,"password":"hunter2"}',
    '{"username":"","password":"hunter2"}',
    '{"username":"hunter2","password":""}',
  ]) {
    test(`rejects a malformed secret, and repeats none of its text: ${text || "nothing"}`, () => {
      const refused = (() => {
        try {
          return credentialsIn(text, SECRET);
        } catch (error) {
          return error;
        }
      })();
      expect(refused).toMatchObject({ name: "AwsError", kind: "invalid" });
      expect(String(refused)).toContain(SECRET);
      expect(
        JSON.stringify([String(refused), (refused as Error).cause, (refused as Error).stack]),
      ).not.toContain("hunter2");
    });
  }

  test("is fetched once, from the region of its ARN, and shown to Docker Hub alone", async () => {
    answer = () => ({ body: { ARN: SECRET, SecretString: '{"username":"acme","password":"p"}' } });
    const { credentials } = createDockerHubCredentials(settings(), SECRET, systemClock);
    for (const host of ["ghcr.io", "123456789012.dkr.ecr.us-east-1.amazonaws.com", "docker.io.evil.example"])
      expect(await credentials(host, "pull")).toBeUndefined();
    expect(stub.requests).toEqual([]);
    const asked = await Promise.all([credentials("docker.io", "pull"), credentials("docker.io", "pull")]);
    expect(asked).toEqual([basic("acme:p"), basic("acme:p")]);
    expect(stub.requests.map(({ body }) => body)).toEqual([{ SecretId: SECRET }]);
    expect(stub.requests[0]?.headers.authorization).toContain("/eu-west-1/secretsmanager/");
  });

  test("that may not be read is denied, and asked for again the next time", async () => {
    answer = () => refusal("AccessDeniedException");
    const { credentials } = createDockerHubCredentials(settings(), SECRET, systemClock);
    await expect(credentials("docker.io", "pull")).rejects.toMatchObject({
      kind: "denied",
      action: "secretsmanager:GetSecretValue",
    });
    answer = () => ({ body: { SecretString: '{"username":"acme","password":"p"}' } });
    expect(await credentials("docker.io", "pull")).toEqual(basic("acme:p"));
  });
});

describe("a secret that is rotated while its old content is kept", () => {
  const secretIs = (password: string): void => {
    answer = () => ({ body: { SecretString: JSON.stringify({ username: "acme", password }) } });
  };
  const hub = (clock: VirtualClock, password: string) => {
    const accounts = [{ user: "acme", password }];
    const registry = createRegistry({ kind: "docker-hub", host: "registry-1.docker.io", clock, accounts });
    seedImage(registry, "acme/web", "1", buildImage({ name: "web" }));
    return registry;
  };
  const image = parseReference("acme/web:1");
  const asked = async (clock: VirtualClock, ...registries: readonly SandboxRegistry[]) => {
    let now = registries[0];
    const { credentials } = createDockerHubCredentials(settings(), SECRET, clock);
    const send: Send = async (request) => {
      assert(now !== undefined);
      return await now.handle(request);
    };
    const clients = createRegistries({ send, clock, credentials });
    return {
      head: () =>
        clients.headManifest(image).then(
          (found) => found !== undefined,
          (error: RegistryError) => error.kind,
        ),
      rotate: () => {
        now = registries[1];
      },
    };
  };

  test("is read again once its login is refused, and the question is answered", async () => {
    const clock = createVirtualClock(0);
    secretIs("old");
    const { head, rotate } = await asked(clock, hub(clock, "old"), hub(clock, "new"));
    expect(await head()).toBe(true);
    await clock.advanceTo(3_600_000);
    rotate();
    secretIs("new");
    expect(await head()).toBe(true);
    expect(stub.requests).toHaveLength(2);
  });

  test("is not read with each question while its content is wrong", async () => {
    const clock = createVirtualClock(0);
    secretIs("wrong");
    const { head } = await asked(clock, hub(clock, "right"));
    for (let count = 0; count < 5; count++) expect(await head()).toBe("unauthorized");
    expect(stub.requests).toHaveLength(1);
    await clock.advanceTo(61_000);
    secretIs("right");
    expect(await head()).toBe(true);
    expect(stub.requests).toHaveLength(2);
  });
});

describe("the policy document", () => {
  test("is a parameter's text, decrypted where it is encrypted", async () => {
    answer = () => ({ body: { Parameter: { Name: "/repull/policy", Type: "String", Value: "{}" } } });
    expect(await createParameters(settings()).read("/repull/policy")).toBe("{}");
    expect(stub.requests[0]?.body).toEqual({ Name: "/repull/policy", WithDecryption: true });
  });

  for (const [code, kind] of [
    ["ParameterNotFound", "absent"],
    ["AccessDeniedException", "denied"],
    ["ThrottlingException", "throttled"],
  ] as const) {
    test(`${code}: ${kind}`, async () => {
      answer = () => refusal(code);
      await expect(createParameters(settings()).read("/repull/policy")).rejects.toMatchObject({ kind });
    });
  }
});
