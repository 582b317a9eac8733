// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates have variables of their own
/** Which images templates, change sets and resources declare: in YAML and JSON, with functions, and from hostile files. */

import { describe, expect, test } from "vitest";
import {
  imagesOfPayload,
  imagesOfResource,
  imagesOfTemplate,
} from "../../../src/prevention/hook/declared-images.ts";

const RESOURCE = {
  Type: "AWS::ECS::TaskDefinition",
  Properties: { ContainerDefinitions: [{ Name: "web", Image: "nginx:1.27" }] },
};
const named = (template: string) =>
  imagesOfTemplate(template)?.map(({ resource, container, image }) => [resource, container, image]);

const YAML = `
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Image: { Type: String, Default: redis:7 }
Conditions:
  Big: !Equals [!Ref AWS::Region, us-east-1]
Resources:
  Web:
    Type: AWS::ECS::TaskDefinition
    Properties:
      RuntimePlatform: { CpuArchitecture: ARM64 }
      ContainerDefinitions:
        - Name: literal
          Image: nginx:1.27
        - Name: reference
          Image: !Ref Image
        - Name: long
          Image: { Ref: Image }
        - Name: text
          Image: !Sub "\${AWS::AccountId}.dkr.ecr.\${AWS::Region}.amazonaws.com/web"
        - Name: choice
          Image: !If [Big, "a:1", "b:1"]
        - { Name: private, Image: acme/web:1, RepositoryCredentials: { CredentialsParameter: !Ref Secret } }
  Queue:
    Type: AWS::SQS::Queue
    Properties: { Image: busybox }
`;

describe("a template", () => {
  test("in YAML declares the images of its task definitions, and none that a function makes", () => {
    expect(named(YAML)).toEqual([
      ["Web", "literal", "nginx:1.27"],
      ["Web", "reference", undefined],
      ["Web", "long", undefined],
      ["Web", "text", undefined],
      ["Web", "choice", undefined],
      ["Web", "private", "acme/web:1"],
    ]);
    const images = imagesOfTemplate(YAML) ?? [];
    expect(images.map(({ signedIn }) => signedIn)).toEqual([false, false, false, false, false, true]);
    expect(images[0]?.platform).toEqual({ runtimePlatform: { cpuArchitecture: "ARM64" } });
  });

  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, string, string | undefined]>([
    ["joined from literals",                            "!Join ['', [nginx, ':', '1.27']]",                    "nginx:1.27"],
    ["a text without a variable",                       '!Sub "nginx:1.27"',                                  "nginx:1.27"],
    ["of a mapping, by keys that are written",          "!FindInMap [Images, web, name]",                     "nginx:1.27"],
    ["of a mapping, by the region",                     "!FindInMap [Images, !Ref AWS::Region, name]",        undefined],
    ["two branches",                                    "!If [Big, 'nginx:1.27', 'redis:7']",                 undefined],
    ["a branch or nothing",                             "!If [Big, 'nginx:1.27', !Ref AWS::NoValue]",         "nginx:1.27"],
    ["a parameter's default",                           "!Ref Image",                                         undefined],
    ["a text with a parameter's default in it",         '!Sub "nginx:${Tag}"',                                undefined],
    ["a value of Systems Manager",                      "'{{resolve:ssm:/image:1}}'",                         undefined],
    ["an alias",                                        "*image",                                             "nginx:1.27"],
  ])("declares an image by its function: %s", (_what, image, found) => {
    const template = `Parameters: {Image: {Type: String, Default: redis:7}, Tag: {Type: String, Default: '1'}}
Mappings: {Images: {web: {name: &image nginx:1.27}, us-east-1: {name: a:1}, eu-west-1: {name: b:1}}}
Resources: {Web: {Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Name: web, Image: ${image}}]}}}
`;
    expect(named(template)).toEqual([["Web", "web", found]]);
  });

  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, string, object]>([
    ["said",                            "RuntimePlatform: {CpuArchitecture: ARM64}, RequiresCompatibilities: [FARGATE]",      { requiresCompatibilities: ["FARGATE"], runtimePlatform: { cpuArchitecture: "ARM64" } }],
    ["not said",                        "RequiresCompatibilities: [FARGATE]",                                                 { requiresCompatibilities: ["FARGATE"], runtimePlatform: {} }],
    ["made by a parameter",             "RuntimePlatform: {CpuArchitecture: !Ref A}, RequiresCompatibilities: [FARGATE]",     {}],
    ["made by a condition",             "RuntimePlatform: !If [A, {CpuArchitecture: ARM64}, !Ref AWS::NoValue], RequiresCompatibilities: [FARGATE]", {}],
    ["for compatibilities of a list",   "RequiresCompatibilities: !Ref A",                                                    {}],
  ])("declares the platform of its tasks, which is %s", (_what, members, platform) => {
    const template = `Resources: {Web: {Type: AWS::ECS::TaskDefinition, Properties: {${members}, ContainerDefinitions: [{Image: a}]}}}`;
    expect(imagesOfTemplate(template)?.map((one) => one.platform)).toEqual([platform]);
  });

  test("in JSON declares the same", () => {
    expect(named(JSON.stringify({ Resources: { Web: RESOURCE } }))).toEqual([["Web", "web", "nginx:1.27"]]);
  });

  const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${["b", "c", "d", "e", "f", "g", "h", "i"]
    .map((name, index) => `${name}: &${name} [${`*${"abcdefgh"[index]},`.repeat(10)}]`)
    .join("\n")}\nResources: { Web: *i }\n`;
  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, string]>([
    ["empty",                       ""],
    ["a text",                      "hello"],
    ["a list",                      "[1]"],
    ["cut off",                     '{"Resources": {"Web": {'],
    ["without resources",           "{}"],
    ["a bomb of aliases",           bomb],
    ["nested without an end",       "[".repeat(1_000_000)],
    ["nested by dashes",            "- ".repeat(500_000)],
    ["nested by lines",             Array.from({ length: 3000 }, (_, index) => `${" ".repeat(index)}a:`).join("\n")],
  ])("that is %s is not one, and says so in a moment", (_what, text) => {
    const begun = performance.now();
    expect(imagesOfTemplate(text)).toBeUndefined();
    expect(performance.now() - begun).toBeLessThan(1500);
  });

  test("with resources of odd shapes declares what can be read", () => {
    const odd = {
      A: null,
      B: [],
      C: { Type: RESOURCE.Type },
      D: {
        Type: RESOURCE.Type,
        Properties: { ContainerDefinitions: [null, "x", { Image: 7 }, { Image: "a:1" }] },
      },
    };
    expect(named(JSON.stringify({ Resources: odd }))).toEqual([
      ["D", "container 1", undefined],
      ["D", "container 2", "a:1"],
    ]);
  });
});

describe("a stored payload", () => {
  const change = (action: string, resourceType: string, afterContext: string | null) => ({
    action,
    resourceType,
    logicalResourceId: "Web",
    lineNumber: 9,
    beforeContext: null,
    afterContext,
  });
  const after = JSON.stringify(RESOURCE.Properties);

  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, unknown, readonly string[] | undefined]>([
    ["a stack's template",               { template: YAML, previousTemplate: null },                                            ["nginx:1.27", "acme/web:1"]],
    ["what a change set changes",        { template: YAML, changedResources: [change("CREATE", RESOURCE.Type, after)] },         ["nginx:1.27"]],
    ["what is inside of Properties",     { changedResources: [change("UPDATE", RESOURCE.Type, JSON.stringify(RESOURCE))] },      ["nginx:1.27"]],
    ["no resource that goes",            { changedResources: [change("DELETE", RESOURCE.Type, null)] },                          []],
    ["no resource of another type",      { changedResources: [change("CREATE", "AWS::ECS::Service", after)] },                  []],
    ["no context that is cut off",       { changedResources: [change("CREATE", RESOURCE.Type, after.slice(0, -5))] },            []],
    ["nothing that is neither",          { hello: "world" },                                                                     undefined],
    ["nothing that is a text",           "template",                                                                             undefined],
  ])("declares %s", (_what, payload, images) => {
    const found = imagesOfPayload(JSON.stringify(payload));
    expect(found?.flatMap(({ image }) => image ?? [])).toEqual(images);
  });

  test("that is not JSON is none", () => expect(imagesOfPayload("<Error/>")).toBeUndefined());
});

test("a resource names its containers, those without a name by their place", () => {
  const properties = { ContainerDefinitions: [{ Image: "a:1" }, { Name: "b", Image: "b:1" }] };
  expect(imagesOfResource("Web", properties).map(({ container, image }) => [container, image])).toEqual([
    ["container 1", "a:1"],
    ["b", "b:1"],
  ]);
});
