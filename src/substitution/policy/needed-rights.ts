/** What a policy document needs of the stack: each key that means nothing without a right, and the parameter that gives it. */

import type { PolicyDocument } from "./document.ts";

export type NeededRight = { readonly key: string; readonly parameter: string; readonly because: string };

export function neededRights(document: PolicyDocument): readonly NeededRight[] {
  const { mode, strategies, mirrors, changeCalendar, executionRole } = document;
  const repositories = mirrors.additionalRepositories.map((place) => place.replaceAll(/\{\w+\}/g, "*"));
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [isUsed: boolean, key: string, parameter: string, because: string])[] = [
    [mode !== "observe",                             "mode",                           `Mode=${mode}`,             "a stack that observes holds no right to write"],
    [changeCalendar.length > 0,                      "changeCalendar",                 "PolicyParameter",          `the right to ask ${changeCalendar.join(" and ")} comes with it`],
    [strategies.includes("mirror"),                  "strategies: mirror",             "MirrorPrefix",             "copies are made below it, and nowhere else"],
    [strategies.includes("authenticated-pull"),      "strategies: authenticated-pull", "DockerHubSecretArn",       "without an account there is nothing to sign in with"],
    [repositories.length > 0,                        "mirrors.additionalRepositories", "ReadableRepositoryArns",   `it has to name ${repositories.join(" and ")}`],
    [executionRole !== undefined,                    "executionRole",                  "PassableRoleArns",         `it has to name ${executionRole}`],
  ];
  return table.flatMap(([isUsed, key, parameter, because]) => (isUsed ? [{ key, parameter, because }] : []));
}
