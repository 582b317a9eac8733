// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files that are read have their own variables
/** Which images a compose file pulls: interpolation, anchors, inline Dockerfiles, contexts, and what is built. */

import { describe, expect, it } from "vitest";
import { imagesIn } from "../../support/source-images.ts";

// biome-ignore format: a table is read by its columns
const table: readonly [what: string, text: string, found: readonly string[]][] = [
  ["a service", "services:\n  web:\n    image: nginx:1\n", ["3:12 services.web.image nginx:1"]],
  ["in quotes of both kinds", "services:\n  a: {image: \"nginx:1\"}\n  b: {image: 'redis:7'}\n", ["2:15 services.a.image nginx:1", "3:15 services.b.image redis:7"]],
  ["two images on one line", "services: {a: {image: nginx}, b: {image: redis}}\n", ["1:23 services.a.image nginx", "1:42 services.b.image redis"]],
  ["the same image twice", "services:\n  a: {image: nginx}\n  b: {image: nginx}\n", ["2:14 services.a.image nginx", "3:14 services.b.image nginx"]],
  ["an anchor that is used twice is one image", "services:\n  a: {image: &i nginx}\n  b: {image: *i}\n  c: {image: *i}\n", ["2:17 services.a.image nginx"]],
  ["an anchor outside of services", "x-i: &i nginx:1\nservices:\n  a: {image: *i}\n", ["1:9 services.a.image nginx:1"]],
  ["a merged service", "x-a: &a\n  image: nginx:1\nservices:\n  a:\n    <<: *a\n  b:\n    <<: [*a]\n    image: redis:7\n", ["2:10 services.a.image nginx:1", "8:12 services.b.image redis:7"]],
  ["a folded text", "services:\n  a:\n    image: >-\n      nginx:1\n", ["4:7 services.a.image nginx:1"]],
  ["a block of lines", "services:\n  a:\n    image: |-\n      nginx:1\n", ["4:7 services.a.image nginx:1"]],
  ["an escape is not edited", "services: {a: {image: \"ng\\x69nx:1\"}}\n", ["1:23 services.a.image nginx:1 not edited (not-verbatim)"]],
  ["an image next to build is the name of what is built", "services:\n  a: {image: acme/a, build: .}\n  b: {image: b:1}\n", ["3:14 services.b.image b:1"]],
  ["a default of a variable", "services: {a: {image: \"${I:-nginx:1}\"}}\n", ["1:29 services.a.image nginx:1 (default)"]],
  ["a default without a colon, one in another", "services:\n  a: {image: \"${I-nginx:1}\"}\n  b: {image: \"${A:-${B:-redis:7}}\"}\n", ["2:19 services.a.image nginx:1 (default)", "3:25 services.b.image redis:7 (default)"]],
  ["a tag that is not known", "services: {a: {image: \"nginx:${TAG}\"}}\n", ["1:24 services.a.image nginx:${TAG} at docker.io (not-checkable)"]],
  ["a tag with a default", "services: {a: {image: \"nginx:${TAG:-1}\"}}\n", ["1:24 services.a.image nginx:1 edits nginx (default, split-reference)"]],
  ["a registry that is not known", "services: {a: {image: \"$REG/nginx:1\"}}\n", ["1:24 services.a.image $REG/nginx:1 (not-checkable)"]],
  ["a needed variable", "services: {a: {image: \"nginx:${TAG:?no tag}\"}}\n", ["1:24 services.a.image nginx:${TAG:?no tag} at docker.io (not-checkable)"]],
  ["two dollar signs are one", "services: {a: {image: \"nginx:$$x\"}}\n", ["1:24 services.a.image nginx:$$x (invalid-reference)"]],
  ["each profile", "services:\n  a: {image: nginx:1, profiles: [debug]}\n", ["2:14 services.a.image nginx:1"]],
  ["an inline Dockerfile", "services:\n  a:\n    build:\n      dockerfile_inline: |\n        # syntax=docker/dockerfile:1\n        FROM node:20 AS x\n\n        FROM x\n        COPY --from=busybox:1 a b\n", ["5:18 services.a.build.dockerfile_inline # syntax docker/dockerfile:1", "6:14 services.a.build.dockerfile_inline FROM node:20", "9:21 services.a.build.dockerfile_inline COPY --from busybox:1"]],
  ["a named context", "services:\n  a: {build: {additional_contexts: {b: 'docker-image://c:1', d: ./e}}}\n  f: {build: {additional_contexts: [b=docker-image://g:1]}}\n", ["2:56 services.a.build.additional_contexts.b c:1", "3:54 services.f.build.additional_contexts.0 g:1"]],
  ["a volume that is an image", "services:\n  a: {build: ., volumes: [{type: image, source: data:1, target: /x}]}\n", ["2:49 services.a.volumes.0.source data:1"]],
  ["a name that is not a string", "services: {a: {image: 7}, b: {image: null}, c: {image: [x]}, d: null}\n", ["1:23 services.a.image 7"]],
  ["no image at all", "services: {a: {build: .}}\nx: image\n", []],
  ["two documents", "services: {a: {image: b:1}}\n---\nservices: {a: {image: c:1}}\n", ["1:23 services.a.image b:1", "3:23 services.a.image c:1"]],
];

describe("a compose file", () => {
  for (const [what, text, found] of table)
    it(`has these images: ${what}`, () => expect(imagesIn("compose.yaml", text)).toEqual(found));

  it("is known by its content under any name", () =>
    expect(imagesIn("deploy/stack.yml", "services: {a: {image: nginx:1}}\n")).toEqual([
      "1:23 services.a.image nginx:1",
    ]));

  const env = 'TAG=s3cret\nREG=ghcr.io # a comment\nQUOTED="docker.io/x"\n';
  // biome-ignore format: a table is read by its columns
  const private_: readonly [image: string, found: string][] = [
    ["nginx:${TAG}",    "1:24 services.a.image nginx:${TAG} at docker.io (value-from-env-file)"],
    ["nginx:${TAG:-1}", "1:24 services.a.image nginx:${TAG:-1} at docker.io (value-from-env-file)"],
    ["${REG}/a/b:1",    "1:24 services.a.image ${REG}/a/b:1 at ghcr.io (value-from-env-file)"],
    ["${QUOTED}:1",     "1:24 services.a.image ${QUOTED}:1 at docker.io (value-from-env-file)"],
  ];
  for (const [image, found] of private_)
    it(`uses .env to know the registry of ${image}, and does not print its values`, () => {
      const rows = imagesIn("compose.yaml", `services: {a: {image: "${image}"}}\n`, env);
      expect(rows).toEqual([found]);
      expect(rows.join()).not.toContain("s3cret");
    });
});
