import { describe, expect, test } from "vitest";
import { managedBy, sourceChange } from "../../src/ecs/managed-by.ts";

const STACK = "aws:cloudformation:stack-name";
const ID = "aws:cloudformation:logical-id";
const change = {
  image: "nginx:1.25",
  substitute: "public.ecr.aws/docker/library/nginx:1.25",
  containers: ["web"],
};

describe("who manages a task definition, by its tags", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["a stack",                    { [STACK]: "shop", [ID]: "WebTask" },                                    { kind: "cloudformation", stack: "shop", logicalId: "WebTask" }],
    ["a stack of CDK",             { [STACK]: "Shop", [ID]: "WebTaskDef5BE5E1F4" },                         { kind: "cdk", stack: "Shop", logicalId: "WebTaskDef5BE5E1F4" }],
    ["Copilot, which has a stack", { "copilot-application": "shop", "copilot-service": "web", [STACK]: "x" }, { kind: "copilot", application: "shop", service: "web" }],
    ["Terraform by custom",        { "managed-by": "terraform" },                                           { kind: "terraform" }],
    ["another custom",             { ManagedBy: "Terraform Cloud" },                                        { kind: "terraform" }],
    ["yet another",                { terraform: "true" },                                                   { kind: "terraform" }],
    ["its fork",                   { "created-by": "opentofu" },                                            { kind: "terraform" }],
    ["a denial",                   { terraform: "false" },                                                  undefined],
    ["Pulumi",                     { "managed-by": "pulumi" },                                              { kind: "pulumi" }],
    ["a team's own tags",          { team: "shop", note: "terraform it some day" },                         undefined],
    ["none",                       {},                                                                      undefined],
  ] as const;
  for (const [who, tags, expected] of table) {
    test(who, () => expect(managedBy(tags)).toEqual(expected));
  }

  test("the task definition's own tags go before its service's", () => {
    const [own, services] = [
      { [STACK]: "shop", [ID]: "Task" },
      { [STACK]: "shop", [ID]: "Service" },
    ];
    expect(managedBy(own, services)).toMatchObject({ logicalId: "Task" });
    expect(managedBy({}, services)).toMatchObject({ logicalId: "Service" });
  });
});

describe("what to change is said in the words of the source, line by line", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    [{ [STACK]: "shop", [ID]: "WebTask" },                             /in the template of the stack shop, resource WebTask/,     "Image: nginx:1.25"],
    [{ [STACK]: "Shop", [ID]: "WebTaskDef5BE5E1F4" },                  /in the CDK code of the stack Shop/,                       'fromRegistry("nginx:1.25")'],
    [{ "copilot-application": "shop", "copilot-service": "web" },      /in copilot\/web\/manifest\.yml of the application shop/,  "location: nginx:1.25"],
    [{ "managed-by": "terraform" },                                    /aws_ecs_task_definition/,                                 'image = "nginx:1.25"'],
    [{},                                                               /in the source of the task definition/,                    '"image": "nginx:1.25"'],
  ] as const;
  for (const [tags, place, line] of table) {
    test(line, () => {
      const [where = "", before = "", after = ""] = sourceChange(managedBy(tags), change).split("\n");
      expect(where).toMatch(place);
      expect(where).toContain("web");
      expect(before).toContain(line);
      expect([before[0], after[0]]).toEqual(["-", "+"]);
      expect(after.slice(1)).toBe(before.slice(1).replace(change.image, change.substitute));
    });
  }
});
