/** Whatever rests on the task definition is not checked where that could not be read. */

import { isUnknown, type Scene } from "../scene.ts";
import { notChecked, type StartCheck } from "./check.ts";

export function definitionCheck(id: string, { definition, start, region }: Scene): readonly StartCheck[] {
  if (!isUnknown(definition)) return [];
  const { taskDefinition } = start;
  return [
    notChecked(
      id,
      definition,
      taskDefinition === undefined ? undefined : ["ecs.DescribeTaskDefinition", { taskDefinition }, region],
    ),
  ];
}
