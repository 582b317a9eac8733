/** Shapes as the API's model and its documentation have them: moto knows no pull-through cache. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createEcr } from "../../../src/aws/adapters/ecr.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import {
  type AwsAnswer,
  type AwsRequest,
  type AwsStub,
  STUB_CREDENTIALS,
  startAwsStub,
} from "../../support/aws/aws-stub.ts";

const DIGEST = `sha256:${"0c".repeat(32)}` as const;
const OTHER = `sha256:${"0d".repeat(32)}` as const;
const MANIFEST = '{"schemaVersion":2}';
const MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json";

let stub: AwsStub;
let answer: (request: AwsRequest) => AwsAnswer;
beforeEach(async () => {
  stub = await startAwsStub((request) => answer(request));
});
afterEach(() => stub.stop());

const ecr = () =>
  createEcr(
    { region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 1 },
    systemClock,
  );
const refusal = (code: string): AwsAnswer => ({ status: 400, body: { __type: code, message: "words" } });

describe("the rules", () => {
  test("are listed page by page, each with what it leads to", async () => {
    const rule = (ecrRepositoryPrefix: string, upstreamRegistryUrl: string, more: object = {}) => ({
      ecrRepositoryPrefix,
      upstreamRegistryUrl,
      createdAt: 1767225600,
      registryId: "123456789012",
      ...more,
    });
    const credentialArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub";
    answer = ({ body }) =>
      body.nextToken === undefined
        ? {
            body: {
              pullThroughCacheRules: [
                rule("hub", "registry-1.docker.io", { upstreamRegistry: "docker-hub", credentialArn }),
              ],
              nextToken: "more",
            },
          }
        : {
            body: {
              pullThroughCacheRules: [
                rule("ROOT", "public.ecr.aws", { upstreamRepositoryPrefix: "docker" }),
                { ecrRepositoryPrefix: "odd" },
              ],
            },
          };
    expect(await ecr().pullThroughRules()).toEqual([
      { prefix: "hub", upstreamHost: "registry-1.docker.io" },
      { prefix: "ROOT", upstreamHost: "public.ecr.aws", upstreamPrefix: "docker" },
    ]);
  });

  test("that may not be read are denied", async () => {
    answer = () => refusal("AccessDeniedException");
    await expect(ecr().pullThroughRules()).rejects.toMatchObject({
      kind: "denied",
      action: "ecr:DescribePullThroughCacheRules",
    });
  });

  for (const [isValid, failure, words] of [
    [true, undefined, "works"],
    [false, "Secret not found", "does not work: Secret not found"],
  ] as const) {
    test(`are tried by ECR: ${words}`, async () => {
      answer = () => ({
        body: { ecrRepositoryPrefix: "hub", isValid, ...(failure === undefined ? {} : { failure }) },
      });
      const tried = await ecr().validateRule("hub");
      expect(tried.isValid).toBe(isValid);
      expect(tried.because).toContain(words);
      expect(stub.requests[0]?.body).toEqual({ ecrRepositoryPrefix: "hub" });
    });
  }
});

describe("an image that a rule leads to", () => {
  test("is asked for by its digest alone, and comes with its manifest", async () => {
    answer = () => ({
      body: {
        images: [
          {
            repositoryName: "hub/library/nginx",
            imageId: { imageDigest: DIGEST },
            imageManifest: MANIFEST,
            imageManifestMediaType: MEDIA_TYPE,
          },
        ],
        failures: [],
      },
    });
    const imported = await ecr().importImage("hub/library/nginx", DIGEST);
    expect(imported).toEqual({
      kind: "imported",
      bytes: new TextEncoder().encode(MANIFEST),
      mediaType: MEDIA_TYPE,
    });
    expect(stub.requests[0]?.body).toMatchObject({
      repositoryName: "hub/library/nginx",
      imageIds: [{ imageDigest: DIGEST }],
    });
    // Without all four types, ECR may answer with a converted manifest, whose digest is another.
    expect(stub.requests[0]?.body.acceptedMediaTypes).toHaveLength(4);
  });

  // biome-ignore format: a table is read by its columns
  const table = [
    ["UpstreamTooManyRequests", false, /the rule's own account has no pulls left there/],
    ["UpstreamAccessDenied",    false, /it refuses the secret of the rule/],
    ["UpstreamUnavailable",     true,  /does not answer/],
    ["ImageNotFound",           false, /no such image, or Repull may not import it/],
    ["KmsError",                false, /the key is gone/],
  ] as const;
  for (const [failureCode, isTransient, words] of table) {
    test(`that cannot be had, for ${failureCode}: ${isTransient ? "asked for again" : "the next candidate is tried"}`, async () => {
      answer = () => ({
        body: {
          images: [],
          failures: [{ imageId: { imageDigest: DIGEST }, failureCode, failureReason: "the key is gone" }],
        },
      });
      const imported = await ecr().importImage("hub/library/nginx", DIGEST);
      expect(imported).toMatchObject({ kind: "refused", isTransient });
      expect(imported.kind === "refused" && imported.because).toMatch(words);
    });
  }

  for (const code of ["UnableToGetUpstreamImageException", "RepositoryNotFoundException"]) {
    test(`that cannot be had at all (${code}) is a refusal`, async () => {
      answer = () => refusal(code);
      expect(await ecr().importImage("hub/library/nginx", DIGEST)).toMatchObject({
        kind: "refused",
        because: "words",
      });
    });
  }

  test("that Repull may not ask for is denied", async () => {
    answer = () => refusal("AccessDeniedException");
    await expect(ecr().importImage("hub/library/nginx", DIGEST)).rejects.toMatchObject({ kind: "denied" });
  });
});

describe("the layers of a pull-through cache", () => {
  test("are missing unless ECR says that they are available, a hundred asked for at a time", async () => {
    const digests = Array.from(
      { length: 150 },
      (_, index) => `sha256:${String(index).padStart(64, "0")}` as const,
    );
    answer = ({ body }) => ({
      body: {
        layers: (body.layerDigests as string[]).map((layerDigest) => ({
          layerDigest,
          layerAvailability: layerDigest.endsWith("7") ? "UNAVAILABLE" : "AVAILABLE",
        })),
        failures: [],
      },
    });
    const missing = await ecr().missingLayers("hub/library/nginx", digests);
    expect(missing).toEqual(digests.filter((digest) => digest.endsWith("7")));
    expect(stub.requests.map(({ body }) => (body.layerDigests as string[]).length)).toEqual([100, 50]);
  });

  test("of which ECR does not speak are missing", async () => {
    answer = () => ({ body: { layers: [{ layerDigest: DIGEST, layerAvailability: "AVAILABLE" }] } });
    expect(await ecr().missingLayers("hub/library/nginx", [DIGEST, OTHER])).toEqual([OTHER]);
  });

  test("are asked for: one that has not come yet is not an error, one that may not come is", async () => {
    answer = () => refusal("UnableToGetUpstreamLayerException");
    await ecr().fetchLayer("hub/library/nginx", DIGEST);
    expect(stub.requests[0]).toMatchObject({
      action: "GetDownloadUrlForLayer",
      body: { repositoryName: "hub/library/nginx", layerDigest: DIGEST },
    });
    answer = () => refusal("AccessDeniedException");
    await expect(ecr().fetchLayer("hub/library/nginx", DIGEST)).rejects.toMatchObject({ kind: "denied" });
  });
});
