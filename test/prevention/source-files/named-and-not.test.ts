// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files that are read have their own variables
/**
 * Files as public repositories have them (read 2026-11), shortened: what each pulls from a registry, by a list that was made by
 * hand before the reader saw them; and files that have the same members and pull nothing.
 */

import { describe, expect, test } from "vitest";
import { editFile } from "../../../src/prevention/source-files/edits/edit-file.ts";
import { readSourceFile } from "../../../src/prevention/source-files/read-source-file.ts";

const HEX = "c".repeat(64);

// biome-ignore format: a table is read by its columns
const table: readonly [what: string, path: string, text: string, images: readonly string[]][] = [
  ["a stage in another case than its name", "Dockerfile", "FROM golang AS Builder\nFROM alpine AS nginx\nFROM nginx\nCOPY --from=builder /a /\nCOPY --from=redis /a /\nFROM Builder\n", ["golang", "alpine", "redis"]],
  ["heredocs with instructions in them", "Dockerfile", "FROM alpine:3.20\nRUN <<EOF1 cat && <<EOF2 sh\nFROM a\nEOF1\nCOPY --from=b / /\nEOF2\nCOPY <<\"X\" /x\n# syntax=foo\nX\nCOPY --from=redis:7 / /\n", ["alpine:3.20", "redis:7"]],
  ["an escape of Windows", "Dockerfile", "# escape=`\nFROM mcr.microsoft.com/windows/servercore:ltsc2022 AS base\nRUN powershell -Command `\n    Write-Host hi\nFROM golang:1.22-windowsservercore-ltsc2022\nCOPY --from=base C:\\a C:\\a\n", ["mcr.microsoft.com/windows/servercore:ltsc2022", "golang:1.22-windowsservercore-ltsc2022"]],
  ["a syntax after a check", "Dockerfile", "# check=skip=SecretsUsedInArgOrEnv\n# syntax=docker.io/docker/dockerfile:1.7-labs\nARG NODE=22\nARG BASE=node:${NODE}-slim\nFROM ${BASE} AS build\nRUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.5,source=/uv,target=/bin/uv \\\n    uv sync\nCOPY --from=0 /b /b\n", ["docker.io/docker/dockerfile:1.7-labs", "node:22-slim", "ghcr.io/astral-sh/uv:0.5"]],
  ["a registry and a tag by arguments", "Dockerfile", "ARG REGISTRY=docker.io\nARG IMAGE=library/python\nARG TAG\nFROM ${REGISTRY}/${IMAGE}:${TAG:-3.12} AS py\nFROM ${REGISTRY:+${REGISTRY}/}redis:7\n", ["docker.io/library/python:3.12", "docker.io/redis:7"]],
  ["instructions that wait for another build", "Dockerfile", "FROM alpine:3.20\nONBUILD COPY --from=busybox:1.36 /bin/busybox /bin/busybox\nONBUILD RUN --mount=from=golang:1.22,target=/go go version\n", ["alpine:3.20", "busybox:1.36", "golang:1.22"]],
  ["an image that another file had and this one takes away", "docker-compose.override.yml", "services:\n  a:\n    image: !reset null\n  b:\n    image: nginx:1.27\n    deploy:\n      labels: !override\n        - image=x\n", ["nginx:1.27"]],
  ["a model, and a service of a provider", "compose.yml", "services:\n  chat:\n    image: my-chat-app\n    models:\n      - llm\n  ai:\n    provider:\n      type: model\n      options:\n        model: ai/gemma3-qat\nmodels:\n  llm:\n    model: ai/smollm2\n", ["my-chat-app"]],
  ["contexts that are services and images", "compose.yaml", "services:\n  migrate:\n    build: .\n    image: app:latest\n  whisper:\n    build:\n      context: .\n      additional_contexts:\n        \"app:latest\": \"service:migrate\"\n        base: docker-image://python:3.12-slim\n    image: whisper:latest\n  qdrant:\n    image: qdrant/qdrant:${QDRANT_TAG:-v1.12}\n", ["python:3.12-slim", "qdrant/qdrant:v1.12"]],
  ["containers of which one has ECS's members", "containers.json", '[{"name":"a","image":"nginx:1"},{"name":"b","image":"redis","essential":true}]', ["nginx:1", "redis"]],
  ["tasks, runs and pipelines of Tekton", "task.yaml", "apiVersion: tekton.dev/v1\nkind: Task\nmetadata:\n  name: t\nspec:\n  stepTemplate:\n    image: alpine:3.19\n  steps:\n    - name: w\n      image: ubuntu\n  sidecars:\n    - name: dind\n      image: docker:24-dind\n---\napiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata:\n  name: pl\nspec:\n  params:\n    - name: image\n      default: docker.io/acme/out:1\n  tasks:\n    - name: t\n      taskSpec:\n        steps:\n          - name: s\n            image: maven:3-jdk-11\n", ["alpine:3.19", "ubuntu", "docker:24-dind", "maven:3-jdk-11"]],
  ["images that Skaffold builds", "skaffold.yaml", "apiVersion: skaffold/v2beta24\nkind: Config\nbuild:\n  artifacts:\n    - image: kainlite/echobot\n      docker:\n        cacheFrom:\n          - kainlite/echobot:cache\n", []],
  ["images that Flux looks at", "image.yaml", "apiVersion: image.toolkit.fluxcd.io/v1beta2\nkind: ImageRepository\nmetadata:\n  name: app\nspec:\n  image: docker.io/linuxserver/sonarr\n", []],
  ["a schema with an image as its example", "openapi.json", '{"openapi":"3.0.0","components":{"schemas":{"Image":{"properties":{"image":{"example":"nginx:1"}}}}}}', []],
  ["a page with services", "content.yaml", "title: hello\nservices:\n  web:\n    image: hero\n", []],
  ["services with pictures", "skills.json", '{"services":{"a":{"image":"a.png"},"b":{"image":"b.svg"}}}', []],
  ["products with memory", "products.json", '[{"name":"Laptop","image":"laptop","cpu":"i7","memory":"16GB"}]', []],
  ["machines with processors", "machines.json", '[{"name":"small","image":"ubuntu-22.04","cpu":2,"memory":4}]', []],
  ["jobs of people", "staff.yaml", "on: [monday]\njobs:\n  chef:\n    image: chef\n    container: pot\n", []],
];

const read = (path: string, text: string) => {
  const file = readSourceFile({ path, text });
  return file.kind === "read" ? file.images : [];
};

describe("the images of a file", () => {
  for (const [what, path, text, images] of table)
    test(`with ${what} are those that it pulls`, () => {
      expect(read(path, text).map(({ image }) => image)).toEqual(images);
    });

  const editable = table.flatMap(([what, path, text]) => {
    const whole = read(path, text).filter(
      ({ target, codes }) => target?.holds === "reference" && codes.length === 0,
    );
    return whole.length === 0 ? [] : [{ what, path, text, whole }];
  });
  for (const { what, path, text, whole } of editable)
    test(`with ${what} change and nothing else does`, () => {
      const changes = whole.map((image) => ({ image, writes: `public.ecr.aws/acme/b@sha256:${HEX}` }));
      const edited = editFile({ path, text }, changes);
      expect(edited.kind).toBe("edited");
      if (edited.kind !== "edited") return;
      // Without the words of the images, both texts are the same.
      const words = edited.edits.toReversed();
      const rest = words.reduce((left, { start, end }) => left.slice(0, start) + left.slice(end), text);
      expect(edited.text.replaceAll(`public.ecr.aws/acme/b@sha256:${HEX}`, "")).toBe(rest);
      expect(words).toHaveLength(whole.length);
      expect(read(path, edited.text)).toHaveLength(read(path, text).length);
    });
});
