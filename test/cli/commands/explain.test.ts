import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { explain } from "../../../src/cli/commands/explain.ts";
import { DEFAULT_POLICY } from "../../../src/substitution/policy/policy.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";

const sample = (name: string): string =>
  readFileSync(new URL(`../../../events/${name}.json`, import.meta.url), "utf8");

async function explained(
  files: Readonly<Record<string, string>>,
  options: { text?: string; image?: string } = {},
) {
  const io = commandIo(files);
  const input = { files: Object.keys(files), ...options, json: true, policy: DEFAULT_POLICY };
  const status = await explain(input, io);
  return { status, objects: objectsIn(io.printed.out) };
}

describe("repull explain", () => {
  test("answers one object for each event, with every member named, null where it does not apply", async () => {
    const { status, objects } = await explained({ "e.json": sample("fargate-service") });
    expect(status).toBe(0);
    expect(objects).toHaveLength(1);
    expect(objects[0]).toMatchObject({
      kind: "docker-hub-pull-limit",
      limitedAs: "anonymous",
      confidence: "certain",
      registry: "docker.io",
      image: "docker.io/library/nginx:1.25",
      container: "web",
      owner: { kind: "service", service: "web", cluster: expect.stringContaining("prod") },
    });
    for (const member of ["evidence", "because", "wouldDo", "others", "where"])
      expect(objects[0]).toHaveProperty(member);
  });

  for (const [event, kind, status] of [
    ["ec2-service", "docker-hub-pull-limit", 0],
    ["abuse-limit", "docker-hub-abuse-limit", 0],
    ["ecr-public-limit", "registry-limit", 0],
    ["not-found", "not-found", 0],
    ["unauthorized", "unauthorized", 0],
    ["stopped-by-hand", "ignored", 0],
    ["deployment-failed", "ignored", 0],
    ["malformed", "invalid", 2],
  ] as const) {
    test(`${event}.json is ${kind}`, async () => {
      const { status: exit, objects } = await explained({ "e.json": sample(event) });
      expect(objects.map((object) => object.kind)).toEqual([kind]);
      expect(exit).toBe(status);
    });
  }

  for (const [event, isPointedOn] of [
    ["not-found", true],
    ["unauthorized", true],
    ["ecr-public-limit", false],
    ["deployment-failed", true],
    ["stopped-by-hand", false],
  ] as const)
    test(`${isPointedOn ? "points" : "does not point"} to repull diagnose for ${event}.json`, async () => {
      const { objects } = await explained({ "e.json": sample(event) });
      expect(JSON.stringify(objects[0]?.wouldDo).includes("repull diagnose")).toBe(isPointedOn);
    });

  test("says of a text whose limit it is by the container's image", async () => {
    const text = "Error response from daemon: toomanyrequests: Rate exceeded";
    const { objects } = await explained({}, { text, image: "public.ecr.aws/docker/library/nginx:1" });
    expect(objects[0]).toMatchObject({ kind: "registry-limit", registry: "public.ecr.aws", owner: null });
  });

  test("names neither a user nor a token of the text", async () => {
    const { objects } = await explained({ "e.json": sample("authenticated-limit") });
    expect(JSON.stringify(objects)).not.toMatch(/dckr_jti_[A-Za-z0-9]/);
  });

  test("goes on after a file that is not there, and ends with status 2", async () => {
    const io = commandIo({ "e.json": sample("ec2-service") });
    const status = await explain({ files: ["none.json", "e.json"], json: false, policy: DEFAULT_POLICY }, io);
    expect(status).toBe(2);
    expect(io.printed.out).toContain("none.json: invalid");
    expect(io.printed.out).toContain("e.json: docker-hub-pull-limit");
  });

  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const proto =
    '{"source":"aws.ecs","detail-type":"ECS Task State Change","__proto__":{"polluted":1},"detail":{"__proto__":{"polluted":1}}}';
  for (const [because, document] of [
    ["a number", "1"],
    ["null", "null"],
    ["a text of a megabyte", JSON.stringify("x".repeat(1_000_000))],
    [
      "nesting without end",
      `{"source":"aws.ecs","detail-type":"ECS Task State Change","detail":{"containers":${deep}}}`,
    ],
    ["members of the wrong types", '{"source":1,"detail-type":[],"detail":7,"account":{},"region":null}'],
    ["a prototype for its member", proto],
    [
      "a megabyte of reason",
      JSON.stringify({
        ...JSON.parse(sample("ec2-service")),
        detail: {
          ...JSON.parse(sample("ec2-service")).detail,
          stoppedReason: "docker.io toomanyrequests ".repeat(40_000),
        },
      }),
    ],
  ] as const) {
    test(`survives ${because}`, async () => {
      const started = process.hrtime.bigint();
      const { objects } = await explained({ "e.json": document });
      for (const object of objects) expect(typeof object.because).toBe("string");
      expect(Number(process.hrtime.bigint() - started) / 1e9).toBeLessThan(10);
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    });
  }
});
