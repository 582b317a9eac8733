/** The promise *same bytes*, in worlds where a tag has moved, or a stranger writes what Repull writes. */

import { describe, expect, it } from "vitest";
import { containersOf } from "../../../src/ecs/task-definition/task-definition.ts";
import { readEvent } from "../../../src/ecs-events/read-event.ts";
import { detect } from "../../../src/remediation/detect/detect.ts";
import { remediationName } from "../../../src/remediation/detect/execution-names.ts";
import type { Outcome } from "../../../src/remediation/report/outcome.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { serveWorkflows } from "../../../src/sandbox/install-repull.ts";
import { buildImage, seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { readPolicy } from "../../support/policy.ts";
import { firstFailure } from "../../support/scenario.ts";

const MULTI = { platforms: ["linux/amd64", "linux/arm64"] };
const HUB = { images: { "library/nginx:1.25": MULTI }, quota: { remaining: 0 } };
const SAME = { sameAs: "docker.io/library/nginx:1.25" };
const COPY = { ecr: { images: { "repull/docker.io/library/nginx:1.25": SAME } } };
const TWIN = { "public.ecr.aws": { images: { "docker/library/nginx:1.25": SAME } } };
const world = (registries: object, more: object = {}, service: object = {}) => ({
  services: [
    { cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 2, ...service },
  ],
  registries: { "docker.io": HUB, ...registries },
  ...more,
});

/** From now on the tag means other bytes, at Docker Hub and at its twin. */
function moveTag({ registries }: World): void {
  const moved = buildImage({ name: "nginx moved", platforms: MULTI.platforms, bytes: 512 });
  seedImage(registries.dockerHub, "library/nginx", "1.25", moved);
  seedImage(registries.ecrPublic, "docker/library/nginx", "1.25", moved);
}

/** Lets it fail and heals it; `change` comes between the failure and the event. */
async function heal(
  file: unknown,
  change: (world: World, event: JsonObject) => JsonObject | undefined,
  unverified = {},
): Promise<{ readonly world: World; readonly outcome: Outcome; readonly pinned: string | undefined }> {
  const played = await createWorld(readWorldFile(file), { unverified });
  const pinned = played.registries.dockerHub.manifest("library/nginx", "1.25")?.digest;
  const event = await firstFailure(played);
  const policy = readPolicy({ waitForLimit: false });
  serveWorkflows(played, { policy });
  const told = change(played, event) ?? event;
  played.clock.schedule(played.clock.now(), () => detect(told, played.ports, policy));
  const record = () => played.executions.records.find(({ workflow }) => workflow === "remediate");
  await played.runUntil(() => record() !== undefined && record()?.status !== "running", 48 * 3600);
  return { world: played, outcome: record()?.result as Outcome, pinned };
}

/** The digests that the service's running tasks run. */
function digestsRun({ cluster }: World): readonly string[] {
  const running = cluster.tasks("prod").filter(({ lastStatus }) => lastStatus === "RUNNING");
  return [
    ...new Set(
      running.flatMap(({ containers }) => containers.map(({ imageDigest }) => imageDigest ?? "none")),
    ),
  ];
}

describe("a tag that moved after the deployment began", () => {
  const moved = (played: World): undefined => void moveTag(played);
  for (const deploymentIdNamesRevision of [true, false]) {
    const how = deploymentIdNamesRevision ? "by its number" : "by its date";
    it(`does not change what runs where the pinned bytes are in ECR, the deployment found ${how}`, async () => {
      const ended = await heal(world(COPY), moved, { deploymentIdNamesRevision });
      expect(ended.outcome).toMatchObject({
        outcome: "succeeded",
        images: [{ trusted: { digest: ended.pinned, from: "service-revision" } }],
      });
      expect(digestsRun(ended.world)).toEqual([ended.pinned]);
    });
  }

  it("is copied by the pinned digest where only Docker Hub has those bytes", async () => {
    const ended = await heal(world({}), moved);
    expect(ended.outcome).toMatchObject({
      outcome: "succeeded",
      images: [{ trusted: { digest: ended.pinned } }],
    });
  });

  it("leaves the service alone where the pinned bytes are nowhere, though the tag's are everywhere", async () => {
    const ended = await heal(world({}, { repullAddress: "shared" }), moved);
    expect(ended.outcome.outcome).toBe("no-substitute");
    expect(ended.world.definitions.newest("web", 9)).toHaveLength(1);
  });

  it("is written with the pinned digest where only an account helps, for a new deployment resolves the tag anew", async () => {
    const secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hub-AbCdEf";
    const file = world(
      { "docker.io": { ...HUB, accounts: { acme: { password: "pw", limit: 200, remaining: 200 } } } },
      { secrets: { [secret]: { username: "acme", password: "pw" } } },
    );
    const played = await createWorld(readWorldFile(file));
    const event = await firstFailure(played);
    const pinned = played.registries.dockerHub.manifest("library/nginx", "1.25")?.digest;
    const policy = readPolicy({
      strategies: ["authenticated-pull"],
      dockerHubSecret: secret,
      registries: { allowUnverifiedSecretAccess: true },
    });
    serveWorkflows(played, { policy });
    moveTag(played);
    played.clock.schedule(played.clock.now(), () => detect(event, played.ports, policy));
    await played.run(3600);
    expect(digestsRun(played)).toEqual([pinned]);
  });
});

describe("what ECS pinned cannot be read", () => {
  for (const action of ["ecs:ListServiceDeployments", "ecs:DescribeServiceRevisions"]) {
    it(`keeps Repull from writing, and names the permission, when ${action} is denied`, async () => {
      const ended = await heal(world(COPY, { refusals: [{ action, kind: "denied" }] }), () => undefined);
      expect(ended.outcome).toMatchObject({
        outcome: "no-substitute",
        reason: "trust-unreadable",
        images: [{ untrusted: { code: "trust-unreadable", permission: action } }],
      });
      expect(ended.world.definitions.newest("web", 9)).toHaveLength(1);
    });
  }

  it("is asked again in a while when ECS is busy for a moment", async () => {
    const refusals = [{ action: "ecs:ListServiceDeployments", kind: "throttled", times: 3 }];
    const ended = await heal(world(COPY, { refusals }), () => undefined);
    expect(ended.outcome).toMatchObject({
      outcome: "succeeded",
      images: [{ trusted: { from: "service-revision" } }],
    });
  });
});

describe("a manifest in the failing text", () => {
  const OTHER = `sha256:${"e".repeat(64)}`;
  const telling = (digest: string) => (_: World, event: JsonObject) => {
    const text = JSON.stringify(event).replaceAll(/manifests\/sha256:[0-9a-f]{64}/g, `manifests/${digest}`);
    return JSON.parse(text) as JsonObject;
  };

  it("of other bytes than ECS pinned keeps Repull from writing, though the event may be forged", async () => {
    const ended = await heal(world(COPY), telling(OTHER));
    expect(ended.outcome).toMatchObject({
      outcome: "no-substitute",
      reason: "other-manifest-in-text",
      images: [{ vetoedBy: OTHER, untrusted: { code: "other-manifest-in-text" } }],
    });
    expect(ended.world.definitions.newest("web", 9)).toHaveLength(1);
  });

  it("that is an index like the pinned one is distinguished at Docker Hub, before anything is copied", async () => {
    const named = buildImage({ name: "nginx named", platforms: MULTI.platforms, bytes: 512 });
    const ended = await heal(world({}), (played, event) => {
      seedImage(played.registries.dockerHub, "library/nginx", "other", named);
      return telling(named.digest)(played, event);
    });
    expect(ended.outcome).toMatchObject({ outcome: "no-substitute", images: [{ vetoedBy: named.digest }] });
    expect(ended.world.registries.ecr.repositories()).toEqual([]);
  });

  it("that is the pinned image's own for the task's platform blocks nothing", async () => {
    const ended = await heal(world(COPY), (played, event) => {
      const index = played.registries.dockerHub.manifest("library/nginx", "1.25");
      const child = JSON.parse(Buffer.from(index?.bytes ?? []).toString()).manifests[0].digest as string;
      return telling(child)(played, event);
    });
    expect(ended.outcome).toMatchObject({ outcome: "succeeded" });
    expect(ended.outcome.images[0]).not.toHaveProperty("vetoedBy");
  });

  it("of a blob says nothing about the image", async () => {
    const ended = await heal(world(COPY), (_, event) => {
      const text = JSON.stringify(event).replaceAll(/manifests\/sha256:[0-9a-f]{64}/g, `blobs/${OTHER}`);
      return JSON.parse(text) as JsonObject;
    });
    expect(ended.outcome).toMatchObject({ outcome: "succeeded" });
  });
});

describe("a second attempt of one remediation", () => {
  it("trusts what the first trusted, though the tag has moved and our own deployment is the primary one", async () => {
    const ended = await heal(world({ ...COPY, ...TWIN }), (played) => {
      played.clock.schedule(played.clock.now() + 4000, () => {
        moveTag(played);
        const refused = { kind: "status", status: 403, code: "DENIED", message: "not authorized" } as const;
        played.registries.ecr.fail({ on: "manifest-get", as: refused });
      });
      return undefined;
    });
    const digests = ended.outcome.images.map(({ trusted }) => trusted?.digest);
    expect(new Set(digests)).toEqual(new Set([ended.pinned]));
    expect(digestsRun(ended.world).filter((digest) => digest !== ended.pinned)).toEqual([]);
  });
});

describe("a foreign revision with Repull's own tags and the planned image", () => {
  it("is never deployed: its command is another", async () => {
    const ended = await heal(world(TWIN), (played, event) => {
      const failure = readEvent(event, played.home);
      const former = played.definitions.describe("web:42");
      const [container] = (former?.taskDefinition.containerDefinitions ?? []) as readonly JsonObject[];
      const digest = played.registries.dockerHub.manifest("library/nginx", "1.25")?.digest;
      const image = `public.ecr.aws/docker/library/nginx@${digest}`;
      // The name of the execution can be computed from what DescribeServices shows.
      if (failure.kind !== "pull-failure") throw new Error(failure.because);
      const execution = remediationName("repull-remediate", failure, 1);
      played.definitions.register({
        family: "web",
        containerDefinitions: [{ ...container, image, command: ["sh", "-c", "exfiltrate"] }],
        tags: [
          { key: "repull:execution", value: execution },
          { key: "repull:previous-revision", value: "web:42" },
          { key: "repull:service", value: "prod/web" },
        ],
      } as unknown as JsonObject);
      return undefined;
    });
    expect(ended.outcome).toMatchObject({ outcome: "succeeded" });
    const service = ended.world.cluster.service("prod", "web");
    const runs = ended.world.definitions.describe(service?.taskDefinition ?? "");
    expect(JSON.stringify(runs)).not.toContain("exfiltrate");
    expect(containersOf(runs?.taskDefinition ?? {})[0]?.image).toContain("public.ecr.aws/");
  });
});

describe("services of one name in several clusters, and of one family", () => {
  it("are all healed: none counts its neighbours' substitutes as its own", async () => {
    const played = await createWorld(readWorldFile(world(COPY)));
    for (const cluster of ["tenant-b", "tenant-c", "tenant-d"])
      played.cluster.createService({ cluster, name: "web", taskDefinition: "web:42", desiredCount: 1 });
    for (let count = 1; count <= 12; count += 1)
      played.cluster.createService({
        cluster: "prod",
        name: `web-${count}`,
        taskDefinition: "web:42",
        desiredCount: 1,
      });
    const policy = readPolicy({});
    serveWorkflows(played, { policy });
    played.bus.subscribe((document) => {
      if (document.source === "aws.ecs")
        played.clock.schedule(played.clock.now(), () => detect(document, played.ports, policy));
    });
    await played.run(2 * 3600);
    const whole = played.cluster.services().map(({ deployments }) => deployments[0]?.rolloutState);
    expect(whole).toEqual(whole.map(() => "COMPLETED"));
  });
});
