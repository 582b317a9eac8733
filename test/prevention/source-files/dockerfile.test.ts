// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files that are read have their own variables
/** Which images a Dockerfile pulls, by BuildKit's rules: stages, arguments, heredocs, flags and directives. */

import { describe, expect, it } from "vitest";
import { imagesIn } from "../../support/source-images.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

// biome-ignore format: a table is read by its columns
const table: readonly [what: string, text: string, found: readonly string[]][] = [
  ["FROM", "FROM nginx:1.27\n", ["1:6 FROM nginx:1.27"]],
  ["FROM in small letters, with a platform and a name", "from --platform=$BUILDPLATFORM node:20 as build\n", ["1:32 FROM node:20"]],
  ["a stage of an earlier FROM is not an image", "FROM node:20 AS Build\nFROM build\n", ["1:6 FROM node:20"]],
  ["the name of a later stage is an image", "FROM build\nFROM node:20 AS build\n", ["1:6 FROM build", "2:6 FROM node:20"]],
  ["scratch is not an image", "FROM scratch\nCOPY --from=alpine:3 /a /a\n", ["2:13 COPY --from alpine:3"]],
  ["COPY --from a stage's name, in any letters, or number", "FROM a:1 AS x\nFROM b:1\nCOPY --from=X /a /a\nCOPY --from=0 /a /a\n", ["1:6 FROM a:1", "2:6 FROM b:1"]],
  ["COPY --from does not expand variables", "ARG I=b:1\nFROM a:1\nCOPY --from=$I /a /a\n", ["2:6 FROM a:1", "3:13 COPY --from $I (not-checkable)"]],
  ["RUN --mount, where a number is not a stage", "FROM a:1\nRUN --mount=type=cache,from=b:1,target=/x --mount=type=bind,from=c:1 make\n", ["1:6 FROM a:1", "2:29 RUN --mount b:1", "2:66 RUN --mount c:1"]],
  ["RUN --mount of a stage", "FROM a:1 AS x\nRUN --mount=from=x,target=/y make\n", ["1:6 FROM a:1"]],
  ["ADD has no --from", "FROM a:1\nADD --from=b:1 x y\n", ["1:6 FROM a:1"]],
  ["ONBUILD", "FROM a:1\nONBUILD COPY --from=b:1 x y\nONBUILD RUN --mount=from=c:1,target=/x make\n", ["1:6 FROM a:1", "2:21 ONBUILD COPY --from b:1", "3:26 ONBUILD RUN --mount c:1"]],
  ["# syntax=, which each build pulls", "# syntax=docker/dockerfile:1\nFROM a:1\n", ["1:10 # syntax docker/dockerfile:1", "2:6 FROM a:1"]],
  ["# syntax= that is not first is a comment", "# a comment\n# syntax=docker/dockerfile:1\nFROM a:1\n", ["3:6 FROM a:1"]],
  ["a heredoc's words are not instructions", "FROM a:1\nRUN <<EOF\nFROM evil:1\nCOPY --from=evil:2 a b\nEOF\nCOPY <<A <<-B /x\nFROM evil:3\nA\nFROM evil:4\n\tB\nFROM b:1\n", ["1:6 FROM a:1", "11:6 FROM b:1"]],
  ["the escape directive, and a line that goes on", "# escape=`\nFROM `\n  a:1\nRUN dir C:\\\nFROM b:1\n", ["3:3 FROM a:1", "5:6 FROM b:1"]],
  ["a name over two lines is found, and not edited", "FROM ngi\\\nnx:1\n", ["1:6 FROM nginx:1 not edited (not-verbatim)"]],
  ["a comment in an instruction that goes on", "FROM \\\n# why\n  a:1\n", ["3:3 FROM a:1"]],
  ["an argument that is the whole name: the argument is edited", "ARG BASE=node:20\nFROM $BASE\n", ["1:10 FROM node:20 (default)"]],
  ["an argument that two stages use is one image", "ARG BASE=\"node:20\"\nFROM ${BASE} AS a\nFROM ${BASE} AS b\n", ["1:11 FROM node:20 (default)"]],
  ["an argument that is the tag: the repository is edited", "ARG V=20\nFROM node:${V}-alpine\n", ["2:6 FROM node:20-alpine edits node (default, split-reference)"]],
  ["an argument that is the registry", "ARG REG=docker.io\nFROM $REG/library/node:20\n", ["2:6 FROM docker.io/library/node:20 not edited (default, split-reference)"]],
  ["an argument made of others", "ARG A=20 B=node:$A\nFROM $B\n", ["2:6 FROM node:20 edits node (default, split-reference)"]],
  ["an argument after FROM does not count for FROM", "FROM a:1\nARG V=2\nFROM b:$V\n", ["1:6 FROM a:1", "3:6 FROM b:$V at docker.io (not-checkable)"]],
  ["an argument without a default", "ARG BASE\nFROM $BASE\n", ["2:6 FROM $BASE (not-checkable)"]],
  ["a default in the variable", "FROM ${BASE:-node:20}\n", ["1:14 FROM node:20 (default)"]],
  ["the forms :+ and :?", "ARG V=1\nFROM a${V:+:2}\nFROM b:${V:?no}\n", ["2:6 FROM a:2 edits a (split-reference)", "3:6 FROM b:1 edits b (default, split-reference)"]],
  ["a form that cuts is not known", "ARG V=v1\nFROM a:${V#v}\n", ["2:6 FROM a:${V#v} at docker.io (not-checkable)"]],
  ["a variable in front of the name", "FROM ${REGISTRY}/a:1\n", ["1:6 FROM ${REGISTRY}/a:1 (not-checkable)"]],
  ["other registries are found too", `FROM ghcr.io/a/b:1\nFROM public.ecr.aws/x/y@${DIGEST}\n`, ["1:6 FROM ghcr.io/a/b:1", `2:6 FROM public.ecr.aws/x/y@${DIGEST}`]],
  ["lines end as on Windows", "FROM a:1\r\nFROM b:1\r\n", ["1:6 FROM a:1", "2:6 FROM b:1"]],
  ["columns are UTF-16 code units", "FROM a:1\nRUN --mount=type=bind,source=🐳,from=b:1 x\n", ["1:6 FROM a:1", "2:38 RUN --mount b:1"]],
  ["a template of another program", "FROM {{ base }}:1\nFROM ${{ matrix.image }}\n", ["1:6 FROM {{ (invalid-reference)", "2:6 FROM ${{ (not-checkable)"]],
];

describe("a Dockerfile", () => {
  for (const [what, text, found] of table)
    it(`has these images: ${what}`, () => expect(imagesIn("Dockerfile", text)).toEqual(found));

  // biome-ignore format: a table is read by its columns
  const names: readonly [path: string, isRead: boolean][] = [
    ["Dockerfile", true], ["Containerfile", true], ["a/b/Dockerfile.prod", true], ["web.dockerfile", true], ["dev-Dockerfile", true],
    ["Dockerfile.dockerignore", false], ["Dockerfile.py", true], ["Dockerfile.rs", true], ["docs/dockerfile.md", false], ["Makefile", false],
  ];
  for (const [path, isRead] of names)
    it(`is ${isRead ? "read" : "skipped"} under the name ${path}`, () =>
      expect(imagesIn(path, "FROM a:1\n")).toEqual(isRead ? ["1:6 FROM a:1"] : ["skipped unknown-kind"]));

  it("is skipped where the name is all that it has of one", () =>
    expect(imagesIn("Dockerfile", "see the other folder\n")).toEqual(["skipped unknown-kind"]));
});
