// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files that are read have their own variables
/** Which images the files of AWS name: task definitions, CloudFormation with its functions, the CDK's templates, plans, buildspecs. */

import { describe, expect, it } from "vitest";
import { imagesIn } from "../../support/source-images.ts";

const container = (image: string) => ({ name: "web", image, essential: true });

describe("a task definition", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly [what: string, document: unknown, place: string][] = [
    ["as it is registered",        { family: "a", containerDefinitions: [container("nginx:1")] },                     "containerDefinitions.web.image"],
    ["as it is described",         { taskDefinition: { containerDefinitions: [container("nginx:1")] }, tags: [] },    "taskDefinition.containerDefinitions.web.image"],
    ["as its containers alone",    [container("nginx:1")],                                                           "web.image"],
    ["in a list",                  [{ family: "a", containerDefinitions: [container("nginx:1")] }],                   "0.containerDefinitions.web.image"],
  ];
  for (const [what, document, place] of table)
    it(`has its images ${what}`, () => {
      const text = JSON.stringify(document);
      const column = text.indexOf("nginx:1") + 1;
      expect(imagesIn("task.json", text)).toEqual([`1:${column} ${place} nginx:1`]);
    });

  it("has an image that a pipeline fills in, which is not one", () =>
    expect(
      imagesIn("task.json", JSON.stringify({ containerDefinitions: [container("<IMAGE1_NAME>")] })),
    ).toEqual(["1:49 containerDefinitions.web.image <IMAGE1_NAME> (invalid-reference)"]));

  it("is not edited where a key is there twice", () =>
    expect(imagesIn("task.json", '{"containerDefinitions": [{"image": "a:1", "image": "b:1"}]}')).toEqual([
      "unreadable at 1",
    ]));
});

const template = (image: string, more = "") =>
  `${more}Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n        - Name: web\n          Image: ${image}\n`;

describe("a CloudFormation template", () => {
  const parameters =
    "Parameters:\n  Tag: {Type: String, Default: '1.27'}\n  Image: {Type: String, Default: redis:7}\n  None: {Type: String}\n  Ssm: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a/b}\n";
  const place = "Task.ContainerDefinitions.web.Image";
  // biome-ignore format: a table is read by its columns
  const table: readonly [image: string, found: readonly string[]][] = [
    ["nginx:1",                                             [`12:18 ${place} nginx:1`]],
    ["!Sub nginx:1",                                        [`12:23 ${place} nginx:1`]],
    ["!Sub 'nginx:${Tag}'",                                 [`12:24 ${place} nginx:1.27 edits nginx (default, split-reference)`]],
    ["!Sub ['nginx:${T}', {T: !Ref Tag}]",                  [`12:25 ${place} nginx:1.27 edits nginx (default, split-reference)`]],
    ["!Ref Image",                                          [`3:34 ${place} redis:7 (default)`]],
    ["{Ref: Image}",                                        [`3:34 ${place} redis:7 (default)`]],
    ["!Ref None",                                           [`12:23 ${place} \${None} (not-checkable)`]],
    ["!Ref Ssm",                                            [`12:23 ${place} \${Ssm} (not-checkable)`]],
    ["!Sub '${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/a:1'", [`12:24 ${place} \${AWS::AccountId}.dkr.ecr.\${AWS::Region}.amazonaws.com/a:1 at *.dkr.ecr.*.amazonaws.com (not-checkable)`]],
    ["!If [IsProd, 'nginx:1', 'nginx:2']",                  [`12:32 ${place} nginx:1`, `12:43 ${place} nginx:2`]],
    ["!Join [':', [nginx, '1']]",                           [`12:26 ${place} nginx:1 edits nginx (split-reference)`]],
    ["!Join ['', ['nginx', ':', !Ref Tag]]",                [`12:25 ${place} nginx:1.27 edits nginx (default, split-reference)`]],
    ["!ImportValue shared-image",                           [`12:31 ${place} Fn::ImportValue … (not-checkable)`]],
    ["'{{resolve:ssm:/a/b}}'",                              [`12:19 ${place} {{resolve:ssm:/a/b}} (not-checkable)`]],
  ];
  for (const [image, found] of table)
    it(`has these images of ${image}`, () =>
      expect(imagesIn("stack.yaml", template(image, parameters))).toEqual(found));

  it("has every image of a mapping that a region chooses from", () => {
    const mappings =
      "Mappings:\n  Images:\n    eu-west-1: {web: 'nginx:1'}\n    us-east-1: {web: 'nginx:2'}\n";
    expect(imagesIn("a.yaml", template("!FindInMap [Images, !Ref 'AWS::Region', web]", mappings))).toEqual([
      `3:23 ${place} nginx:1`,
      `4:23 ${place} nginx:2`,
    ]);
  });

  it("has the same images in JSON", () => {
    const document = {
      AWSTemplateFormatVersion: "2010-09-09",
      Parameters: { Tag: { Type: "String", Default: "1" } },
      Resources: {
        Task: {
          Type: "AWS::ECS::TaskDefinition",
          Properties: {
            ContainerDefinitions: [{ Image: { "Fn::Sub": "nginx:${Tag}" } }, { Image: "redis:7" }],
          },
        },
        Job: {
          Type: "AWS::Batch::JobDefinition",
          Properties: { ContainerProperties: { Image: "busybox:1" } },
        },
      },
    };
    const text = JSON.stringify(document, null, 1);
    expect(imagesIn("a.template", text).map((row) => row.replace(/^\d+:\d+ /, ""))).toEqual([
      "Task.ContainerDefinitions.0.Image nginx:1 edits nginx (default, split-reference)",
      "Task.ContainerDefinitions.1.Image redis:7",
      "Job.ContainerProperties.Image busybox:1",
    ]);
  });

  it("of the CDK names the construct, and is not edited", () => {
    const resource = {
      Type: "AWS::ECS::TaskDefinition",
      Properties: { ContainerDefinitions: [{ Name: "web", Image: "nginx:1" }] },
      Metadata: { "aws:cdk:path": "Stack/Service/TaskDef/Resource" },
    };
    const text = JSON.stringify({ Resources: { TaskDef12: resource } });
    expect(imagesIn("cdk.out/Stack.template.json", text)).toEqual([
      `1:${text.indexOf("nginx:1") + 1} Stack/Service/TaskDef/Resource.ContainerDefinitions.web.Image nginx:1 not edited (generated-file)`,
    ]);
  });
});

describe("a plan of Terraform", () => {
  it("has the images of each module, by address, and those that an apply decides", () => {
    const text = JSON.stringify({
      format_version: "1.2",
      planned_values: {
        root_module: {
          resources: [
            {
              address: "aws_ecs_task_definition.web",
              type: "aws_ecs_task_definition",
              values: { container_definitions: JSON.stringify([container("nginx:1")]) },
            },
            { address: "docker_image.x", type: "docker_image", values: { name: "redis:7" } },
            { address: "aws_instance.y", type: "aws_instance", values: { image: "not-one" } },
          ],
          child_modules: [
            {
              resources: [
                {
                  address: "module.m.kubernetes_deployment_v1.d",
                  type: "kubernetes_deployment_v1",
                  values: {
                    spec: [
                      {
                        template: [
                          {
                            spec: [
                              {
                                container: [{ image: "busybox:1" }],
                                init_container: [{ image: "busybox:2" }],
                              },
                            ],
                          },
                        ],
                      },
                    ],
                  },
                },
              ],
            },
          ],
        },
      },
      resource_changes: [
        {
          address: "aws_ecs_task_definition.later",
          type: "aws_ecs_task_definition",
          change: { after_unknown: { container_definitions: true } },
        },
      ],
    });
    expect(imagesIn("plan.json", text).map((row) => row.replace(/^\d+:\d+ /, ""))).toEqual([
      "aws_ecs_task_definition.web.web nginx:1 not edited (generated-file)",
      "docker_image.x redis:7 not edited (generated-file)",
      "module.m.kubernetes_deployment_v1.d busybox:1 not edited (generated-file)",
      "module.m.kubernetes_deployment_v1.d busybox:2 not edited (generated-file)",
      "aws_ecs_task_definition.later (known after apply) (not-checkable, generated-file)",
    ]);
  });
});

describe("a buildspec", () => {
  it("has the images of its batch, and those that its commands pull", () =>
    expect(
      imagesIn(
        "buildspec.yml",
        "version: 0.2\nbatch:\n  build-list:\n    - env: {image: 'node:20'}\n    - env: {image: 'aws/codebuild/standard:7.0'}\nphases:\n  build:\n    commands:\n      - docker pull --quiet nginx:1 && docker pull $X\n      - echo docker\n",
      ),
    ).toEqual([
      "4:21 batch.build-list.0.env.image node:20",
      "9:29 phases.build.commands.0 nginx:1 not edited (by-command)",
      "9:52 phases.build.commands.0 $X (not-checkable, by-command)",
    ]));
});
