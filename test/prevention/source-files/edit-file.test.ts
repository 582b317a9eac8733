// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files that are read have their own variables
/** What `--fix` makes of a file: the words of the image change, and not one byte more; or nothing changes. */

import { describe, expect, it } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { editFile } from "../../../src/prevention/source-files/edits/edit-file.ts";
import { pinned } from "../../../src/prevention/source-files/edits/pin.ts";
import { readSourceFile } from "../../../src/prevention/source-files/read-source-file.ts";

const DIGEST = digestOf("the same image");
const NEW = `public.ecr.aws/docker/library/nginx:1@${DIGEST}`;

/** Replaces every nginx:1 of the file. */
function edited(path: string, text: string, writes = NEW): string {
  const file = { path, text };
  const read = readSourceFile(file);
  if (read.kind !== "read") return read.kind;
  const changes = read.images.filter(({ image }) => image === "nginx:1").map((image) => ({ image, writes }));
  const result = editFile(file, changes);
  return result.kind === "edited" ? result.text : result.because;
}

describe("an edit", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly [what: string, path: string, text: string][] = [
    ["quotes, comments and line ends of YAML",    "compose.yaml",   "# top\r\nservices:\r\n  a:\r\n    image: \"@\"  # why\r\n  b: {image: '@', x: [1, 2]}\r\n  c:\r\n    image:   @\r\n"],
    ["an anchor and its aliases",                 "compose.yaml",   "services:\n  a: {image: &i @}\n  b: {image: *i}\n"],
    ["two images on one line",                    "compose.yaml",   "services: {a: {image: @}, b: {image: @}, c: {image: redis}}"],
    ["a folded text",                             "compose.yaml",   "services:\n  a:\n    image: >-\n      @\n    x: y\n"],
    ["a default of a variable",                   "compose.yaml",   "services: {a: {image: \"${I:-@}\"}}\n"],
    ["a file that has the name elsewhere too",    "compose.yaml",   "# nginx:1\nx-nginx:1: nginx:1\nservices:\n  nginx:1: {image: @, labels: [\"nginx:1\"]}\n"],
    ["an inline Dockerfile",                      "compose.yaml",   "services:\n  a:\n    build:\n      dockerfile_inline: |\n        # nginx:1\n        FROM @ AS x\n\n        RUN a\n    z: 1\n"],
    ["several documents and a mark of their end", "a.yaml",         "%YAML 1.2\n---\napiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    image: @\n...\n---\nx: 1\n"],
    ["the tags of CloudFormation",                "stack.yaml",     "Resources:\n  T:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n        - Image: !Sub \"@\"\n          Name: !Ref X # c\n"],
    ["the form of JSON",                          "task.json",      "{\"containerDefinitions\":\t[ {\"name\" : \"a\",\"image\":\"@\" , \"cpu\":1.0} ] }"],
    ["continued lines, heredocs and comments",    "Dockerfile",     "# syntax=docker/dockerfile:1\nFROM --platform=linux/amd64 \\\n  # nginx:1\n  @ AS x\nRUN <<E\nFROM nginx:1\nE\nCOPY --from=@ /a /b\n"],
    ["an argument that two stages use",           "Dockerfile",     "ARG BASE=\"@\" V=1\nFROM $BASE AS a\nFROM ${BASE}\n"],
    ["Windows' escape and line ends",             "Dockerfile",     "# escape=`\r\nFROM @ `\r\n  AS x\r\nRUN dir C:\\\r\n"],
    ["the comments of HCL",                       "docker-bake.hcl", "target \"a\" { // nginx:1\n  contexts = { b = \"docker-image://@\" } # c\n}\n"],
    ["a workflow's docker:// step",               ".github/workflows/a.yml", "on: push\njobs:\n  a:\n    steps:\n    - uses: docker://@ # v1\n      with: {args: \"a ${{ b }}\"}\n"],
  ];
  for (const [what, path, text] of table)
    it(`keeps all but the image: ${what}`, () =>
      expect(edited(path, text.replaceAll("@", "nginx:1"))).toBe(text.replaceAll("@", NEW)));

  for (const [what, path, text] of table)
    it(`is not made a second time: ${what}`, () =>
      expect(edited(path, text.replaceAll("@", NEW))).toBe("nothing in it can be edited"));

  // biome-ignore format: a table is read by its columns
  const refused: readonly [what: string, path: string, text: string][] = [
    ["an escape in the name",        "compose.yaml", "services: {a: {image: \"ng\\x69nx:1\"}}\n"],
    ["a name over two lines",        "Dockerfile",   "FROM ngi\\\nnx:1\n"],
    ["a registry in an argument",    "Dockerfile",   "ARG R=\nFROM ${R}nginx${V:-:1}\n"],
    ["a plan of Terraform",          "plan.json",    '{"format_version":"1","planned_values":{"root_module":{"resources":[{"type":"docker_image","values":{"name":"nginx:1"}}]}}}'],
  ];
  for (const [what, path, text] of refused)
    it(`is refused for ${what}`, () => expect(edited(path, text)).toBe("nothing in it can be edited"));

  it("is refused where the words would mean something else in their place", () =>
    expect(edited("compose.yaml", "services: {a: {image: nginx:1}}", "b, c: d")).not.toContain("b, c"));

  it("changes the repository alone where the tag is from an argument, and then for the same tag only", () => {
    const text = "ARG V=1\nFROM nginx:$V\n";
    expect(edited("Dockerfile", text)).toBe("nothing in it can be edited");
    expect(edited("Dockerfile", text, "public.ecr.aws/x/nginx:2")).toBe("nothing in it can be edited");
    expect(edited("Dockerfile", text, "public.ecr.aws/x/nginx:1")).toBe(
      "ARG V=1\nFROM public.ecr.aws/x/nginx:$V\n",
    );
  });
});

describe("a pin", () => {
  const image = "public.ecr.aws/docker/library/nginx:1";
  // biome-ignore format: a table is read by its columns
  const table = [
    ["both",   image,                         `${image}@${DIGEST}`],
    ["tag",    image,                         image],
    ["digest", image,                         `public.ecr.aws/docker/library/nginx@${DIGEST}`],
    ["both",   `example.com/a@${DIGEST}`,     `example.com/a@${DIGEST}`],
    ["tag",    `example.com/a@${DIGEST}`,     undefined],
  ] as const;
  for (const [pin, from, words] of table)
    it(`of ${pin} writes ${words ?? "nothing"} for ${from}`, () =>
      expect(pinned({ image: from, digest: DIGEST }, pin)).toBe(words));
});
