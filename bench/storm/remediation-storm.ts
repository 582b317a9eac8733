/**
 * Part two: 300 remediations at once, in process and in modelled time, on an ECS behind HTTP that throttles as AWS does.
 *
 * The workflows and AWS's clients are the product's; the world's executions are the engine, and the world's clock passes
 * where they wait.
 */

import { createPorts } from "../../src/aws/create-ports.ts";
import { isObject } from "../../src/ecs/json-fields.ts";
import { InvalidInput } from "../../src/image/invalid-input.ts";
import { detect } from "../../src/remediation/detect/detect.ts";
import { mirror } from "../../src/remediation/mirror/mirror-workflow.ts";
import { remediateWithPolicy } from "../../src/remediation/workflow/remediate-with-policy.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { accountOf } from "../../src/sandbox/endpoint/call.ts";
import { serveEndpoint } from "../../src/sandbox/endpoint/serve-endpoint.ts";
import { createRandom } from "../../src/sandbox/random.ts";
import { createWorld } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import { policyFrom } from "../../src/substitution/policy/policy.ts";
import { STUB_CREDENTIALS } from "../../test/support/aws/aws-stub.ts";
import { executionNames } from "../../test/support/emulated/execution-names.ts";
import { openFrontDoor } from "../../test/support/emulated/front-door.ts";
import { openDoorLog } from "./door-log.ts";
import { modelledRetries } from "./modelled-retries.ts";
import { stormWorld } from "./storm-world.ts";

export type RemediationStorm = {
  readonly executions: number;
  /** How many ended with each outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly copies: number;
  /** Of the modelled time, from the first event to the last outcome. */
  readonly modelledSeconds: number;
  readonly operationsMax: number;
  readonly historyBytesMax: number;
  /** Median; an upper bound, because the sandbox and its HTTP are in the same process. */
  readonly cpuSecondsUntilUpdate: number;
};

const DAY_SECONDS = 86_400;

export async function remediationStorm(services: number, logPath: string): Promise<RemediationStorm> {
  const file = readWorldFile(stormWorld(services));
  const world = await createWorld(file);
  const { clock, home } = world;
  const endpoint = await serveEndpoint(accountOf(world, file));
  const log = openDoorLog(logPath, clock.now);
  const door = await openFrontDoor({
    account: home.account,
    names: executionNames(home),
    sandboxUrl: endpoint.url,
    runnerUrl: () => "",
    version: () => "7",
    functionNamed: async (name) => {
      throw new InvalidInput(name, "no function: the workflows run in process");
    },
    configurationOf: () => undefined,
    passTime: async () => undefined,
    onCall: () => undefined,
    onAnswer: log.onAnswer,
  });
  const policy = policyFrom(
    { REPULL_MODE: "remediate" },
    JSON.stringify({ quotas: { remediationsPerHour: 2 * services } }),
  );
  const aws = {
    region: home.region,
    endpoint: door.url,
    credentials: STUB_CREDENTIALS,
    ...modelledRetries(clock, createRandom("retries")),
  };
  const ports = createPorts(
    { aws, account: home.account, quotaTable: "quotas" },
    {
      registries: world.ports.registries,
      copier: world.ports.copier,
      executions: world.executions.port,
      bus: world.ports.bus,
      log: world.ports.log,
      clock,
    },
  );
  const cpu = new Map<string, number>();
  const updated = new Set<string>();
  world.executions.serve("remediate", async (input, steps, execution) => {
    const counted: typeof steps = {
      ...steps,
      step: (name, run, options) =>
        steps.step(
          name,
          async () => {
            const before = process.cpuUsage();
            const result = await run();
            const { user, system } = process.cpuUsage(before);
            if (!updated.has(execution))
              cpu.set(execution, (cpu.get(execution) ?? 0) + (user + system) / 1e6);
            if (name.startsWith("start ")) updated.add(execution);
            return result;
          },
          options,
        ),
    };
    const source = { read: async () => policy, portsFor: () => ports };
    return await remediateWithPolicy(input, source, { execution }, counted);
  });
  world.executions.serve("mirror", (input, steps) => mirror(input, ports, policy, steps));

  let firstAt: number | undefined;
  world.bus.subscribe(async (document) => {
    if (document.source !== "aws.ecs") return;
    const detected = await detect(document, { ...ports, executions: world.executions.port }, policy);
    if (detected.kind === "started") firstAt ??= clock.now();
  });
  try {
    const remediations = () => world.executions.records.filter(({ workflow }) => workflow === "remediate");
    const isOver = () => remediations().length >= services && !world.executions.running();
    if (!(await world.runUntil(isOver, DAY_SECONDS)))
      throw new Error(`${remediations().length} of ${services} began, and they did not all end in a day`);
    const { records } = world.executions;
    const outcomes: Record<string, number> = {};
    for (const { status, result, failure } of remediations()) {
      const told = isObject(result as JsonObject)
        ? String((result as JsonObject).outcome)
        : `${status}: ${failure}`;
      outcomes[told] = (outcomes[told] ?? 0) + 1;
    }
    return {
      executions: remediations().length,
      outcomes,
      copies: records.filter(({ workflow }) => workflow === "mirror").length,
      modelledSeconds: Math.round(
        (Math.max(...records.map(({ endedAt = 0 }) => endedAt)) - (firstAt ?? 0)) / 1000,
      ),
      operationsMax: Math.max(...records.map((one) => one.log.length)),
      historyBytesMax: Math.max(...records.map((one) => Buffer.byteLength(JSON.stringify(one.log)))),
      cpuSecondsUntilUpdate: median([...cpu.values()]),
    };
  } finally {
    await door.close();
    await endpoint.close();
    await log.close();
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
