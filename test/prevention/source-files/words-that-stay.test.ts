// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files that are read have their own variables
/** Images whose words also say something else: they are reported, and not edited. Each next to the nearest shape that is edited. */

import { describe, expect, it } from "vitest";
import { imagesIn } from "../../support/source-images.ts";

const stack = (parameter: string): string =>
  `Parameters:\n  Image: {Type: String, Default: redis:7${parameter}}\nResources:\n  T:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n        - Image: !Ref Image\n`;
const CI = ".gitlab-ci.yml";
const COMPOSE = "compose.yaml";
const KUSTOMIZATION = "kustomization.yaml";

// biome-ignore format: a table is read by its columns
const table: readonly [what: string, path: string, text: string, found: readonly string[]][] = [
  ["a kustomization's newName without a tag: the manifest has it", KUSTOMIZATION, "images:\n- {name: web, newName: nginx}\n", ["2:24 images.0 nginx at docker.io (not-checkable)"]],
  ["a kustomization's newName with a digest", KUSTOMIZATION, `images:\n- {name: web, newName: nginx, digest: 'sha256:${"a".repeat(64)}'}\n`, [`2:24 images.0 nginx@sha256:${"a".repeat(64)} edits nginx (split-reference)`]],
  ["an entry of a kustomization that replaces nothing", KUSTOMIZATION, "images:\n- {name: nginx}\n", []],

  ["a service of GitLab without an alias, as a text", CI, "t: {script: [a], services: ['redis:7']}\n", ["1:30 t.services.0 redis:7 not edited (names-the-host)"]],
  ["a service of GitLab without an alias, by its name", CI, "t: {script: [a], services: [{name: 'redis:7'}]}\n", ["1:37 t.services.0.name redis:7 not edited (names-the-host)"]],
  ["a service of GitLab with an alias", CI, "t: {script: [a], services: [{name: 'redis:7', alias: r}]}\n", ["1:37 t.services.0.name redis:7"]],
  ["an anchor that is an image and a service without an alias", CI, "t: {script: [a], image: &i 'redis:7', services: [*i]}\n", ["1:29 t.image redis:7 not edited (names-the-host)"]],

  ["an anchor that is a container's name too", COMPOSE, "services:\n  a:\n    container_name: &n redis\n    image: *n\n", ["3:24 services.a.image redis not edited (used-elsewhere)"]],
  ["an image that is a label too", COMPOSE, "services:\n  a:\n    image: &m nginx:1.27\n    labels: [*m]\n", ["3:15 services.a.image nginx:1.27 not edited (used-elsewhere)"]],
  ["an anchor in quotes that is a variable's value too", COMPOSE, "services: {a: {image: &m \"nginx:1\", environment: {I: *m}}}\n", ["1:27 services.a.image nginx:1 not edited (used-elsewhere)"]],
  ["an anchor of an image that is another service's command, by a merge", COMPOSE, "services:\n  a: &a {image: &m nginx:1, command: *m}\n  b: {<<: *a}\n", ["2:20 services.a.image nginx:1 not edited (used-elsewhere)"]],
  ["an anchor in an extension field", COMPOSE, "x-image: &i nginx:1\nservices: {a: {image: *i}, b: {image: *i}}\n", ["1:13 services.a.image nginx:1"]],
  ["an anchor in a hidden key of GitLab", CI, ".i: &i nginx:1\nt: {image: *i, script: [a]}\n", ["1:8 t.image nginx:1"]],
  ["a kustomization's name that is the new name by an alias", KUSTOMIZATION, "images: [{name: &n nginx, newName: *n, newTag: '1'}]\n", ["1:20 images.0 nginx:1 not edited (split-reference, used-elsewhere)"]],

  ["a parameter with allowed values", "a.yaml", stack(", AllowedValues: [redis:7, redis:6]"), ["8:23 T.ContainerDefinitions.0.Image redis:7 not edited (default, restricted-value)"]],
  ["a parameter with an allowed pattern", "a.yaml", stack(", AllowedPattern: 'redis:.*'"), ["8:23 T.ContainerDefinitions.0.Image redis:7 not edited (default, restricted-value)"]],
  ["a parameter with a largest length", "a.yaml", stack(", MaxLength: 20"), ["8:23 T.ContainerDefinitions.0.Image redis:7 not edited (default, restricted-value)"]],
  ["a parameter that allows everything", "a.yaml", stack(""), ["2:34 T.ContainerDefinitions.0.Image redis:7 (default)"]],

  ["a parameter that is a container's variable too", "a.yaml", `${stack("")}          Environment: [{Name: I, Value: !Ref Image}]\n`, ["2:34 T.ContainerDefinitions.0.Image redis:7 not edited (default, used-elsewhere)"]],
  ["a parameter that is in an output's text too", "a.yaml", `${stack("")}Outputs: {I: {Value: !Sub 'x \${Image}'}}\n`, ["2:34 T.ContainerDefinitions.0.Image redis:7 not edited (default, used-elsewhere)"]],
  ["a variable of a bake file that is an argument of the build too", "docker-bake.hcl", 'variable "B" { default = "redis:7" }\ntarget "a" {\n  args = { X = B }\n  contexts = { c = "docker-image://${B}" }\n}\n', ["4:36 target.a.contexts.c redis:7 not edited (default, used-elsewhere)"]],
  ["a variable of a bake file in JSON that is a tag too", "docker-bake.json", '{"variable":{"B":{"default":"redis:7"}},"target":{"a":{"tags":["x-${B}"],"contexts":{"c":"docker-image://${B}"}}}}', ["1:106 target.a.contexts.c redis:7 not edited (default, used-elsewhere)"]],
  ["a variable of a bake file in JSON that is an image alone", "docker-bake.json", '{"variable":{"B":{"default":"redis:7"}},"target":{"a":{"contexts":{"c":"docker-image://${B}"}}}}', ["1:30 target.a.contexts.c redis:7 (default)"]],

  ["an argument that a command uses", "Dockerfile", "ARG BASE=ubuntu\nFROM ${BASE}\nARG BASE\nRUN echo $BASE\n", ["2:6 FROM ubuntu not edited (default, used-elsewhere)"]],
  ["an argument whose value is in one that a command uses", "Dockerfile", "ARG BASE=ubuntu\nARG B2=$BASE\nFROM $BASE\nARG B2\n", ["3:6 FROM ubuntu not edited (default, used-elsewhere)"]],
  ["an argument that a stage gives a value of its own", "Dockerfile", "ARG BASE=ubuntu\nFROM ${BASE}\nARG BASE=other\nRUN echo $BASE\n", ["1:10 FROM ubuntu (default)"]],
  ["a tag that a command uses: the name is edited", "Dockerfile", "ARG V=20\nFROM node:$V\nARG V\n", ["2:6 FROM node:20 edits node (default, split-reference)"]],
  ["a variable of GitLab that a script uses", CI, "variables: {DB: 'postgres:15'}\nt: {image: $DB, script: ['docker run $DB']}\n", ["2:12 t.image postgres:15 not edited (default, used-elsewhere)"]],
  ["a variable of GitLab that a rule uses, by its long form", CI, "variables: {DB: {value: 'postgres:15'}}\nt: {image: $DB, script: [a], rules: [{if: '${DB} == \"x\"'}]}\n", ["2:12 t.image postgres:15 not edited (default, used-elsewhere)"]],
  ["a variable of GitLab that two images use", CI, "variables: {DB: 'postgres:15'}\nt: {image: {name: $DB}, script: [a], services: [{name: $DB, alias: d}]}\n", ["1:18 t.image.name postgres:15 (default)"]],
];

describe("words that say more than an image", () => {
  for (const [what, path, text, found] of table)
    it(`are reported as what they are: ${what}`, () => expect(imagesIn(path, text)).toEqual(found));
});
