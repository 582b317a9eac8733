/** What uses a copy, as a reader is shown it. */

import { describe, expect, it } from "vitest";
import { namesOfUsers } from "../../../src/cli/mirrors/names-of-users.ts";
import type { ImageUse } from "../../../src/mirrors/facts.ts";

const ECS = "arn:aws:ecs:us-east-1:123456789012";

describe("the names of a copy's users", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [place: ImageUse["place"], by: string, name: string])[] = [
    ["services",          `${ECS}:service/prod/web`,                              "prod/web"],
    ["services",          `${ECS}:service/web`,                                   "web"],
    ["service-revisions", `${ECS}:service-revision/prod/web/4613718211345032908`, "prod/web"],
    ["tasks",             `${ECS}:task/prod/5ea15a9d13920e1a43f2dcf70340ccd6`,    "tasks of prod"],
    ["tasks",             `${ECS}:task/5ea15a9d13920e1a43f2dcf70340ccd6`,         "tasks"],
    ["task-definitions",  `${ECS}:task-definition/web:2`,                         "web:2"],
    ["functions",         "arn:aws:lambda:us-east-1:123456789012:function:resize", "resize"],
    ["functions",         "resize",                                               "resize"],
    ["job-definitions",   "arn:aws:batch:us-east-1:123456789012:job-definition/nightly:3", "nightly:3"],
    ["clusters",          "prod-eks",                                             "prod-eks"],
  ];
  for (const [place, by, name] of table)
    it(`has ${name} for ${by} of ${place}`, () => expect(namesOfUsers([{ place, by }])).toEqual([name]));

  it("has a service once, and before its tasks, its revisions and their task definition", () => {
    const users: readonly (readonly [ImageUse["place"], string])[] = [
      ["task-definitions", "task-definition/web:2"],
      ["tasks", "task/prod/1"],
      ["tasks", "task/prod/2"],
      ["service-revisions", "service-revision/prod/web/1"],
      ["services", "service/prod/web"],
    ];
    const named = namesOfUsers(users.map(([place, resource]) => ({ place, by: `${ECS}:${resource}` })));
    expect(named).toEqual(["prod/web", "tasks of prod", "web:2"]);
  });
});
