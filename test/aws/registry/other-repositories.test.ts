/** A repository of another account as ECR's client asks about it: in its own registry and region, without a pull. */

import { afterEach, describe, expect, test } from "vitest";
import { createOtherRepositories, keyState } from "../../../src/aws/registry/other-repositories.ts";
import { type AwsAnswer, type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../../support/aws/aws-stub.ts";

const REPOSITORY = { account: "210987654321", region: "eu-west-1", name: "repull/docker.io/library/nginx" };

let stub: AwsStub | undefined;
afterEach(() => stub?.stop());

async function settingsFor(answer: AwsAnswer) {
  stub = await startAwsStub(() => answer);
  return { region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 1 };
}

const refusal = (code: string, message = "no"): AwsAnswer => ({
  status: 400,
  body: { __type: code, message },
});

describe("the policy of another account's repository", () => {
  test("is read from that registry, in that region", async () => {
    const policyText = '{"Statement":[]}';
    const repositories = createOtherRepositories(await settingsFor({ body: { policyText } }));
    expect(await repositories.policy(REPOSITORY)).toBe(policyText);
    expect(stub?.requests[0]?.body).toEqual({
      registryId: REPOSITORY.account,
      repositoryName: REPOSITORY.name,
    });
    expect(stub?.requests[0]?.headers.authorization).toContain("/eu-west-1/ecr/");
  });

  test("is undefined where the repository has none", async () => {
    const repositories = createOtherRepositories(
      await settingsFor(refusal("RepositoryPolicyNotFoundException")),
    );
    expect(await repositories.policy(REPOSITORY)).toBeUndefined();
  });

  // biome-ignore format: a table is read by its columns
  for (const [code, kind] of [
    ["AccessDeniedException",       "denied"],
    ["RepositoryNotFoundException", "absent"],
    ["ThrottlingException",         "throttled"],
  ] as const)
    test(`is ${kind} where ECR answers ${code}`, async () => {
      const repositories = createOtherRepositories(await settingsFor(refusal(code)));
      await expect(repositories.policy(REPOSITORY)).rejects.toMatchObject({ kind });
    });
});

describe("a pull that is tried", () => {
  test("asks for a layer that no image has, and for nothing else", async () => {
    const repositories = createOtherRepositories(await settingsFor({ body: { layers: [], failures: [] } }));
    await repositories.tryPull(REPOSITORY);
    expect(stub?.requests.map(({ action }) => action)).toEqual(["BatchCheckLayerAvailability"]);
    expect(stub?.requests[0]?.body).toMatchObject({ layerDigests: [`sha256:${"0".repeat(64)}`] });
  });

  test("keeps AWS's words of a refusal, which name the policy that refuses", async () => {
    const words = "is not authorized because no resource-based policy allows the action";
    const repositories = createOtherRepositories(await settingsFor(refusal("AccessDeniedException", words)));
    await expect(repositories.tryPull(REPOSITORY)).rejects.toThrow(words);
  });
});

describe("the state of a key", () => {
  test("is as KMS names it", async () => {
    const settings = await settingsFor({ body: { KeyMetadata: { KeyState: "PendingDeletion" } } });
    expect(await keyState(settings, "arn:aws:kms:us-east-1:123456789012:key/1")).toBe("PendingDeletion");
  });

  test("is absent where there is no such key", async () => {
    const settings = await settingsFor(refusal("NotFoundException"));
    await expect(keyState(settings, "1")).rejects.toMatchObject({ kind: "absent" });
  });
});
