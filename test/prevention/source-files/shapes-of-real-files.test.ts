// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files that are read have their own variables
/**
 * Shapes of files in public repositories (read 2026-11), shortened and in words of our own: what they pull, by a list that was made
 * by hand.
 */

import { describe, expect, it } from "vitest";
import { imagesIn } from "../../support/source-images.ts";

const HEX = "b".repeat(64);

// biome-ignore format: a table is read by its columns
const table: readonly [where: string, path: string, text: string, found: readonly string[]][] = [
  ["docker/cli, Dockerfile: stages that an argument names",
    "Dockerfile",
    "# syntax=docker/dockerfile:1\n\nARG BASE_VARIANT=alpine\nARG GO_VERSION=1.26\nARG XX_VERSION=1.9.0\nFROM --platform=$BUILDPLATFORM tonistiigi/xx:${XX_VERSION} AS xx\nFROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-alpine AS build-base-alpine\nFROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-trixie AS build-base-debian\nFROM build-base-${BASE_VARIANT} AS build\nCOPY --link --from=xx / /\nRUN --mount=type=bind,target=. --mount=type=cache,target=/cache --mount=type=bind,from=dockercore/golang-cross:xx-sdk-extras,target=/xx-sdk,src=/xx-sdk make\nFROM scratch AS binary\nCOPY --from=build /out .\n",
    ["1:10 # syntax docker/dockerfile:1", "6:32 FROM tonistiigi/xx:1.9.0 edits tonistiigi/xx (default, split-reference)", "7:32 FROM golang:1.26-alpine edits golang (default, split-reference)", "8:32 FROM golang:1.26-trixie edits golang (default, split-reference)", "11:88 RUN --mount dockercore/golang-cross:xx-sdk-extras"]],
  ["renovatebot/renovate, dockerfile fixtures: an argument over several lines, with comments in it",
    "Dockerfile",
    " ARG \\\n\t# why\n   BASE=alpine:3.15.4\n\nFROM \\\n${BASE} as one\n\nARG   \\\n  \\\n # and why\n   later=\"nginx:1.18\"\n\nFROM $later as two\n",
    ["3:9 FROM alpine:3.15.4 (default)", "13:6 FROM $later (not-checkable)"]],
  ["GoogleContainerTools/kaniko, Dockerfile_test_meta_arg: a name of three arguments",
    "Dockerfile_test_meta_arg",
    "ARG REGISTRY=gcr.io\nARG REPO=google-appengine\nFROM ${REGISTRY}/${REPO}/debian9 as one\nFROM ${REGISTRY}/${REPO}/debian9\nCOPY --from=one /a /b\n",
    ["3:6 FROM gcr.io/google-appengine/debian9 not edited (default, split-reference)", "4:6 FROM gcr.io/google-appengine/debian9 not edited (default, split-reference)"]],
  ["kubernetes-sigs/kwok, images/cluster: one base for several stages",
    "images/cluster/Dockerfile",
    "ARG BASE_IMAGE=docker.io/library/alpine:3.23\nFROM $BASE_IMAGE AS cache\nARG TARGETPLATFORM\nCOPY --from=cache /a /a\nFROM $BASE_IMAGE\n",
    ["1:16 FROM docker.io/library/alpine:3.23 (default)"]],
  ["many projects: uv's image as a source of files",
    "Dockerfile",
    "FROM python:3.12-slim AS builder\nCOPY --from=ghcr.io/astral-sh/uv:0.8 /uv /uvx /bin/\nRUN --mount=type=cache,target=/cache/uv \\\n    --mount=type=bind,source=uv.lock,target=uv.lock \\\n    uv sync --locked\n",
    ["1:6 FROM python:3.12-slim", "2:13 COPY --from ghcr.io/astral-sh/uv:0.8"]],
  ["docker/awesome-compose: a build, a database with a comment next to its image",
    "compose.yaml",
    "services:\n  backend:\n    build:\n      context: backend\n      target: builder\n  db:\n    # We use a mariadb image which supports both amd64 & arm64 architecture\n    image: mariadb:10-focal\n    # If you really want to use MySQL, uncomment the following line\n    #image: mysql:8\n    command: '--default-authentication-plugin=mysql_native_password'\n",
    ["8:12 services.db.image mariadb:10-focal"]],
  ["the Airflow project's compose file: one extension field for all services",
    "docker-compose.yaml",
    "x-airflow-common:\n  &airflow-common\n  image: ${AIRFLOW_IMAGE_NAME:-apache/airflow:2.9.1}\n  environment: &env\n    A: b\nservices:\n  redis:\n    image: redis:7.2-bookworm\n  webserver:\n    <<: *airflow-common\n    command: webserver\n  scheduler:\n    <<: *airflow-common\n    environment:\n      <<: *env\n",
    ["3:32 services.webserver.image apache/airflow:2.9.1 (default)", "8:12 services.redis.image redis:7.2-bookworm"]],
  ["aws-actions/amazon-ecs-render-task-definition: what a pipeline fills in",
    "task-definition.json",
    '{\n  "family": "web",\n  "containerDefinitions": [\n    { "name": "web", "image": "<IMAGE1_NAME>" },\n    { "name": "log_router", "image": "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable" }\n  ]\n}\n',
    ["4:32 containerDefinitions.web.image <IMAGE1_NAME> (invalid-reference)", "5:39 containerDefinitions.log_router.image public.ecr.aws/aws-observability/aws-for-fluent-bit:stable"]],
  ["awslabs/aws-cloudformation-templates, ECS: an image as a parameter, and one of the account",
    "service.yaml",
    "Parameters:\n  ImageUrl:\n    Type: String\n    Default: nginx\n    Description: The url of a docker image\nResources:\n  TaskDefinition:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n        - Name: !Ref 'AWS::StackName'\n          Image: !Ref 'ImageUrl'\n        - Name: side\n          Image: !Sub '${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/side:1'\n",
    ["4:14 TaskDefinition.ContainerDefinitions.0.Image nginx (default)", "14:24 TaskDefinition.ContainerDefinitions.side.Image ${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/side:1 (not-checkable)"]],
  ["regclient/regclient, .github/workflows: a matrix that is called image, which is not one",
    ".github/workflows/docker.yml",
    `on: push\njobs:\n  docker:\n    strategy:\n      matrix:\n        image: [regctl, regsync]\n    services:\n      registry:\n        image: docker.io/library/registry:3@sha256:${HEX}\n    steps:\n      - uses: docker/build-push-action@v6\n        with: {tags: 'x:\${{ matrix.image }}'}\n`,
    [`9:16 jobs.docker.services.registry.image docker.io/library/registry:3@sha256:${HEX}`]],
  ["GitLab's own templates: docker in docker",
    ".gitlab-ci.yml",
    "variables:\n  DOCKER_TLS_CERTDIR: /certs\ndefault:\n  image: docker:24.0.5-cli\n  services:\n    - docker:24.0.5-dind\nbuild:\n  stage: build\n  image:\n    name: gcr.io/kaniko-project/executor:v1.14.0-debug\n    entrypoint: ['']\n  script:\n    - docker build .\n",
    ["4:10 default.image docker:24.0.5-cli", "6:7 default.services.0 docker:24.0.5-dind not edited (names-the-host)", "10:11 build.image.name gcr.io/kaniko-project/executor:v1.14.0-debug"]],
  ["bitnami charts, rendered: three documents with comments of their source",
    "-",
    "---\n# Source: redis/templates/scripts.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: scripts\ndata:\n  start.sh: |\n    image: not-one\n---\n# Source: redis/templates/statefulset.yaml\napiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: \"redis\"\nspec:\n  template:\n    spec:\n      containers:\n        - name: redis\n          image: docker.io/bitnami/redis:7.2.4\n          imagePullPolicy: \"IfNotPresent\"\n",
    ["21:18 StatefulSet/redis spec.template.spec.containers.0.image docker.io/bitnami/redis:7.2.4"]],
];

describe("a file of the shape of", () => {
  for (const [where, path, text, found] of table)
    it(`${where}, has exactly these images`, () => expect(imagesIn(path, text)).toEqual(found));
});
