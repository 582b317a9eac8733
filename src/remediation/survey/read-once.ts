/**
 * ECS within one observation: what several questions need is read once, so that all of them are answered by the same moment.
 *
 * Each read counts against a rate that the account shares. A read that failed is made again by who asks next.
 */

import type { Ports } from "../ports/ports.ts";

/** The same ECS, for one observation. */
export function readOnce(ecs: Ports["ecs"]): Ports["ecs"] {
  return {
    ...ecs,
    describeTaskDefinition: once((arn) => ecs.describeTaskDefinition(arn)),
    listServiceDeployments: once((cluster, service) => ecs.listServiceDeployments(cluster, service)),
    describeServiceRevisions: once((arns) => ecs.describeServiceRevisions(arns)),
  };
}

function once<Arguments extends unknown[], Result>(
  read: (...given: Arguments) => Promise<Result>,
): (...given: Arguments) => Promise<Result> {
  const answers = new Map<string, Promise<Result>>();
  return (...given) => {
    const key = JSON.stringify(given);
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = read(...given);
    answers.set(key, answer);
    answer.catch(() => answers.delete(key));
    return answer;
  };
}
