/**
 * Every command at every door that should not open: what it has written, and with which status it ends.
 *
 * Each row is a process of its own against an account over HTTP; some run at a time, for each waits more than it works.
 */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusal, type Stack } from "./account.ts";
import { repull } from "./command.ts";
import { ACCOUNT, arn, eventOf, failingService, refusedByDockerHub } from "./documents.ts";
import { environmentOf, only, startWorld, stopWorld, type World, writesOf } from "./world.ts";

const RUNS_AT_ONCE = 4;
const BRAKE = { REPULL_BRAKE_PARAMETER: "/repull/brake" };
const stack = (environment: Stack["environment"], brake = "released"): Stack => ({
  environment: { ...BRAKE, ...environment },
  parameters: { "/repull/brake": brake, "/repull/policy": '{"clusters":{"exclude":["prod"]}}' },
});

/** Calls, with what each needs to write. */
const replay = ["replay", "event.json", "--aws", "--yes", "--no-wait"];
const fix = ["fix", "prod/web", "--yes", "--no-wait"];
const plan = ["plan", "prod/web"];
const undo = ["undo", "web", "--yes", "--no-wait"];
const approve = ["approve", `r-${"a".repeat(40)}-1`];
const scan = ["scan"];

type Arrange = (world: World) => void;
const paused: Arrange = ({ account }) => {
  account.stack = stack({}, "by Ada");
};
const observing: Arrange = ({ account }) => {
  account.stack = stack({ REPULL_MODE: "observe" });
};
const excluding: Arrange = ({ account }) => {
  account.stack = stack({ REPULL_POLICY_PARAMETER: "/repull/policy" });
};
const optedOut: Arrange = ({ account }) => {
  account.stack = stack({});
  only(account.documents.services).tags = [{ key: "repull", value: "off" }];
};
const absent: Arrange = ({ account }) => {
  account.stack = "absent";
};
const unreadable: Arrange = ({ account }) => {
  account.override = ({ action }) =>
    action.includes("/configuration") ? refusal("AccessDeniedException", "no", 403) : undefined;
};
/** The same service in two clusters. */
const twice: Arrange = ({ account, deployed }) => {
  account.stack = stack({});
  const reason = refusedByDockerHub(deployed.amd64);
  const other = failingService({ cluster: "staging", digest: deployed.index, reason });
  account.documents.clusters.push(...other.clusters);
  account.documents.services.push(...other.services);
};
const elsewhere =
  (from: string, to: string): Arrange =>
  (world) => {
    world.account.stack = stack({});
    world.event = JSON.parse(
      JSON.stringify(eventOf(only(world.account.documents.tasks))).replaceAll(from, to),
    );
  };
const deployed: Arrange = ({ account }) => {
  account.stack = stack({});
};
/** The service runs a revision of ours. */
const healed =
  (arrange: Arrange): Arrange =>
  (world) => {
    arrange(world);
    const { definitions, services } = world.account.documents;
    const [former] = definitions;
    if (former === undefined) throw new Error("no definition");
    definitions.push({
      taskDefinition: {
        ...former.taskDefinition,
        taskDefinitionArn: arn("task-definition/web:43"),
        revision: 43,
      },
      tags: [
        { key: "repull:execution", value: `r-${"a".repeat(40)}-1` },
        { key: "repull:former", value: "web:42" },
        { key: "repull:service", value: "prod/web" },
        { key: "repull:image-1", value: `nginx:1.25 sha256:${"b".repeat(64)}` },
      ],
    });
    only(services).taskDefinition = arn("task-definition/web:43");
  };
const foreignArn = (account: string, region = "us-east-1") =>
  `arn:aws:ecs:${region}:${account}:service/prod/web`;
const OTHER = "210987654321";

// biome-ignore format: a table is read by its columns
const rows: readonly (readonly [string, string, readonly string[], Arrange, number, readonly string[]])[] = [
  // Command    When                                     Called as                                      World                        Ends  Writes
  ["replay",    "the kill switch is pulled",             replay,                                        paused,                         4,  []],
  ["fix",       "the kill switch is pulled",             fix,                                           paused,                         4,  []],
  ["approve",   "the kill switch is pulled",             approve,                                       paused,                         4,  []],
  ["plan",      "the kill switch is pulled",             plan,                                          paused,                         0,  []],
  ["replay",    "the mode is observe",                   replay,                                        observing,                      0,  ["PutEvents"]],
  ["fix",       "the mode is observe",                   fix,                                           observing,                      1,  []],
  ["approve",   "the mode is observe",                   approve,                                       observing,                      4,  []],
  ["replay",    "the policy leaves the cluster out",     replay,                                        excluding,                      1,  ["PutEvents"]],
  ["fix",       "the policy leaves the cluster out",     fix,                                           excluding,                      1,  []],
  ["plan",      "the policy leaves the cluster out",     plan,                                          excluding,                      1,  []],
  ["replay",    "the service has opted out",             replay,                                        optedOut,                       1,  ["PutEvents"]],
  ["fix",       "the service has opted out",             fix,                                           optedOut,                       1,  []],
  ["plan",      "the service has opted out",             plan,                                          optedOut,                       1,  []],
  ["replay",    "the stack is absent",                   replay,                                        absent,                         4,  []],
  ["fix",       "the stack is absent",                   fix,                                           absent,                         4,  []],
  ["undo",      "the stack is absent",                   undo,                                          absent,                         4,  []],
  ["approve",   "the stack is absent",                   approve,                                       absent,                         4,  []],
  ["plan",      "the stack is absent",                   plan,                                          absent,                         0,  []],
  ["plan",      "the stack that was named is absent",    [...plan, "--stack", "mine"],                  absent,                         4,  []],
  ["replay",    "the stack cannot be read",              replay,                                        unreadable,                     4,  []],
  ["fix",       "the stack cannot be read",              fix,                                           unreadable,                     4,  []],
  ["undo",      "the stack cannot be read",              undo,                                          unreadable,                     4,  []],
  ["approve",   "the stack cannot be read",              approve,                                       unreadable,                     4,  []],
  ["plan",      "the stack cannot be read",              plan,                                          unreadable,                     4,  []],
  ["replay",    "the event is of another account",       replay,                                        elsewhere(ACCOUNT, OTHER),      4,  []],
  ["replay",    "the event is of another region",        replay,                                        elsewhere("us-east-1", "eu-west-1"), 4, []],
  ["fix",       "the ARN is of another account",         ["fix", foreignArn(OTHER), "--yes"],           deployed,                       4,  []],
  ["fix",       "the ARN is of another region",          ["fix", foreignArn(ACCOUNT, "eu-west-1"), "--yes"], deployed,                  4,  []],
  ["plan",      "the ARN is of another account",         ["plan", foreignArn(OTHER)],                   deployed,                       4,  []],
  ["undo",      "the ARN is of another account",         ["undo", foreignArn(OTHER), "--yes"],          deployed,                       4,  []],
  ["undo",      "the ARN is of another region",          ["undo", foreignArn(ACCOUNT, "eu-west-1"), "--yes"], deployed,                 4,  []],
  ["fix",       "two clusters have the name",            ["fix", "web", "--yes"],                       twice,                          2,  []],
  ["plan",      "two clusters have the name",            ["plan", "web"],                               twice,                          2,  []],
  ["undo",      "the kill switch is pulled",             undo,                                          healed(paused),                 4,  []],
  ["undo",      "the mode is observe",                   undo,                                          healed(observing),              4,  []],
  ["undo",      "the policy leaves the cluster out",     undo,                                          healed(excluding),              1,  []],
  ["undo",      "everything allows it",                  undo,                                          healed(deployed),               0,  ["UpdateService"]],
  ["scan",      "the stack is absent",                   scan,                                          absent,                         0,  []],
  ["scan",      "the stack that was named is absent",    [...scan, "--stack", "mine"],                  absent,                         4,  []],
  ["explain",   "there is no such file",                 ["explain", "none.json"],                      deployed,                       2,  []],
  ["policy",    "there is no such file",                 ["policy", "check", "none.json"],              deployed,                       2,  []],
  ["mirror",    "the reference is none",                 ["mirror", "A B", "c"],                        deployed,                       2,  []],
  ["undo",      "neither a name nor a time is said",     ["undo", "--yes"],                             deployed,                       2,  []],
  ["history",   "the time is none",                      ["history", "--since", "yesterday"],           deployed,                       2,  []],
];

type Door = Awaited<ReturnType<typeof repull>> & { readonly writes: readonly string[] };
const doors = new Map<(typeof rows)[number], Door>();

async function knock([, , args, arrange]: (typeof rows)[number]): Promise<Door> {
  const world = await startWorld();
  try {
    arrange(world);
    const files = { "event.json": JSON.stringify(world.event) };
    const said = await repull(args, { environment: environmentOf(world), files });
    return { ...said, writes: writesOf(world) };
  } finally {
    await stopWorld(world);
  }
}

beforeAll(async () => {
  const waiting = [...rows];
  const run = async (): Promise<void> => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift())
      doors.set(row, await knock(row));
  };
  await Promise.all(Array.from({ length: RUNS_AT_ONCE }, run));
}, 240_000);
afterAll(() => doors.clear());

describe("repull", () => {
  for (const row of rows) {
    const [command, when, , , status, writes] = row;
    it(`${command} ends with ${status} and ${writes.length === 0 ? "writes nothing" : `sends ${writes.join(" and ")} alone`} when ${when}`, () => {
      const door = doors.get(row);
      expect({ status: door?.status, writes: door?.writes }, door?.err).toEqual({ status, writes });
      expect(`${door?.out}${door?.err}`.trim()).not.toBe("");
      expect(door?.err).not.toMatch(/\n\s+at /);
    });
  }
});
