import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Tag } from "../../../src/ecs/task-definition/tag.ts";
import {
  containersOf,
  executionRoleOf,
  familyOf,
  OUTPUT_ONLY_MEMBERS,
  reviseTaskDefinition,
  runtimePlatformOf,
} from "../../../src/ecs/task-definition/task-definition.ts";
import type { Json, JsonObject } from "../../../src/runtime/json.ts";

const SHA = `sha256:${"ab".repeat(32)}`;
const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

const web: JsonObject = {
  taskDefinitionArn: "arn:aws:ecs:us-east-1:123456789012:task-definition/web:41",
  family: "web",
  revision: 41,
  status: "ACTIVE",
  containerDefinitions: [
    { name: "web", image: "nginx:1.25", repositoryCredentials: { credentialsParameter: "hub" }, cpu: 0 },
    { name: "log", image: "fluent/fluent-bit:3.0", essential: false },
  ],
  volumes: [],
};

/** The revision of `web` in which this container has this image. */
function revised(container: string, image: string, taskDefinition = web): JsonObject {
  return reviseTaskDefinition(
    { taskDefinition, tags: [] },
    { images: new Map([[container, image]]), provenance: [] },
  );
}

describe("a revision", () => {
  test("differs in the image alone, and in what ECS itself writes", () => {
    expect(revised("log", `${ECR}/repull/fluent-bit@${SHA}`)).toEqual({
      family: "web",
      containerDefinitions: [
        { name: "web", image: "nginx:1.25", repositoryCredentials: { credentialsParameter: "hub" }, cpu: 0 },
        { name: "log", image: `${ECR}/repull/fluent-bit@${SHA}`, essential: false },
      ],
      volumes: [],
      tags: [],
    });
  });

  test("of nothing is the same again", () => {
    const { taskDefinitionArn, revision, status, ...registrable } = web;
    const same = reviseTaskDefinition(
      { taskDefinition: web, tags: [] },
      { images: new Map(), provenance: [] },
    );
    expect(same).toEqual({ ...registrable, tags: [] });
  });

  // The secret is the former registry's: no other may see it, and ECR takes none.
  // biome-ignore format: a table
  const credentials = [
    ["nginx:1.25",        `${ECR}/nginx@${SHA}`,                     "dropped"],
    ["nginx:1.25",        `public.ecr.aws/docker/library/nginx@${SHA}`, "dropped"],
    ["nginx:1.25",        `ghcr.io/nginx/nginx@${SHA}`,              "dropped"],
    ["nginx:1.25",        `nginx@${SHA}`,                            "kept"],
    ["nginx:1.25",        `registry-1.docker.io/library/nginx@${SHA}`, "kept"],
    ["ghcr.io/a/b:1",     `ghcr.io/a/b@${SHA}`,                      "kept"],
    [`${ECR}/nginx:1.25`, `${ECR}/nginx@${SHA}`,                     "dropped"],
    ["not an image",      `nginx@${SHA}`,                            "dropped"],
  ] as const;
  for (const [from, to, outcome] of credentials) {
    test(`from ${from} to ${to.split("@")[0]}: repositoryCredentials are ${outcome}`, () => {
      const taskDefinition = {
        family: "web",
        containerDefinitions: [
          { name: "web", image: from, repositoryCredentials: { credentialsParameter: "x" } },
        ],
      };
      const [container] = containersOf(revised("web", to, taskDefinition));
      expect(container).toMatchObject({ image: to, hasRepositoryCredentials: outcome === "kept" });
    });
  }

  // biome-ignore format: a table
  const refused = [
    ["a container that is not there", "app", "nginx:1.25",               web,                               'images["app"]'],
    ["a name of every object",        "constructor", "nginx:1.25",       web,                               'images["constructor"]'],
    ["an image that is none",         "web", "Not An Image",             web,                               "image"],
    ["an image name without end",     "web", `a/${"b".repeat(240)}:${"t".repeat(60)}`, web,               "image"],
    ["no family",                     "web", "nginx:1.25",               { containerDefinitions: [] },      "taskDefinition.family"],
    ["no containers",                 "web", "nginx:1.25",               { family: "web" },                 "taskDefinition.containerDefinitions"],
    ["containers of another kind",    "web", "nginx:1.25",               { family: "web", containerDefinitions: {} }, "taskDefinition.containerDefinitions"],
    ["odd containers",                "web", "nginx:1.25",               { family: "web", containerDefinitions: [null, "web", ["web"], {}] }, 'images["web"]'],
  ] as const;
  for (const [what, container, image, taskDefinition, path] of refused) {
    test(`${what} is InvalidInput`, () => {
      expect(() => revised(container, image, taskDefinition)).toThrow(
        expect.objectContaining({ name: "InvalidInput", path }),
      );
    });
  }
});

describe("a revision's tags", () => {
  const tagged = (tags: readonly Tag[], marker: readonly Tag[]) =>
    reviseTaskDefinition({ taskDefinition: web, tags }, { images: new Map(), provenance: marker }).tags;
  const existing = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ key: `team-${at}`, value: String(at) }));
  const marker = [
    { key: "repull:execution", value: "r-2" },
    { key: "repull:previous-revision", value: "web:41" },
    { key: "repull:image-1", value: `nginx:1.25 ${SHA}` },
  ];

  test("are the existing ones, then ours; AWS's own and an earlier marker are not carried", () => {
    const former = [
      { key: "team", value: "shop" },
      { key: "aws:cloudformation:stack-name", value: "shop" },
      { key: "AWS:reserved", value: "in any case" },
      { key: "repull:execution", value: "r-1" },
      { key: "repull:image-2", value: "old" },
      { key: "repull", value: "on" },
      { key: "awsome", value: "not AWS's" },
    ];
    expect(tagged(former, marker)).toEqual([
      { key: "team", value: "shop" },
      { key: "repull", value: "on" },
      { key: "awsome", value: "not AWS's" },
      ...marker,
    ]);
  });

  // biome-ignore format: a table
  const rooms = [
    [0, 3], [47, 3], [48, 2], [49, 1], [50, 0],
  ] as const;
  for (const [count, room] of rooms) {
    test(`keeps all ${count} existing tags, and ${room} of the marker fit, the first ones`, () => {
      expect(tagged(existing(count), marker)).toEqual([...existing(count), ...marker.slice(0, room)]);
    });
  }

  // biome-ignore format: a table
  const bugs = [
    ["an existing key",           { key: "team", value: "x" }],
    ["a value that is too long",  { key: "repull:previous-revision", value: "x".repeat(257) }],
    ["a sign that AWS refuses",   { key: "repull:previous-revision", value: "a;b" }],
  ] as const;
  for (const [what, tag] of bugs) {
    test(`${what} in a marker is a bug of ours`, () => {
      expect(() => tagged([], [tag])).toThrow(expect.objectContaining({ code: "ERR_ASSERTION" }));
    });
  }
});

describe("whatever the definition holds", () => {
  const json: fc.Arbitrary<Json> = fc.jsonValue({ maxDepth: 3 }).map((value) => value as Json);
  const member = fc.oneof(
    fc.constantFrom(
      ...OUTPUT_ONLY_MEMBERS,
      "cpu",
      "volumes",
      "tags",
      "__proto__",
      "toString",
      "memberOfNextYear",
    ),
    fc.string(),
  );
  const object = fc.array(fc.tuple(member, json)).map((entries): JsonObject => Object.fromEntries(entries));
  const definition = fc.tuple(object, object, object).map(
    ([whole, first, second]): JsonObject => ({
      ...whole,
      family: "web",
      containerDefinitions: [
        { ...first, name: "web", image: "nginx:1.25" },
        { ...second, name: "log" },
      ],
    }),
  );
  const entriesOf = (value: Json | undefined, ...but: readonly string[]) =>
    Object.entries(value as JsonObject).filter(([name]) => !but.includes(name));

  test("all members stay, at every level, but the output-only ones; and nothing is changed in place", () => {
    fc.assert(
      fc.property(definition, (taskDefinition) => {
        const before = JSON.stringify(taskDefinition);
        const revision = revised("web", `${ECR}/nginx@${SHA}`, taskDefinition);
        expect(JSON.stringify(taskDefinition)).toBe(before);

        const changed = ["containerDefinitions", "tags"];
        expect(entriesOf(revision, ...changed)).toEqual(
          entriesOf(taskDefinition, ...changed, ...OUTPUT_ONLY_MEMBERS),
        );
        const [web, log] = revision.containerDefinitions as readonly JsonObject[];
        const [formerWeb, formerLog] = taskDefinition.containerDefinitions as readonly JsonObject[];
        expect(log).toEqual(formerLog);
        expect(entriesOf(web, "image")).toEqual(entriesOf(formerWeb, "image", "repositoryCredentials"));
        expect(web?.image).toBe(`${ECR}/nginx@${SHA}`);
      }),
    );
  });

  test("a reader of a task definition answers and never throws", () => {
    fc.assert(
      fc.property(fc.oneof(object, definition), (taskDefinition) => {
        for (const { name } of containersOf(taskDefinition)) expect(name).toBeTypeOf("string");
        runtimePlatformOf(taskDefinition);
        familyOf(taskDefinition);
        executionRoleOf(taskDefinition);
      }),
    );
  });
});

test("containers are read as ECS means them: essential unless they say otherwise", () => {
  const containerDefinitions = [
    { name: "a" },
    { name: "b", image: 7, essential: false, repositoryCredentials: { credentialsParameter: "x" } },
    { image: "unrelated:1" },
    null,
  ];
  expect(containersOf({ containerDefinitions })).toEqual([
    { name: "a", essential: true, hasRepositoryCredentials: false },
    { name: "b", essential: false, hasRepositoryCredentials: true, secret: "x" },
  ]);
});

describe("the platform that a definition asks for", () => {
  const amd64 = { os: "linux", architecture: "amd64" };
  const arm64 = { os: "linux", architecture: "arm64" };
  // biome-ignore format: a table
  const table = [
    [{ cpuArchitecture: "ARM64", operatingSystemFamily: "LINUX" },                      ["EC2"],            arm64],
    [{ cpuArchitecture: "X86_64", operatingSystemFamily: "LINUX" },                     ["FARGATE"],        amd64],
    [{ cpuArchitecture: "ARM64" },                                                      [],                 arm64],
    [{ cpuArchitecture: "X86_64", operatingSystemFamily: "WINDOWS_SERVER_2022_CORE" },  ["FARGATE"],        { os: "windows", architecture: "amd64", osVersion: "10.0.20348" }],
    [{ operatingSystemFamily: "LINUX" },                                                ["FARGATE"],        amd64],
    [undefined,                                                                         ["FARGATE"],        amd64],
    [undefined,                                                                         ["EC2"],            undefined],
    [undefined,                                                                         ["EC2", "FARGATE"], undefined],
    [{ cpuArchitecture: "RISCV" },                                                      ["FARGATE"],        undefined],
    [{ cpuArchitecture: "X86_64", operatingSystemFamily: "PLAN9" },                     ["FARGATE"],        undefined],
  ] as const;
  for (const [runtimePlatform, requiresCompatibilities, platform] of table) {
    test(`${JSON.stringify(runtimePlatform)} on ${requiresCompatibilities}: ${JSON.stringify(platform)}`, () => {
      const declared = runtimePlatform === undefined ? {} : { runtimePlatform };
      expect(runtimePlatformOf({ ...declared, requiresCompatibilities })).toEqual(platform);
    });
  }
});
