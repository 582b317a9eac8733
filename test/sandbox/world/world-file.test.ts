import { describe, expect, test } from "vitest";
import { InvalidInput } from "../../../src/image/invalid-input.ts";
import { createWorld } from "../../../src/sandbox/world/world.ts";
import { readWorldFile, type WorldFile } from "../../../src/sandbox/world/world-file.ts";

describe("a world file", () => {
  const wrong = [
    ["a key misspelt at the top", { servces: [] }, "servces: expected no such key; perhaps services"],
    [
      "a key misspelt within",
      { services: [{ name: "web", desiredCont: 2 }] },
      "services.0.desiredCont: expected no such key; perhaps desiredCount",
    ],
    [
      "a key of an image",
      { registries: { ecr: { images: { "a:1": { size: 1 } } } } },
      "registries.ecr.images.a:1.size: expected no such key",
    ],
    ["a key that is like nothing", { xyzzyplughfrobozz: 1 }, "xyzzyplughfrobozz: expected no such key"],
    ["a service without name", { services: [{ image: "nginx" }] }, "services.0.name: expected"],
    [
      "a quota that is not a number",
      { registries: { "docker.io": { quota: { remaining: "0" } } } },
      "registries.docker.io.quota.remaining: expected",
    ],
    ["a list instead of an object", [], "expected object, received array"],
    [
      "an unknown controller",
      { services: [{ name: "a", controller: "JENKINS" }] },
      "services.0.controller: expected",
    ],
  ] as const;
  for (const [what, file, message] of wrong) {
    test(`with ${what} is refused: ${message}`, () => {
      expect(() => readWorldFile(file)).toThrow(InvalidInput);
      expect(() => readWorldFile(file)).toThrow(message);
    });
  }

  test("may be empty", async () => {
    const world = await createWorld(readWorldFile({}));
    expect(world.cluster.services()).toEqual([]);
    expect(world.home).toEqual({ account: "123456789012", region: "us-east-1", partition: "aws" });
  });

  test("has images that are the same as others, one platform of them, or bytes of their own", async () => {
    const world = await createWorld({
      registries: {
        "docker.io": { images: { "library/nginx:1": { platforms: ["linux/amd64", "linux/arm64"] } } },
        "public.ecr.aws": { images: { "same:1": { sameAs: "nginx:1" }, "own:1": {} } },
        ecr: { images: { "arm:1": { sameAs: "nginx:1", onlyPlatform: "linux/arm64" } } },
      },
    });
    const { dockerHub, ecrPublic, ecr } = world.registries;
    const index = dockerHub.tags("library/nginx")["1"];
    expect(ecrPublic.tags("same")["1"]).toBe(index);
    expect(ecrPublic.tags("own")["1"]).not.toBe(index);
    const listed = JSON.parse(
      new TextDecoder().decode(dockerHub.manifest("library/nginx", "1")?.bytes),
    ).manifests;
    expect(ecr.tags("arm")["1"]).toBe(listed[1].digest);
  });

  test("that names an absent image is refused", async () => {
    const file: WorldFile = { registries: { ecr: { images: { "a:1": { sameAs: "nginx:1" } } } } };
    await expect(createWorld(file)).rejects.toThrow(
      "registries.123456789012.dkr.ecr.us-east-1.amazonaws.com.images.a:1.sameAs",
    );
  });

  test("moves a tag to another one's image after so many minutes, and not before", async () => {
    const moves = { to: "next", afterMinutes: 10 };
    const images = { "library/nginx:1": { moves }, "library/nginx:next": {} };
    const world = await createWorld({ registries: { "docker.io": { images } } });
    const tags = () => world.registries.dockerHub.tags("library/nginx");
    const before = tags();
    expect(before["1"]).not.toBe(before.next);
    await world.run(599);
    expect(tags()).toEqual(before);
    await world.run(2);
    expect(tags()).toEqual({ "1": before.next, next: before.next });
  });

  test("that moves a tag to one that the file does not have is refused", async () => {
    const images = { "library/nginx:1": { moves: { to: "2", afterMinutes: 1 } } };
    await expect(createWorld({ registries: { "docker.io": { images } } })).rejects.toThrow(
      "registries.docker.io.images.library/nginx:1.moves.to",
    );
  });

  const quotas = [
    ["nothing said", {}, "own", [100, 100]],
    ["the tasks' address used up", { remaining: 0 }, "own", [0, 100]],
    ["Repull's too", { remaining: 0, remainingForRepull: 3 }, "own", [0, 3]],
    ["one address for both", { remaining: 0 }, "shared", [0, 0]],
    ["another limit", { limit: 10, remaining: 4 }, "own", [4, 10]],
  ] as const;
  for (const [what, quota, repullAddress, [tasks, repull]] of quotas) {
    test(`leaves pulls to the tasks and to Repull: ${what} → ${tasks}, ${repull}`, async () => {
      const world = await createWorld({ repullAddress, registries: { "docker.io": { quota } } });
      const left = (address: string) => world.registries.dockerHub.pullsLeft({ address });
      expect([left(world.addresses.tasks), left(world.addresses.repull)]).toEqual([tasks, repull]);
    });
  }

  test("says when used pulls come back", async () => {
    const world = await createWorld({
      registries: { "docker.io": { quota: { remaining: 0, resetsInSeconds: 600 } } },
    });
    const left = () => world.registries.dockerHub.pullsLeft({ address: world.addresses.tasks });
    await world.run(590);
    expect(left()).toBe(0);
    await world.run(20);
    expect(left()).toBe(100);
  });

  test("has AWS refuse what it says, as often as it says", async () => {
    const world = await createWorld({
      services: [{ name: "web", image: "nginx:1" }],
      refusals: [{ action: "ecs:DescribeServices", kind: "throttled", times: 1 }],
    });
    await expect(world.ports.ecs.describeService("default", "web")).rejects.toMatchObject({
      kind: "throttled",
      message: "ecs:DescribeServices: ThrottlingException: Rate exceeded",
    });
    expect(await world.ports.ecs.describeService("default", "web")).toMatchObject({ name: "web" });
  });
});

test("Docker Hub under several of its names is one registry of a world, and docker.io's own word counts", async () => {
  const same = { sameAs: "docker.io/library/nginx:1" };
  const world = await createWorld(
    readWorldFile({
      registries: {
        "docker.io": { images: { "library/nginx:1": {} } },
        "registry.hub.docker.com": { images: { "library/nginx:1": same, "library/redis:7": {} } },
      },
    }),
  );
  const { dockerHub } = world.registries;
  expect(dockerHub.manifest("library/nginx", "1")).toBeDefined();
  expect(dockerHub.manifest("library/redis", "7")).toBeDefined();
});
