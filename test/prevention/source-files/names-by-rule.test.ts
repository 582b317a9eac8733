// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files that are read have their own variables
/** Rules of the programs that read a file, which decide what is an image in it and which one. */

import { describe, expect, it } from "vitest";
import { imagesIn } from "../../support/source-images.ts";

const workflow = (job: string): string => `on: push\njobs:\n  a:\n${job}`;
const WORKFLOW = ".github/workflows/a.yml";
const container = (image: string): string =>
  `Resources: {T: {Type: 'AWS::ECS::TaskDefinition', Properties: {ContainerDefinitions: [{Image: ${image}}]}}}\n`;

// biome-ignore format: a table is read by its columns
const table: readonly [what: string, path: string, text: string, found: readonly string[]][] = [
  ["COPY --from looks at later stages too", "Dockerfile", "FROM a:1\nCOPY --from=Tools /a /a\nRUN --mount=from=tools,target=/t make\nFROM b:1 AS tools\n", ["1:6 FROM a:1", "4:6 FROM b:1"]],
  ["FROM looks at earlier stages alone", "Dockerfile", "FROM tools\nFROM b:1 AS tools\n", ["1:6 FROM tools", "2:6 FROM b:1"]],
  ["options of BuildKit's driver are lines", WORKFLOW, workflow("    steps:\n      - uses: docker/setup-buildx-action@v3\n        with:\n          driver-opts: |\n            network=host\n            image=moby/buildkit:v0.12\n"), ["9:19 jobs.a.steps.0.with.driver-opts moby/buildkit:v0.12"]],
  ["options of BuildKit's driver without an image", WORKFLOW, workflow("    steps:\n      - uses: docker/setup-buildx-action@v3\n        with: {driver-opts: network=host}\n"), []],
  ["docker:// before a job's container", WORKFLOW, workflow("    container: docker://node:20\n"), ["4:25 jobs.a.container node:20"]],
  ["docker:// before a container's and a service's image", WORKFLOW, workflow("    container: {image: 'docker://node:20'}\n    services: {db: {image: 'Docker://redis:7'}}\n"), ["4:34 jobs.a.container.image node:20", "5:38 jobs.a.services.db.image redis:7"]],
  ["an input of GitLab's components", ".gitlab-ci.yml", "t: {image: 'node:$[[ inputs.v ]]', script: [a]}\n", ["1:13 t.image node:$[[ inputs.v ]] at docker.io (not-checkable)"]],
  ["an input of GitLab's components in a file of another kind", "a.yaml", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: 'node:$[[ inputs.v ]]'}]}\n", ["3:39 Pod/? spec.containers.0.image node:$[[ inputs.v ]] at docker.io (not-checkable)"]],
  ["a kind of another group", "a.yaml", "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: j}\nspec: {tasks: [{template: {spec: {containers: [{name: a, image: b:1}]}}}]}\n", ["4:65 Job/j spec.tasks.0.template.spec.containers.0.image b:1"]],
  ["a condition in HCL", "docker-bake.hcl", 'target "a" {\n  contexts = {\n    x = V == "1" ? "docker-image://alpine:3" : "docker-image://alpine:4"\n    y = "docker-image://redis:7"\n    z : "docker-image://nginx:1"\n  }\n}\n', ["3:36 target.a.contexts.x alpine:3", "3:64 target.a.contexts.x alpine:4", "4:25 target.a.contexts.y redis:7", "5:25 target.a.contexts.z nginx:1"]],
  ["a condition without an equals sign in HCL", "docker-bake.hcl", 'target "a" {\n  contexts = { x = B ? "docker-image://alpine:3" : "docker-image://alpine:4", "y" : "docker-image://redis:7" }\n}\n', ["2:40 target.a.contexts.x alpine:3", "2:68 target.a.contexts.x alpine:4", "2:101 target.a.contexts.y redis:7"]],
  ["containers, scripts and sidecars of Argo's templates", "a.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: w}\nspec:\n  templates:\n  - {name: a, container: {image: 'a:1'}}\n  - {name: b, script: {image: 'b:1', source: x}, sidecars: [{name: s, image: 's:1'}]}\n  - {name: c, steps: [[{name: d, template: a}]]}\n  - {name: e, containerSet: {containers: [{name: f, image: '{{inputs.parameters.i}}'}]}}\n", ["6:35 Workflow/w spec.templates.0.container.image a:1", "7:32 Workflow/w spec.templates.1.script.image b:1", "7:79 Workflow/w spec.templates.1.sidecars.0.image s:1", "9:61 Workflow/w spec.templates.3.containerSet.containers.0.image {{inputs.parameters.i}} (not-checkable)"]],
  ["steps of a task of Tekton", "a.yaml", "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec:\n  stepTemplate: {image: 'a:1'}\n  steps: [{name: x, image: 'b:1', script: 'image: c'}, {name: y}]\n", ["5:26 Task/t spec.stepTemplate.image a:1", "6:29 Task/t spec.steps.0.image b:1"]],
  ["a stage that a build's platform chooses", "Dockerfile", "FROM a:1 AS bin-linux\nFROM a:1 AS bin-windows\nFROM bin-$TARGETOS AS bin\nFROM bin\n", ["1:6 FROM a:1", "2:6 FROM a:1"]],
  ["an image of an unknown name after a stage of another name", "Dockerfile", "FROM a:1 AS build\nFROM $BASE\nFROM bin-$TARGETOS\nFROM ${X}build\n", ["1:6 FROM a:1", "2:6 FROM $BASE (not-checkable)", "3:6 FROM bin-$TARGETOS (not-checkable)", "4:6 FROM ${X}build (not-checkable)"]],
  ["a variable of the workflow in a step's input", WORKFLOW, `on: push\nenv: {I: 'moby/buildkit:latest', Q: 'a:1'}\njobs:\n  a:\n    env: {Q: 'b:1'}\n    steps:\n      - uses: docker/setup-buildx-action@v3\n        with: {driver-opts: 'image=\${{ env.I }}'}\n      - uses: docker/setup-qemu-action@v3\n        env: {Q: 'c:1'}\n        with: {image: '\${{env.Q}}'}\n      - uses: docker/setup-qemu-action@v3\n        with: {image: '\${{ env.Q }}'}\n      - uses: docker/setup-qemu-action@v3\n        with: {image: '\${{ env.NONE }}'}\n`, ["8:36 jobs.a.steps.0.with.driver-opts moby/buildkit:latest not edited (used-elsewhere)", "11:24 jobs.a.steps.1.with.image c:1 not edited (used-elsewhere)", "13:24 jobs.a.steps.2.with.image b:1 not edited (used-elsewhere)", "15:24 jobs.a.steps.3.with.image ${{ env.NONE }} (not-checkable)"]],
  ["a variable of the workflow where it does not count", WORKFLOW, "on: push\nenv: {I: 'a:1'}\njobs: {a: {container: '${{ env.I }}'}}\n", ["3:24 jobs.a.container ${{ env.I }} (not-checkable)"]],
  ["a variable that is another expression", WORKFLOW, "on: push\nenv: {I: 'a:${{ github.sha }}'}\njobs: {a: {steps: [{uses: docker/setup-qemu-action@v3, with: {image: '${{ env.I }}'}}]}}\n", ["3:71 jobs.a.steps.0.with.image ${{ env.I }} (not-checkable)"]],
  ["each image of a matrix", WORKFLOW, workflow("    strategy: {matrix: {image: ['node:20', 'node:22'], include: [{image: 'bun:1'}, {os: x}]}}\n    container: ${{ matrix.image }}\n"), ["5:16 jobs.a.container node:20 not edited (used-elsewhere)", "5:16 jobs.a.container node:22 not edited (used-elsewhere)", "5:16 jobs.a.container bun:1 not edited (used-elsewhere)"]],
  ["tags of a matrix, and a member of its entries", WORKFLOW, workflow("    strategy: {matrix: {v: [20, '22'], db: [{image: 'redis:7'}]}}\n    container: node:${{ matrix.v }}\n    services: {r: {image: '${{ matrix.db.image }}'}}\n"), ["5:16 jobs.a.container node:20 edits node (split-reference)", "5:16 jobs.a.container node:22 edits node (split-reference)", "6:28 jobs.a.services.r.image redis:7 not edited (used-elsewhere)"]],
  ["two keys of the same entry of a matrix", WORKFLOW, workflow("    strategy: {matrix: {include: [{n: 'a', v: '1'}, {n: 'b', v: '2'}, {n: 'c'}]}}\n    container: ${{ matrix.n }}:${{ matrix.v }}\n"), ["5:16 jobs.a.container a:1 not edited (used-elsewhere)", "5:16 jobs.a.container b:2 not edited (used-elsewhere)"]],
  ["a matrix that a program makes", WORKFLOW, workflow("    strategy: {matrix: '${{ fromJSON(x) }}'}\n    container: ${{ matrix.image }}\n"), ["5:16 jobs.a.container ${{ matrix.image }} (not-checkable)"]],
  ["a repository of the template itself", "a.yaml", `Resources: {E: {Type: 'AWS::ECR::Repository'}, T: {Type: 'AWS::ECS::TaskDefinition', Properties: {ContainerDefinitions: [{Image: !GetAtt E.RepositoryUri}, {Image: !Join [':', [!GetAtt E.RepositoryUri, v1]]}, {Image: !GetAtt T.X}]}}}\n`, ["1:138 T.ContainerDefinitions.0.Image *.dkr.ecr.*.amazonaws.com/${E} at *.dkr.ecr.*.amazonaws.com (not-checkable)", "1:172 T.ContainerDefinitions.1.Image *.dkr.ecr.*.amazonaws.com/${E}:v1 at *.dkr.ecr.*.amazonaws.com (not-checkable)", "1:225 T.ContainerDefinitions.2.Image Fn::GetAtt … (not-checkable)"]],
  ["a branch that leaves the image away", "a.yaml", container("!If [c, 'nginx:1', !Ref 'AWS::NoValue']"), ["1:104 T.ContainerDefinitions.0.Image nginx:1"]],
];

describe("a file is read by the rules of its program", () => {
  for (const [what, path, text, found] of table) it(what, () => expect(imagesIn(path, text)).toEqual(found));
});
