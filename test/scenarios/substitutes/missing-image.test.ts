/** The limit is met for an image that its own registry no longer has: the advice is what helps, and helps when followed. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { replay } from "../../../src/cli/replay/replay.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";

const sample = JSON.parse(
  readFileSync(new URL("../../../events/fargate-service.json", import.meta.url), "utf8"),
);
const DEPLOYMENT: string = sample.detail.startedBy;

/** A limit at Docker Hub for an image, reported by a HEAD of its tag. */
function event(image: string): object {
  const [path = "", tag = "latest"] = image.split(":");
  const stoppedReason = `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/${image}: unexpected status from HEAD request to https://registry-1.docker.io/v2/${path}/manifests/${tag}: 429 Too Many Requests`;
  const [container] = sample.detail.containers;
  const containers = [{ ...container, image, reason: undefined }];
  return { ...sample, detail: { ...sample.detail, stoppedReason, containers } };
}

const world = (image: string, images: object) => ({
  // Repull pulls from the address that is limited.
  repullAddress: "shared",
  services: [{ cluster: "prod", name: "web", revision: 42, image, deploymentId: DEPLOYMENT }],
  registries: { "docker.io": { images, repositories: [image.split(":")[0]], quota: { remaining: 0 } } },
});

async function replayed(image: string, file: object, policy: object = {}) {
  const io = commandIo({
    "e.json": JSON.stringify(event(image)),
    "worlds/e.json": JSON.stringify(file),
    "policy.json": JSON.stringify(policy),
  });
  await replay(
    {
      files: ["e.json"],
      aws: false,
      yes: false,
      settle: true,
      json: true,
      seed: "1",
      stack: false,
      policyFile: "policy.json",
    },
    io,
  );
  const [outcome] = objectsIn(io.printed.out);
  return outcome as {
    outcome: string;
    because: string;
    nextSteps?: readonly string[];
    images?: readonly object[];
  };
}

const LEGACY = { "bitnamilegacy/redis:7.2": {} };
const advice = ({ nextSteps = [] }: { nextSteps?: readonly string[] }) => nextSteps.join("\n");

describe("a remediation whose image is gone at its registry", () => {
  // biome-ignore format: a table is read by its columns
  for (const [image, images] of [
    ["bitnami/redis:7.2", LEGACY],
    ["acme/api:3",        { "acme/api:4": {} }],
  ] as const) {
    it(`advises neither waiting nor an account when the image is ${image}`, async () => {
      const ended = await replayed(image, world(image, images));
      expect(ended).toMatchObject({ outcome: "no-substitute", images: [{ untrusted: { code: "origin-has-no-tag" } }] });
      expect(advice(ended)).not.toMatch(/^wait: |free one has 200|pull-through cache rule|by its digest in your source|paid plan/);
      expect(advice(ended).includes("bitnamilegacy")).toBe(image.startsWith("bitnami/"));
    });
  }

  it("heals when the advice is followed: the policy names a place of other bytes", async () => {
    const imageMappings = [
      { image: "bitnami/redis", use: "public.ecr.aws/acme/redis:7.2", allowDifferentContent: true },
    ];
    const file = world("bitnami/redis:7.2", LEGACY);
    const registries = { ...file.registries, "public.ecr.aws": { images: { "acme/redis:7.2": {} } } };
    const ended = await replayed("bitnami/redis:7.2", { ...file, registries }, { imageMappings });
    expect(ended.outcome).toBe("succeeded");
  });

  it("advises waiting when the image is there and only the limit keeps it from being pulled", async () => {
    const ended = await replayed("acme/api:3", world("acme/api:3", { "acme/api:3": {} }), {
      waitForLimit: false,
    });
    expect(ended.outcome).toBe("no-substitute");
    expect(ended.because).not.toContain("gone");
    expect(advice(ended)).toMatch(/^wait: /m);
  });
});
