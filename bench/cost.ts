/**
 * What a failing deployment costs in countable things: the bundles, run as Lambda runs them, in a sandbox account whose
 * every call is counted. docs/cost.md does the arithmetic with these figures.
 *
 *     node bench/cost.ts        after npm run build, with .cache/lambda-runtime installed
 */

import { readFile } from "node:fs/promises";
import { readEvent } from "../src/ecs-events/read-event.ts";
import { createWorld } from "../src/sandbox/world/world.ts";
import { readWorldFile } from "../src/sandbox/world/world-file.ts";
import { deploy } from "../test/support/deployment.ts";
import { firstFailure } from "../test/support/scenario.ts";

const worldFile = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(new URL(`../events/worlds/${name}.json`, import.meta.url), "utf8"));

/** The ways of a remediation: the image is found elsewhere, or has to be copied first. */
const WAYS = { "found elsewhere": "fargate-service", "copied first": "multi-container" } as const;

for (const [way, world] of Object.entries(WAYS)) {
  const deployment = await deploy(await worldFile(world));
  try {
    await deployment.deliver(JSON.stringify(await firstFailure(deployment.world)));
    await deployment.settle();
    const executions = deployment.durable.executions;
    console.log(`\n${way} (${world}): ${deployment.world.bus.outcomes.map(({ outcome }) => outcome)}`);
    for (const { name, invocations, operations } of executions) {
      const bytes = Buffer.byteLength(JSON.stringify(operations));
      const kinds = Map.groupBy(operations, ({ Type }) => Type);
      const words = [...kinds].map(([kind, all]) => `${all.length} ${kind.toLowerCase()}`).join(", ");
      console.log(`  ${name.slice(0, 9)}…  ${invocations} invocations, ${words}, ${bytes} bytes kept`);
    }
    const calls = Map.groupBy(deployment.requests, ({ action }) =>
      decodeURIComponent(action)
        .replace(/arn:\S+?(?=\/durable|\/invocations|\/checkpoint|\/state|$)/, "…")
        .replace(/durable-executions\/.*?(\/checkpoint|\/state|$)/, "durable-executions/…$1"),
    );
    for (const [action, all] of [...calls].toSorted((one, other) => other[1].length - one[1].length))
      console.log(`    ${String(all.length).padStart(3)} ${action}`);
    const figures = deployment.log().filter((line) => line.includes('"_aws"')).length;
    const bytes = deployment.log().reduce((sum, line) => sum + Buffer.byteLength(line), 0);
    console.log(`  ${deployment.log().length} log lines of ${bytes} bytes, ${figures} of them figures`);
  } finally {
    await deployment.stop();
  }
}

// How often one failing task matches the rule, and how many tasks a deployment loses in its first hour, without Repull.
const world = await createWorld(readWorldFile(await worldFile("fargate-service")));
const matching = new Map<string, number>();
world.bus.subscribe((document) => {
  if (document.source !== "aws.ecs") return;
  const read = readEvent(document, world.home);
  if (read.kind === "pull-failure") matching.set(read.taskArn, (matching.get(read.taskArn) ?? 0) + 1);
});
await world.run(3600);
const events = [...matching.values()].reduce((sum, count) => sum + count, 0);
console.log(`\n${matching.size} tasks failed in an hour, ${events} events matched`);
