// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files that are read have their own variables
/** Which images manifests, kustomizations, workflows, pipelines and bake files name. */

import { describe, expect, it } from "vitest";
import { imagesIn } from "../../support/source-images.ts";

const pod = (containers: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers: ${containers}\n`;

// biome-ignore format: a table is read by its columns
const table: readonly [what: string, path: string, text: string, found: readonly string[]][] = [
  ["a pod in flow style", "a.yaml", pod("[{name: a, image: nginx:1}]"), ["5:33 Pod/p spec.containers.0.image nginx:1"]],
  ["a pod in JSON", "a.json", '{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"a","image":"nginx:1"}]}}', ["1:76 Pod/? spec.containers.0.image nginx:1"]],
  ["init containers, sidecars and image volumes of a deployment", "a.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec:\n  template:\n    spec:\n      initContainers:\n      - {name: i, image: a:1}\n      containers:\n      - {name: c, image: b:1}\n      volumes:\n      - name: v\n        image:\n          reference: c:1\n", ["9:26 Deployment/d spec.template.spec.initContainers.0.image a:1", "11:26 Deployment/d spec.template.spec.containers.0.image b:1", "15:22 Deployment/d spec.template.spec.volumes.0.image.reference c:1"]],
  ["a cron job, in a list", "a.yaml", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: batch/v1\n  kind: CronJob\n  metadata: {name: j}\n  spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: b:1}]}}}}}\n", ["7:79 CronJob/j spec.jobTemplate.spec.template.spec.containers.0.image b:1"]],
  ["a custom resource", "a.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec: {template: {spec: {containers: [{name: a, image: b:1}]}}}\n", ["4:56 Rollout/r spec.template.spec.containers.0.image b:1"]],
  ["several documents, with an empty one", "a.yaml", `---\n${pod("[{name: a, image: b:1}]")}---\n---\n${pod("[{name: a, image: c:1}]")}`, ["6:33 Pod/p spec.containers.0.image b:1", "13:33 Pod/p spec.containers.0.image c:1"]],
  ["what helm has rendered", "-", `---\n# Source: web/templates/pod.yaml\n${pod("\n  - name: a\n    image: \"nginx:1\"")}`, ["9:13 Pod/p spec.containers.0.image nginx:1"]],
  ["a template in quotes", "a.yaml", pod("[{name: a, image: '{{ .Values.image }}'}]"), ["5:34 Pod/p spec.containers.0.image {{ .Values.image }} (not-checkable)"]],
  ["a tag by envsubst", "a.yaml", pod("[{name: a, image: 'nginx:$TAG'}]"), ["5:34 Pod/p spec.containers.0.image nginx:$TAG at docker.io (not-checkable)"]],
  ["a chart's template", "chart/templates/a.yaml", pod("\n{{- if .Values.x }}\n  - image: nginx\n{{- end }}"), ["skipped template"]],
  ["a config map", "a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {image: nginx}\n", []],
  ["a kustomization", "kustomization.yaml", "images:\n- name: nginx\n  newTag: 1.10\n- name: web\n  newName: redis\n  newTag: '7'\n- name: x\n  newName: busybox\n", ["2:9 images.0 nginx:1.10 not edited (split-reference, matched-by-name)", "5:12 images.1 redis:7 edits redis (split-reference)", "8:12 images.2 busybox at docker.io (not-checkable)"]],
  ["a workflow", ".github/workflows/ci.yml", "on: push\njobs:\n  a:\n    container: node:20\n    services:\n      db: {image: 'postgres:16'}\n    steps:\n      - uses: actions/checkout@v4\n      - uses: docker://alpine:3\n  b:\n    container: {image: '${{ matrix.image }}'}\n  c:\n    container: {image: 'ghcr.io/a/b:${{ x }}'}\n", ["4:16 jobs.a.container node:20", "6:20 jobs.a.services.db.image postgres:16", "9:24 jobs.a.steps.0.uses alpine:3".replace("steps.0", "steps.1"), "11:25 jobs.b.container.image ${{ matrix.image }} (not-checkable)", "13:25 jobs.c.container.image ghcr.io/a/b:${{ x }} at ghcr.io (not-checkable)"]],
  ["the images of Docker's set-up actions", ".github/workflows/ci.yml", "on: push\njobs:\n  a:\n    steps:\n      - uses: docker/setup-qemu-action@v3\n        with: {image: 'tonistiigi/binfmt:latest'}\n      - uses: docker/setup-buildx-action@v3\n        with: {driver-opts: 'image=moby/buildkit:v0.12'}\n", ["6:24 jobs.a.steps.0.with.image tonistiigi/binfmt:latest", "8:36 jobs.a.steps.1.with.driver-opts moby/buildkit:v0.12"]],
  ["a Docker action", "action.yml", "name: x\nruns:\n  using: docker\n  image: docker://alpine:3\n", ["4:19 runs.image alpine:3"]],
  ["an action with a Dockerfile", "action.yml", "name: x\nruns:\n  using: docker\n  image: Dockerfile\n", []],
  ["a pipeline of GitLab", ".gitlab-ci.yml", "image: python:3\nvariables:\n  V: '16'\n  IMG: ruby:3\ndefault:\n  services: [redis:7]\nt:\n  image: {name: 'node:$V', entrypoint: ['']}\n  services:\n    - name: $IMG\n      alias: x\n    - $CI_REGISTRY_IMAGE/db:1\n  script: [make]\n", ["1:8 image python:3", "4:8 t.services.0.name ruby:3 (default)", "6:14 default.services.0 redis:7 not edited (names-the-host)", "8:18 t.image.name node:16 edits node (default, split-reference)", "12:7 t.services.1 $CI_REGISTRY_IMAGE/db:1 (not-checkable)"]],
  ["a bake file", "docker-bake.hcl", "variable \"BASE\" { default = \"node:20\" }\n# a comment with \"docker-image://x:1\"\ntarget \"a\" {\n  contexts = {\n    b = \"docker-image://nginx:1\" // why\n    \"c\" = \"docker-image://${BASE}\"\n    d = \"./e\"\n  }\n  dockerfile-inline = <<EOT\n  FROM alpine:3\n  EOT\n}\n", ["1:30 target.a.contexts.c node:20 (default)", "5:25 target.a.contexts.b nginx:1", "10:8 target.a.dockerfile-inline FROM alpine:3"]],
  ["a bake file in JSON", "docker-bake.json", '{"target":{"a":{"contexts":{"b":"docker-image://nginx:1"},"dockerfile-inline":"FROM alpine:3"}}}', ["1:49 target.a.contexts.b nginx:1", "1:85 target.a.dockerfile-inline FROM alpine:3"]],
  ["YAML of another kind", "values.yaml", "image: {repository: nginx, tag: '1'}\n", ["skipped unknown-kind"]],
  ["JSON of another kind", "package.json", '{"name": "docker-thing"}', ["skipped unknown-kind"]],
  ["a document that is a list of words", "a.yaml", "- image\n- docker\n", ["skipped unknown-kind"]],
];

describe("a file", () => {
  for (const [what, path, text, found] of table)
    it(`has these images: ${what}`, () => expect(imagesIn(path, text)).toEqual(found));
});
