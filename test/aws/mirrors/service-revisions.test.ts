/** What service revisions use: each is described once, and says the same ever after. */

import { deepEqual, equal, rejects } from "node:assert/strict";
import { describe, test } from "vitest";
import type { EcsLists } from "../../../src/aws/mirrors/ecs-lists.ts";
import { readServiceRevisions } from "../../../src/aws/mirrors/service-revisions.ts";
import { digestOf } from "../../../src/image/digest.ts";
import type { KnownImages } from "../../../src/mirrors/ports.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";

const SERVICE = "arn:aws:ecs:us-east-1:123456789012:service/prod/web";
const arnOf = (id: number) => `arn:aws:ecs:us-east-1:123456789012:service-revision/prod/web/${id}`;
const WEB = digestOf("web");

function account(revisions: Map<number, JsonObject[]>) {
  const described: string[] = [];
  const lists = {
    revisionsOf: async () => new Map([[SERVICE, [...revisions.keys()].map(arnOf)]]),
    describeRevisions: async (arns: readonly string[]) => {
      described.push(...arns);
      return arns.map((serviceRevisionArn) => ({
        serviceRevisionArn,
        taskDefinition: "web:1",
        containerImages: revisions.get(Number(serviceRevisionArn.split("/").at(-1))) ?? [],
      }));
    },
  } satisfies Pick<EcsLists, "revisionsOf" | "describeRevisions">;
  const known: KnownImages = new Map();
  return {
    described,
    known,
    read: (newMax = 100) => readServiceRevisions(lists as unknown as EcsLists, [], known, newMax),
  };
}

const named = { image: "web:1", imageDigest: WEB };

describe("service revisions", () => {
  test("are described once, and say the same when they are known", async () => {
    const { read, described } = account(
      new Map([
        [1, [named]],
        [2, [named, { image: "log:1", imageDigest: digestOf("log") }]],
      ]),
    );
    const words = async () => {
      const { uses, taskDefinitions } = await read();
      const pairs = uses.flatMap(({ by, image, digest }) =>
        [image, digest].flatMap((one) => (one ? `${by} ${one}` : [])),
      );
      return [[...new Set(pairs)].sort(), taskDefinitions];
    };
    const before = await words();
    deepEqual(await words(), before);
    equal(described.length, 2);
  });

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, images: JsonObject[]])[] = [
    ["has a container without a digest yet",      [named, { image: "log:1" }]],
    ["has no container yet",                      []],
    ["names an image with a space",               [{ image: "web:1 x", imageDigest: WEB }]],
  ];
  for (const [what, images] of table)
    test(`are described each time where one ${what}`, async () => {
      const { read, described } = account(new Map([[1, images]]));
      for (let count = 0; count < 2; count += 1)
        deepEqual(
          (await read()).uses.map(({ image }) => image),
          images.map(({ image }) => image),
        );
      equal(described.length, 2);
    });

  test("are forgotten when ECS lists them no longer", async () => {
    const revisions = new Map([
      [1, [named]],
      [2, [named]],
    ]);
    const { read, known } = account(revisions);
    await read();
    revisions.delete(1);
    await read();
    deepEqual(
      known.get(SERVICE)?.map((line) => line.split(" ")[0]),
      [arnOf(2)],
    );
  });

  test("are not read where there are more new ones than a run describes, and are after some runs", async () => {
    const { read } = account(new Map(Array.from({ length: 5 }, (_, id) => [id, [named]])));
    await rejects(read(2));
    await rejects(read(2));
    equal((await read(2)).taskDefinitions.length, 5);
  });
});
