/**
 * `npm start`: the whole story in a closed world, in a minute of reading.
 *
 * Three services deploy, Docker Hub's limit is reached, and the product, unchanged, heals them. The seed
 * decides which images they run and how the world behaves; the same seed makes the same story.
 */

import { shortRevision } from "../../ecs/arn.ts";
import { getObjects, getString } from "../../ecs/json-fields.ts";
import { primaryDeployment } from "../../ecs/service/service.ts";
import { containersOf } from "../../ecs/task-definition/task-definition.ts";
import type { DetectResult } from "../../remediation/detect/detect.ts";
import type { Outcome } from "../../remediation/report/outcome.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { installRepull } from "../../sandbox/install-repull.ts";
import { createRandom } from "../../sandbox/random.ts";
import { createWorld, type World } from "../../sandbox/world/world.ts";
import { abbreviate, explainPlan } from "../../substitution/explain-plan.ts";
import type { Plan } from "../../substitution/plan-types.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { CommandIo } from "../io.ts";
import { nextCommands } from "../next-commands.ts";
import { formatOutcome } from "../output/format-outcome.ts";
import { jsonLine } from "../output/json-line.ts";
import { createEventLog, type EventLog } from "../output/progress/event-log.ts";
import { textTable } from "../output/text-table.ts";
import { DEMO_CLUSTER, DEMO_SERVICES, demoWorld } from "./demo-world.ts";

export type DemoInput = { readonly seed: string; readonly json: boolean; readonly policy: Policy };

type Row = {
  readonly service: string;
  readonly revision: string;
  readonly desired: number;
  readonly running: number;
  readonly images: readonly string[];
};

/** Two hours of the world's time: ECS's own pauses between attempts grow to 27 minutes. */
const WORLD_SECONDS_MAX = 7200;

/** Prints the story; exit status 1 where a service was not healed. */
export async function demo({ seed, json, policy }: DemoInput, io: CommandIo): Promise<number> {
  const tell = json ? () => undefined : (line: string) => io.out(`${line}\n`);
  let world: World | undefined;
  const eventLog = createEventLog(() => world?.clock.now() ?? 0, tell);
  const file = demoWorld(createRandom(seed));
  world = await createWorld(file, { seed, log: eventLog.log });
  const left = file.registries?.["docker.io"]?.quota?.remaining ?? 0;
  for (const line of opening(seed, left, await rows(world))) tell(line);

  const before = new Map<string, Row>();
  watch(world, policy, eventLog, before);
  const { executions, bus } = world;
  const quiet = (): boolean => bus.outcomes.length >= before.size && !executions.running();
  await world.runUntil(() => before.size === DEMO_SERVICES.length && quiet(), WORLD_SECONDS_MAX);
  await world.run(60);

  const after = await rows(world);
  const outcomes = bus.outcomes as unknown as readonly Outcome[];
  const healed = after.every(({ running, desired }) => running === desired);
  if (json) io.out(jsonLine("demo", { seed, healed, before: [...before.values()], after, outcomes }));
  else for (const line of closing(before, after, outcomes, io)) tell(line);
  return healed ? 0 : 1;
}

/** Installs the product, and prints what it does as it does it. */
function watch(world: World, policy: Policy, eventLog: EventLog, before: Map<string, Row>): void {
  const planned = new Set<string>();
  installRepull(world, {
    policy,
    onDetected: async (detected, document) => {
      if (detected.kind !== "started") return;
      const service = tellFailure(detected, document, eventLog);
      const row = (await rows(world)).find((one) => one.service === service);
      if (row !== undefined) before.set(service, row);
    },
    onPlan: (plan, { service }) => {
      tellPlan(plan, service, planned.has(service), eventLog);
      planned.add(service);
    },
  });
  world.bus.subscribe((document) => {
    if (document.source !== "repull") return;
    eventLog.say((document.detail as unknown as Outcome).summary);
  });
}

function tellFailure(
  { execution }: Extract<DetectResult, { kind: "started" }>,
  document: JsonObject,
  eventLog: EventLog,
): string {
  const detail = document.detail as JsonObject;
  const service = (getString(detail, "group") ?? "").replace(/^service:/, "");
  const inContainer = getObjects(detail, "containers").map((container) => getString(container, "reason"));
  const reason = inContainer.find((text) => text !== undefined) ?? getString(detail, "stoppedReason") ?? "";
  eventLog.say(
    `${service}: a task of ${shortRevision(getString(detail, "taskDefinitionArn") ?? "")} stopped`,
  );
  for (const line of wrapped(`“${reason}”`)) eventLog.say(`  ${line}`);
  eventLog.say(`  Repull: ${execution.slice(0, 10)}… starts`);
  return service;
}

/** The first plan in full; after a copy only what is new. */
function tellPlan(plan: Plan, service: string, isAgain: boolean, eventLog: EventLog): void {
  eventLog.say(isAgain ? `${service}: planned again, with the copy there` : `${service}: the plan`);
  for (const line of explainPlan(plan))
    if (!isAgain || /^ +(?:→|verified)/.test(line)) eventLog.say(`  ${line}`);
}

async function rows(world: World): Promise<readonly Row[]> {
  const { ecs } = world.ports;
  return await Promise.all(
    DEMO_SERVICES.map(async (name) => {
      const service = await ecs.describeService(DEMO_CLUSTER, name);
      const primary = service === undefined ? undefined : primaryDeployment(service);
      const described = await ecs.describeTaskDefinition(primary?.taskDefinition ?? "");
      return {
        service: name,
        revision: shortRevision(primary?.taskDefinition ?? "none"),
        desired: primary?.desiredCount ?? 0,
        running: primary?.runningCount ?? 0,
        images: containersOf(described?.taskDefinition ?? {}).map(({ image }) => image ?? ""),
      };
    }),
  );
}

function opening(seed: string, left: number, services: readonly Row[]): readonly string[] {
  return [
    "Three services on Docker Hub images begin to deploy, in a sandbox: no AWS account, no network.",
    `Times are the sandbox's own. Seed ${seed}; another one plays another story: npm start -- --seed 7`,
    "",
    ...textTable(
      ["service", "deploys", "tasks", "images"],
      services.map(({ service, revision, desired, images }) => [
        service,
        revision,
        String(desired),
        images.join(", "),
      ]),
    ).map((line) => `  ${line}`),
    "",
    `  Docker Hub grants their NAT gateway ${left === 0 ? "no more pulls" : `${left} more pull${left === 1 ? "" : "s"}`} in this period.`,
    "",
  ];
}

function closing(
  before: ReadonlyMap<string, Row>,
  after: readonly Row[],
  outcomes: readonly Outcome[],
  io: CommandIo,
): readonly string[] {
  const table = textTable(
    ["service", "at the limit", "now", "runs"],
    after.flatMap(({ service, images, ...now }) => {
      const then = before.get(service);
      const [first = "", ...others] = images.map(abbreviate);
      return [
        [
          service,
          then === undefined ? "not affected" : state(then),
          state({ service, images, ...now }),
          first,
        ],
        ...others.map((image) => ["", "", "", image]),
      ];
    }),
  );
  const unwell = outcomes.filter(({ outcome }) => outcome !== "succeeded");
  return [
    "",
    ...table.map((line) => `  ${line}`),
    "",
    ...unwell.flatMap((outcome) => formatOutcome(outcome)),
    ...nextCommands(io).map(
      ([command, what], index) => `${index === 0 ? "Next: " : "      "}${command}    ${what}`,
    ),
  ];
}

/** `web:42 0/2`: the revision, and how many of its tasks run. */
function state({ revision, running, desired }: Row): string {
  return `${revision} ${running}/${desired}`;
}

const WIDTH = 96;

/** Lines of a terminal's width, broken at spaces. */
function wrapped(text: string): readonly string[] {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1) ?? "";
    if (last !== "" && last.length + word.length >= WIDTH) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}
