/** Single places, asked by themselves: what a registry or AWS refuses is the loss of that place alone. */

import { describe, expect, test } from "vitest";
import { probeCandidate } from "../../../src/assessment/probe/probe-candidate.ts";
import { digestOf } from "../../../src/image/digest.ts";
import type { Registries } from "../../../src/oci/client/registries.ts";
import { RegistryError, type RegistryErrorKind } from "../../../src/oci/client/registry-error.ts";
import { AwsError, type AwsErrorKind } from "../../../src/remediation/ports/aws-error.ts";
import { createWorld } from "../../../src/sandbox/world/world.ts";
import type { Candidate } from "../../../src/substitution/candidate.ts";

const HUB = "docker.io/library/nginx:1.25";
const fresh: Candidate = {
  strategy: "mirror",
  image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/repull/docker.io/library/nginx:1.25",
  source: HUB,
  samePublisher: false,
};

describe("a place", () => {
  const failing = async (error: Error) => {
    const { ports } = await createWorld({ services: [] });
    const refuse = () => Promise.reject(error);
    const registries: Registries = { headManifest: refuse, getManifest: refuse, getBlob: refuse };
    return probeCandidate(fresh, { trusted: digestOf("nginx"), platforms: [] }, { ...ports, registries });
  };

  for (const [kind, seen] of [
    ["denied", "denied"],
    ["absent", "denied"],
    ["invalid", "denied"],
    ["throttled", "asked again"],
    ["unavailable", "unreachable"],
  ] as const satisfies readonly (readonly [AwsErrorKind, string])[]) {
    test(`whose account AWS does not hand over (${kind}) is ${seen}`, async () => {
      const asked = failing(new AwsError(kind, "secretsmanager:GetSecretValue", "no secret for you"));
      if (seen !== "asked again") expect(await asked).toEqual({ kind: seen, because: "no secret for you" });
      else await expect(asked).rejects.toThrow("no secret for you");
    });
  }

  test("is lost too where the registry's client passes on what AWS said, in AWS's words", async () => {
    const cause = new AwsError("denied", "secretsmanager:GetSecretValue", "no secret for you");
    const passedOn = new RegistryError("credentials", { kind: "unauthorized", host: "docker.io" }, { cause });
    expect(await failing(passedOn)).toEqual({ kind: "denied", because: "no secret for you" });
  });

  for (const [kind, seen] of [
    ["rate-limited", "rate-limited"],
    ["unauthorized", "denied"],
    ["denied", "denied"],
    ["not-allowed", "not-allowed"],
    ["absent", "absent"],
    ["malformed", "unreachable"],
    ["unavailable", "unreachable"],
  ] as const satisfies readonly (readonly [RegistryErrorKind, string])[]) {
    test(`that refuses with ${kind} is ${seen}`, async () => {
      const error = new RegistryError("it burns", { kind, host: "docker.io" });
      expect(await failing(error)).toMatchObject({ kind: seen, because: expect.stringMatching(/./) });
    });
  }

  test("that fails for another reason is a bug, and stays one", async () => {
    await expect(failing(new TypeError("a bug"))).rejects.toThrow(TypeError);
  });
});

describe("where the limit that was met is an account's", () => {
  const asked = async (pullsLeft: number | "unknown" | undefined) => {
    const { ports } = await createWorld({ services: [] });
    const remaining = typeof pullsLeft === "number" ? { remaining: pullsLeft } : {};
    const quota = pullsLeft === undefined ? {} : { quota: { limit: 100, ...remaining } };
    const head = {
      digest: digestOf("nginx"),
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      ...quota,
    };
    const registries = { ...ports.registries, headManifest: async () => head };
    const context = { trusted: head.digest, platforms: [], accountLimitReached: true };
    return await probeCandidate(fresh, context, { ...ports, registries });
  };

  for (const [pullsLeft, kind] of [
    [87, "found"],
    [0, "rate-limited"],
    [undefined, "unknown"],
    ["unknown", "unknown"],
  ] as const) {
    test(`an anonymous copy, for which ${pullsLeft ?? "no"} pulls are reported: ${kind}`, async () => {
      expect((await asked(pullsLeft)).kind).toBe(kind);
    });
  }
});
