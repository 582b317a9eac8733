/** Which images of a task definition follow a copied tag: by its own name, by another one of Docker Hub, or by Repull's copy of it. */

import { describe, expect, test } from "vitest";
import type { Digest } from "../../../src/image/digest.ts";
import { parseReference } from "../../../src/image/reference.ts";
import { type CopiedSource, followedImages } from "../../../src/mirrors/apply/followed-images.ts";

const [OLD, NEW] = ["a", "b"].map((digit) => `sha256:${digit.repeat(64)}`) as [Digest, Digest];
const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const copied = (name: string): [string, CopiedSource] => {
  const source = parseReference(name);
  return [name, { name, source, repository: `repull/${source.host}/${source.path}` }];
};
const NGINX = "docker.io/library/nginx:1.27";
const SOURCES = new Map([NGINX, "docker.io/library/nginx:latest", "quay.io/acme/web:2"].map(copied));
const MARKS = [
  { image: "nginx:1.27", digest: OLD },
  { image: "acme/other:1", digest: NEW },
];

// biome-ignore format: a table is read by its columns
const TABLE = [
  ["a tag at its own registry",                          "nginx:1.27",                                        NGINX],
  ["the same name in full",                              "docker.io/library/nginx:1.27",                      NGINX],
  ["the same by another host of Docker Hub",             "registry-1.docker.io/library/nginx:1.27",           NGINX],
  ["no tag, which means latest",                         "nginx",                                             "docker.io/library/nginx:latest"],
  ["a tag of another registry",                          "quay.io/acme/web:2",                                "quay.io/acme/web:2"],
  ["a copy that Repull put in the tag's place",          `${ECR}/repull/docker.io/library/nginx@${OLD}`,      NGINX],
  ["ECR Public's twin that Repull put in its place",     `public.ecr.aws/docker/library/nginx@${OLD}`,        NGINX],
  ["a copy of a repository that the mark is not of",     `${ECR}/payments/api@${OLD}`,                        undefined],
  ["a digest that no mark names",                        `${ECR}/repull/docker.io/library/nginx@sha256:${"c".repeat(64)}`, "names-digest"],
  ["a digest at the registry",                           `nginx@${NEW}`,                                      "names-digest"],
  ["a tag with a digest",                                `nginx:1.27@${NEW}`,                                 "names-digest"],
  ["a copy by its tag",                                  `${ECR}/repull/docker.io/library/nginx:1.27-aaaaaaaaaaaa`, "names-copy"],
  ["a tag without a copy",                               "nginx:1.26",                                        undefined],
  ["another image",                                      "redis:7",                                           undefined],
  ["what cannot be read",                                "%%%",                                               undefined],
] as const;

describe("followedImages", () => {
  for (const [what, image, expected] of TABLE)
    test(`says of ${what}: ${expected ?? "nothing"}`, () => {
      const [found] = followedImages([{ name: "web", image }], MARKS, SOURCES);
      expect(found?.kind === "follows" ? found.of.name : found?.code).toBe(expected);
    });

  test("names the containers of an image together, and each image once", () => {
    const containers = [
      { name: "a", image: "nginx:1.27" },
      { name: "b", image: "redis:7" },
      { name: "c", image: "nginx:1.27" },
    ];
    expect(followedImages(containers, [], SOURCES)).toMatchObject([
      { kind: "follows", containers: ["a", "c"], writtenAs: "nginx:1.27" },
    ]);
  });

  test("keeps what was written before a copy was named", () => {
    const image = `${ECR}/repull/docker.io/library/nginx@${OLD}`;
    expect(followedImages([{ name: "web", image }], MARKS, SOURCES)).toMatchObject([
      { writtenAs: "nginx:1.27" },
    ]);
  });
});
