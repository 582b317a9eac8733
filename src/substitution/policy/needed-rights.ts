/** What a policy document needs of the stack: each key that means nothing without a right, and the parameter that gives it. */

import type { PolicyDocument } from "./document.ts";

export type NeededRight = {
  readonly key: string;
  /** The stack's parameter, and its least value where it has few. */
  readonly parameter: string;
  readonly because: string;
  /** Repositories, or the role, that the parameter has to name. */
  readonly resources?: readonly string[];
};

export function neededRights(document: PolicyDocument): readonly NeededRight[] {
  const { mode, strategies, mirrors, changeCalendar, executionRole } = document;
  const places = mirrors.additionalRepositories;
  const repositories = places.map((place) => place.replaceAll(/\{\w+\}/g, "*"));
  const roles = executionRole === undefined ? [] : [executionRole];
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [isUsed: boolean, key: string, parameter: string, because: string, resources?: readonly string[]])[] = [
    [mode !== "observe",                             "mode",                           `Mode=${mode}`,             "a stack that observes holds no right to write"],
    [changeCalendar.length > 0,                      "changeCalendar",                 "PolicyParameter",          `the right to ask ${changeCalendar.join(" and ")} comes with it`],
    [strategies.includes("mirror"),                  "strategies: mirror",             "MirrorPrefix",             "copies are made below it, and nowhere else"],
    [mirrors.prefill,                                "mirrors.prefill",                "MirrorPrefix",             "copies are made below it; the stack of infra/prefill.yaml has them made"],
    [mirrors.images.length > 0,                      "mirrors.images",                 "MirrorPrefix",             "copies are made below it; the stack of infra/mirrors.yaml with Mirrors=refresh has them made"],
    [strategies.includes("authenticated-pull"),      "strategies: authenticated-pull", "DockerHubSecretArn",       "without an account there is nothing to sign in with"],
    [repositories.length > 0,                        "mirrors.additionalRepositories", "ReadableRepositoryArns",   `it has to name ${repositories.join(" and ")}`, places],
    [executionRole !== undefined,                    "executionRole",                  "PassableRoleArns",         `it has to name ${executionRole}`, roles],
  ];
  return table.flatMap(([isUsed, key, parameter, because, resources]) =>
    isUsed ? [{ key, parameter, because, ...(resources === undefined ? {} : { resources }) }] : [],
  );
}
