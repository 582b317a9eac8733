import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createEcr } from "../../../src/aws/adapters/ecr.ts";
import { createEcrCredentials } from "../../../src/aws/registry/ecr-credentials.ts";
import type { Clock } from "../../../src/runtime/clock.ts";
import {
  type AwsAnswer,
  type AwsRequest,
  type AwsStub,
  STUB_CREDENTIALS,
  startAwsStub,
} from "../../support/aws/aws-stub.ts";

const DIGEST = `sha256:${"0c".repeat(32)}` as const;
const HOUR = 3_600_000;

let stub: AwsStub;
let answer: (request: AwsRequest) => AwsAnswer;
let now: number;
const clock: Clock = { now: () => now, sleep: async () => {} };
beforeEach(async () => {
  now = Date.UTC(2026, 10, 1);
  stub = await startAwsStub((request) => answer(request));
});
afterEach(() => stub.stop());

const settings = () => ({
  region: "us-east-1",
  endpoint: stub.url,
  credentials: STUB_CREDENTIALS,
  attemptsMax: 1,
});
const refusal = (code: string, status = 400): AwsAnswer => ({
  status,
  body: { __type: code, message: "words" },
});

describe("the veto on an image", () => {
  const found = (imageStatus?: string) => ({
    body: { imageDetails: [{ imageDigest: DIGEST, ...(imageStatus === undefined ? {} : { imageStatus }) }] },
  });
  // biome-ignore format: a table
  const table = [
    ["ACTIVE",                       found("ACTIVE"),                        "active"],
    ["no word of a status",          found(),                                "active"],
    ["ARCHIVED",                     found("ARCHIVED"),                      "archived"],
    ["ACTIVATING: not pullable yet", found("ACTIVATING"),                    "archived"],
    ["ImageArchivedException",       refusal("ImageArchivedException"),      "archived"],
    ["nothing",                      { body: { imageDetails: [] } },         "absent"],
    ["ImageNotFoundException",       refusal("ImageNotFoundException"),      "absent"],
    ["RepositoryNotFoundException",  refusal("RepositoryNotFoundException"), "absent"],
    ["AccessDeniedException",        refusal("AccessDeniedException"),       "unknown"],
    ["an emulator's HTML",           { status: 500, body: "<html>" },        "unknown"],
  ] as const;
  for (const [what, reply, status] of table) {
    test(`${what}: ${status}`, async () => {
      answer = () => reply;
      expect(await createEcr(settings(), clock).imageStatus("repull/nginx", DIGEST)).toBe(status);
      // Unfiltered, ECR keeps silent about archived images.
      expect(stub.requests[0]?.body).toEqual({
        repositoryName: "repull/nginx",
        imageIds: [{ imageDigest: DIGEST }],
        filter: { imageStatus: "ANY" },
      });
    });
  }
});

describe("a repository", () => {
  test("is created with the policy's settings", async () => {
    answer = () => ({ body: { repository: {} } });
    const created = await createEcr(settings(), clock).ensureRepository("repull/nginx", {
      immutableTags: true,
      kmsKey: "alias/images",
      tags: { team: "shop" },
    });
    expect(created).toBe("created");
    expect(stub.requests[0]?.body).toEqual({
      repositoryName: "repull/nginx",
      imageTagMutability: "IMMUTABLE",
      encryptionConfiguration: { encryptionType: "KMS", kmsKey: "alias/images" },
      tags: [{ Key: "team", Value: "shop" }],
    });
  });

  test("that exists is left alone", async () => {
    answer = () => refusal("RepositoryAlreadyExistsException");
    const wanted = { immutableTags: true, tags: {} };
    expect(await createEcr(settings(), clock).ensureRepository("repull/nginx", wanted)).toBe("present");
    expect(stub.requests.map(({ action }) => action)).toEqual(["CreateRepository"]);
  });

  test("that may not be created is denied", async () => {
    answer = () => refusal("AccessDeniedException");
    const wanted = { immutableTags: true, tags: {} };
    await expect(createEcr(settings(), clock).ensureRepository("repull/nginx", wanted)).rejects.toMatchObject(
      {
        kind: "denied",
        action: "ecr:CreateRepository",
      },
    );
  });
});

describe("the registry's key", () => {
  const token = (number: number, hoursLeft: number) => ({
    body: {
      authorizationData: [{ authorizationToken: `a${number}`, expiresAt: (now + hoursLeft * HOUR) / 1000 }],
    },
  });

  test("is fetched once for many who ask at once, and kept until shortly before it expires", async () => {
    answer = () => token(stub.requests.length, 12);
    const ecr = createEcr(settings(), clock);
    expect(await Promise.all([ecr.authorization(), ecr.authorization()])).toEqual(["Basic a1", "Basic a1"]);
    now += 11 * HOUR;
    expect(await ecr.authorization()).toBe("Basic a1");
    now += 0.75 * HOUR;
    expect(await ecr.authorization()).toBe("Basic a2");
  });

  test("that is fetched expired serves once", async () => {
    answer = () => token(stub.requests.length, -24 * 365 * 11);
    const ecr = createEcr(settings(), clock);
    expect([await ecr.authorization(), await ecr.authorization()]).toEqual(["Basic a1", "Basic a2"]);
  });

  test("that was refused is asked for again", async () => {
    answer = () => (stub.requests.length < 2 ? refusal("AccessDeniedException") : token(2, 12));
    const ecr = createEcr(settings(), clock);
    await expect(ecr.authorization()).rejects.toMatchObject({
      kind: "denied",
      action: "ecr:GetAuthorizationToken",
    });
    expect(await ecr.authorization()).toBe("Basic a2");
  });

  // biome-ignore format: a table
  const hosts = [
    ["123456789012.dkr.ecr.us-east-1.amazonaws.com",              "us-east-1"],
    ["210987654321.dkr.ecr.eu-west-1.amazonaws.com",              "eu-west-1"],
    ["123456789012.dkr-ecr.us-east-1.on.aws",                     "us-east-1"],
    ["123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",          "anonymous: another partition"],
    ["123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example", "anonymous"],
    ["docker.io",                                                 "anonymous"],
    ["public.ecr.aws",                                            "anonymous"],
  ] as const;
  for (const [host, region] of hosts) {
    test(`of ${host}: ${region}`, async () => {
      answer = () => token(1, 12);
      const found = await createEcrCredentials(settings(), clock)(host);
      if (region.startsWith("anonymous")) {
        expect(found).toBeUndefined();
        expect(stub.requests).toEqual([]);
      } else {
        expect(found).toEqual({ kind: "basic", header: "Basic a1" });
        expect(stub.requests[0]?.headers.authorization).toContain(`/${region}/ecr/aws4_request`);
      }
    });
  }
});
