/** What `repull diagnose` makes of an account that does not answer as it should, and that it changes nothing there. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Override, PAGE, refusal } from "./account.ts";
import { linesOf, repull } from "./command.ts";
import { environmentOf, startWorld, stopWorld, type World, writesOf } from "./world.ts";

const THROTTLED = refusal("ThrottlingException", "Rate exceeded");

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => stopWorld(world));

/** The first so many calls of an action are answered so. */
function first(count: number, action: string, answer: ReturnType<Override>): Override {
  let calls = 0;
  return (request) => {
    if (request.action !== action) return undefined;
    calls += 1;
    return calls > count ? undefined : answer;
  };
}

describe("repull diagnose", () => {
  const found = { type: "diagnosis", verdict: "cause-found", causes: [{ code: "docker-hub-pull-limit" }] };
  const always = Number.POSITIVE_INFINITY;
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, Override, object, number])[] = [
    ["finds the cause when every call is answered",                    () => undefined,                                 found, 1],
    ["finds the cause when the service is throttled three times",      first(3, "DescribeServices", THROTTLED),         found, 1],
    ["finds the cause when the tasks are throttled three times",       first(3, "DescribeTasks", THROTTLED),            found, 1],
    ["finds the cause when the task definition may not be described",  first(always, "DescribeTaskDefinition", refusal("AccessDeniedException", "no")), found, 1],
    ["has not finished when the service is throttled at each try",     first(always, "DescribeServices", THROTTLED),    { type: "error", code: "aws-throttled" }, 5],
    ["has not finished when the service is answered by a page of HTML", first(always, "DescribeServices", PAGE),         { type: "error", code: "aws-unavailable" }, 5],
    ["has not finished when the service's answer cannot be parsed",   first(always, "DescribeServices", { body: "<html>" }), { type: "error", code: "aws-unavailable" }, 5],
    ["is refused when the service may not be described",               first(always, "DescribeServices", refusal("AccessDeniedException", "no")), { type: "error", code: "no-right" }, 4],
  ];
  for (const [title, override, line, exit] of table) {
    it(title, async () => {
      world.account.override = override;
      const { out, status } = await repull(["diagnose", "prod/web", "--json"], {
        environment: environmentOf(world),
      });
      expect(linesOf(out)).toMatchObject([line]);
      expect({ status, writes: writesOf(world) }).toEqual({ status: exit, writes: [] });
    });
  }
});
