/** Task definitions of ECS: registered, described, listed, deregistered. */

import { getString, getStrings } from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import { awsRefusal } from "../../aws/faults/aws-error.ts";
import type { World } from "../../world/world.ts";
import type { Operations } from "../call.ts";
import { pageOf } from "./page.ts";

export const ecsTaskDefinitions: Operations = {
  RegisterTaskDefinition(input, { world }) {
    const { taskDefinition, tags } = describe(
      world.definitions.register(input),
      world,
      "ecs:RegisterTaskDefinition",
    );
    return { taskDefinition, tags: tags.map((tag) => ({ ...tag })) };
  },

  DescribeTaskDefinition(input, { world }) {
    const name = getString(input, "taskDefinition") ?? "";
    const { taskDefinition, tags } = describe(name, world, "ecs:DescribeTaskDefinition");
    const withTags = getStrings(input, "include").includes("TAGS");
    return { taskDefinition, ...(withTags ? { tags: tags.map((tag) => ({ ...tag })) } : {}) };
  },

  DeregisterTaskDefinition(input, { world }) {
    const name = getString(input, "taskDefinition") ?? "";
    if (!/:\d+$/.test(name))
      throw awsRefusal(
        "invalid",
        "ecs:DeregisterTaskDefinition",
        "InvalidParameterException",
        "The revision must be named: family:revision.",
      );
    const { taskDefinition } = describe(name, world, "ecs:DeregisterTaskDefinition");
    world.definitions.deregister(String(taskDefinition.taskDefinitionArn));
    return { taskDefinition: describe(name, world, "ecs:DeregisterTaskDefinition").taskDefinition };
  },

  ListTaskDefinitions(input, { world }) {
    const family = getString(input, "familyPrefix");
    const status = getString(input, "status") ?? "ACTIVE";
    const arns = world.definitions
      .all()
      .filter(({ taskDefinition }) => family === undefined || taskDefinition.family === family)
      .filter(({ taskDefinition }) => taskDefinition.status === status)
      .map(({ taskDefinition }) => String(taskDefinition.taskDefinitionArn));
    const { items, next } = pageOf(getString(input, "sort") === "DESC" ? arns.toReversed() : arns, input);
    return { taskDefinitionArns: items, ...next };
  },

  ListTaskDefinitionFamilies(input, { world }) {
    const prefix = getString(input, "familyPrefix") ?? "";
    const families = new Set(
      world.definitions.all().map(({ taskDefinition }) => String(taskDefinition.family)),
    );
    const { items, next } = pageOf(
      [...families].filter((family) => family.startsWith(prefix)),
      input,
    );
    return { families: items, ...next };
  },

  ListTagsForResource(input, { world }) {
    const arn = getString(input, "resourceArn") ?? "";
    if (arn.includes(":task-definition/"))
      return { tags: describe(arn, world, "ecs:ListTagsForResource").tags.map((tag) => ({ ...tag })) };
    const service = world.cluster.services().find((one) => one.arn === arn);
    const cluster = world.cluster.clusters().find((one) => one.arn === arn);
    return { tags: listOf(service?.tags ?? cluster?.tags ?? {}) };
  },
};

function listOf(tags: Readonly<Record<string, string>>): readonly JsonObject[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

function describe(name: string, { definitions }: World, action: string) {
  const found = definitions.describe(name);
  if (found !== undefined) return found;
  throw awsRefusal("invalid", action, "ClientException", "Unable to describe task definition.");
}
