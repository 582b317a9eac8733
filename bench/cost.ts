/**
 * What a failing deployment costs in countable things: the bundles under Lambda's emulator, their executions on the durable
 * functions local runner, in a sandbox account whose every call is counted. docs/cost.md does the arithmetic with these figures.
 *
 *     npm run bench -- cost        with Lambda's programs installed (.ci/emulators)
 */

import { readFile } from "node:fs/promises";
import { readEvent } from "../src/ecs-events/read-event.ts";
import type { JsonObject } from "../src/runtime/json.ts";
import { createWorld } from "../src/sandbox/world/world.ts";
import { readWorldFile } from "../src/sandbox/world/world-file.ts";
import { startEmulatedStack } from "../test/support/emulated/emulated-stack.ts";
import type { DoorAnswer, DoorCall } from "../test/support/emulated/front-door.ts";
import { firstFailure } from "../test/support/scenario.ts";

const worldFile = async (name: string): Promise<JsonObject> =>
  JSON.parse(await readFile(new URL(`../events/worlds/${name}.json`, import.meta.url), "utf8"));

/** The ways of a remediation: the image is found elsewhere, or has to be copied first. */
const WAYS = { "found elsewhere": "fargate-service", "copied first": "multi-container" } as const;

for (const [way, world] of Object.entries(WAYS)) {
  /** By an execution's name: its operations by their ids, as the service keeps them. */
  const kept = new Map<string, Map<string, JsonObject>>();
  const calls = new Map<string, number>();
  const onAnswer = ({ service, operation, execution }: DoorCall, { body }: DoorAnswer): void => {
    const action = `${service} ${shortened(operation)}`;
    calls.set(action, (calls.get(action) ?? 0) + 1);
    if (execution === undefined || !operation.endsWith("/checkpoint")) return;
    const { NewExecutionState } = JSON.parse(body) as { NewExecutionState?: { Operations?: JsonObject[] } };
    const operations = kept.get(execution.name) ?? new Map<string, JsonObject>();
    for (const one of NewExecutionState?.Operations ?? []) operations.set(String(one.Id), one);
    kept.set(execution.name, operations);
  };
  const stack = await startEmulatedStack(await worldFile(world), { onAnswer });
  try {
    await stack.deliver(JSON.stringify(await firstFailure(stack.world)));
    await stack.settle();
    console.log(`\n${way} (${world}): ${stack.world.bus.outcomes.map(({ outcome }) => outcome)}`);
    for (const { functionName, name, invocations, input } of stack.executions.all) {
      const operations = [...(kept.get(name)?.values() ?? [])];
      const bytes = Buffer.byteLength(JSON.stringify(operations)) + Buffer.byteLength(input);
      const kinds = Map.groupBy(operations, ({ Type }) => String(Type));
      const words = [...kinds].map(([kind, all]) => `${all.length} ${kind.toLowerCase()}`).join(", ");
      console.log(
        `  ${functionName} ${name.slice(0, 9)}…  ${invocations} invocations, 1 start, ${words}, ${bytes} bytes kept`,
      );
    }
    for (const [action, count] of [...calls].toSorted((one, other) => other[1] - one[1]))
      console.log(`    ${String(count).padStart(3)} ${action}`);
    const lines = stack
      .log()
      .split("\n")
      .filter((line) => line.startsWith("{"));
    const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
    const figures = lines.filter((line) => line.includes('"_aws"')).length;
    console.log(`  ${lines.length} log lines of ${bytes} bytes, ${figures} of them figures`);
  } finally {
    await stack.stop();
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

/** An operation without the names of its execution and function. */
function shortened(operation: string): string {
  return decodeURIComponent(operation)
    .replace(/^Invoke \S+ \S+$/, "Invoke …")
    .replace(/durable-executions\/.*?(\/checkpoint|\/state|$)/, "durable-executions/…$1")
    .replace(/functions\/[^/]+\//, "functions/…/");
}
