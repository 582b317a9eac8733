/**
 * Every command at every door: what it has written, with which status it ends, and that it says why.
 *
 * Each cell is a process of its own against an account over HTTP; some run at a time, for each waits more than it works.
 */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusal, type Stack, UNKNOWN_OPERATION } from "./account.ts";
import { repull } from "./command.ts";
import { ACCOUNT, eventOf, failingService, REGION, refusedByDockerHub } from "./documents.ts";
import { healed, openEcr, waiting } from "./ready.ts";
import { ECR_HOST } from "./registries.ts";
import { WAITING, waitingArn } from "./waiting-plan.ts";
import { environmentOf, only, startWorld, stopWorld, type World, writesOf } from "./world.ts";

const RUNS_AT_ONCE = 4;
const OTHER = "210987654321";

type Arrange = (world: World) => void;
type Called = { readonly args: readonly string[]; readonly arrange?: Arrange };

const byName = (name: string) => `public.ecr.aws/docker/library/${name}`;
const target = (host = ECR_HOST) => `${host}/own/nginx:1.25`;

/** A call of each command with all that it needs to write; `at` is the account and region that what it names is of. */
const COMMANDS = {
  replay: () => ({ args: ["replay", "event.json", "--aws", "--yes", "--no-wait"] }),
  fix: (at) => ({ args: ["fix", at === undefined ? "web" : serviceArn(at), "--yes", "--no-wait"] }),
  undo: (at) => ({
    args: ["undo", at === undefined ? "web" : serviceArn(at), "--yes", "--no-wait"],
    arrange: healed,
  }),
  approve: (at) => ({
    args: ["approve", at === undefined ? WAITING : waitingArn(...at)],
    arrange: waiting,
  }),
  deny: (at) => ({ args: ["deny", at === undefined ? WAITING : waitingArn(...at)], arrange: waiting }),
  mirror: () => ({ args: ["mirror", byName("nginx:1.25"), target()], arrange: openEcr }),
  plan: (at) => ({ args: ["plan", at === undefined ? "web" : serviceArn(at)] }),
  scan: (at) => ({ args: ["scan", ...(at === undefined ? [] : ["--cluster", clusterArn(at)])] }),
  history: () => ({ args: ["history"] }),
  doctor: () => ({ args: ["doctor"] }),
  pause: () => ({ args: ["pause", "--because", "incident", "--yes"] }),
  resume: () => ({ args: ["resume", "--yes"] }),
  status: () => ({ args: ["status"], arrange: waiting }),
} satisfies Record<string, (at?: readonly [account: string, region: string]) => Called>;
type Command = keyof typeof COMMANDS;

/** What the columns hold: a status, and what was written. `·`: the case is none for this command. */
const WRITES: Readonly<Record<string, readonly string[]>> = {
  "": [],
  all: ["RegisterTaskDefinition", "UpdateService", "PutEvents"],
  told: ["PutEvents"],
  back: ["UpdateService"],
  word: ["POST /2025-12-01/durable-execution-callbacks/callback-1/succeed"],
  copy: ["an image"],
  stop: ["PutParameter"],
};

// biome-ignore format: a table is read by its columns
const TABLE = `
  when                                          | replay | fix   | undo   | approve | deny   | mirror | plan | scan | history | doctor | pause  | resume | status
  everything allows it                          | 0 all  | 0 all | 0 back | 0 word  | 0 word | 0 copy | 0    | 0    | 0       | 1  | 0 stop | 0      | 0
  the kill switch is pulled                     | 4      | 4     | 4      | 4       | 0 word | 4      | 1    | 0    | 0       | 1  | 0      | 0 stop | 0
  the kill switch cannot be read                | 4      | 4     | 4      | 4       | 0 word | 4      | 1    | ·    | ·       | ·  | 4      | 4      | 5
  the mode is observe                           | 0 told | 1     | 4      | 4       | 0 word | 4      | 1    | 0    | 0       | 1  | 0 stop | 0      | 0
  the policy leaves it out                      | 1 told | 1     | 1      | 0 word  | 0 word | 4      | 1    | 0    | ·       | ·  | 0 stop | 0      | 0
  the policy document cannot be read            | 4      | 4     | 4      | 4       | 0 word | 4      | 4    | ·    | ·       | ·  | 0 stop | 0      | 4
  the service has opted out                     | 1 told | 1     | 0 back | ·       | ·      | ·      | 1    | 0    | ·       | ·  | ·      | ·      | 0
  what it names is of another account           | 4      | 4     | 4      | 4       | 4      | ·      | 4    | 4    | ·       | ·  | ·      | ·      | ·
  what it names is of another region            | 4      | 4     | 4      | 4       | 4      | ·      | 4    | 4    | ·       | ·  | ·      | ·      | ·
  two clusters have the name                    | ·      | 2     | 2      | ·       | ·      | ·      | 2    | ·    | ·       | ·  | ·      | ·      | ·
  no service has the name                       | ·      | 2     | 1      | 1       | 1      | ·      | 2    | ·    | ·       | ·  | ·      | ·      | ·
  no stack is deployed                          | 4      | 4     | 4      | 4       | 4      | 4      | 0    | 0    | 0       | 4  | 4      | 4      | 4
  no stack is deployed, and --no-stack is said  | 0 all  | 0 all | 0 back | ·       | ·      | 0 copy | 0    | 0    | 0       | ·  | 2      | 2      | 0
  the stack that is named is absent             | 4      | 4     | 4      | 4       | 4      | 4      | 4    | 4    | 0       | 1  | 4      | 4      | 4
  the only stack has another name               | 0 all  | 0 all | 0 back | 0 word  | 0 word | 0 copy | 0    | 0    | 0       | 1  | 0 stop | 0      | 0
  the only stack has another name and is paused | 4      | 4     | 4      | 4       | 0 word | 4      | ·    | ·    | ·       | ·  | 0      | 0 stop | 0
  two stacks are deployed                       | 2      | 2     | 2      | 2       | 2      | 2      | 2    | 2    | 2       | 2  | 2      | 2      | 2
  one of two stacks is named                    | 0 all  | 0 all | 0 back | 0 word  | 0 word | 0 copy | 0    | 0    | 0       | 1  | 0 stop | 0      | 0
  the stacks cannot be listed                   | 4      | 4     | 4      | 4       | 4      | 4      | 4    | 0    | 0       | 1  | 4      | 4      | 4
  the tags of a stack cannot be read            | 4      | 4     | 4      | 4       | 4      | 4      | 4    | 0    | 0       | 1  | 4      | 4      | 4
  the stack cannot be read                      | 4      | 4     | 4      | 4       | 0 word | 4      | 4    | 0    | 0       | 1  | 4      | 4      | 4
  a stack that is paused is passed over         | 0 all  | 0 all | 0 back | 0 word  | 0 word | 0 copy | 0    | 0    | 0       | ·  | 2      | 2      | 0
  --policy says observe                         | 0 told | 1     | 4      | 4       | 0 word | 4      | 1    | 0    | ·       | ·  | ·      | ·      | 0
  --policy is not a file                        | 2      | 2     | 2      | 2       | ·      | 2      | 2    | 2    | ·       | ·  | ·      | ·      | 2
  the output is closed before it writes         | 5      | 5     | 5      | 5       | 5      | 5      | 5    | 5    | 5       | 5  | 5      | 5      | 5
`;

const KILL_SWITCH = { REPULL_WRITES_PARAMETER: "/repull/writes" };
type StackWords = Partial<Stack> & { readonly killSwitch?: string };
const stack =
  ({ environment = {}, killSwitch = "allowed", ...named }: StackWords = {}): Arrange =>
  ({ account }) => {
    account.stack = {
      ...named,
      environment: { ...KILL_SWITCH, ...environment },
      parameters: {
        "/repull/writes": killSwitch,
        "/repull/policy":
          '{"scope":{"clusters":{"exclude":["prod"]},"images":{"exclude":["public.ecr.aws/*"]}}}',
      },
    };
  };
const absent: Arrange = ({ account }) => {
  account.stack = "absent";
};
const denied =
  (call: RegExp): Arrange =>
  (world) => {
    stack()(world);
    const { override } = world.account;
    world.account.override = (request) =>
      call.test(request.action) ? refusal("AccessDeniedException", "no", 403) : override(request);
  };
const optedOut: Arrange = (world) => {
  stack()(world);
  only(world.account.documents.services).tags = [{ key: "repull", value: "off" }];
};
/** Everything of the cluster again, under another cluster's name. */
const twice: Arrange = (world) => {
  stack()(world);
  const { documents } = world.account;
  const other = failingService({
    cluster: "staging",
    digest: world.deployed.index,
    reason: refusedByDockerHub(world.deployed.amd64),
  });
  const { taskDefinition } = only(documents.services);
  documents.clusters.push(...other.clusters);
  documents.services.push(...other.services.map((one) => ({ ...one, taskDefinition })));
};
const eventOfElsewhere =
  (from: string, to: string): Arrange =>
  (world) => {
    stack()(world);
    const event = JSON.stringify(eventOf(only(world.account.documents.tasks)));
    world.event = JSON.parse(event.replaceAll(from, to));
  };

type Case = {
  readonly arrange: Arrange;
  readonly args?: readonly string[];
  readonly at?: readonly [account: string, region: string];
  /** What the command names, in place of what it would. */
  readonly instead?: string;
  readonly isClosed?: boolean;
};
const CASES: Readonly<Record<string, Case>> = {
  "everything allows it": { arrange: stack() },
  "the kill switch is pulled": { arrange: stack({ killSwitch: "by Ada" }) },
  "the kill switch cannot be read": {
    arrange: stack({ environment: { REPULL_WRITES_PARAMETER: "/repull/none" } }),
  },
  "the mode is observe": { arrange: stack({ environment: { REPULL_MODE: "observe" } }) },
  "the policy leaves it out": {
    arrange: stack({ environment: { REPULL_POLICY_PARAMETER: "/repull/policy" } }),
  },
  "the policy document cannot be read": {
    arrange: stack({ environment: { REPULL_POLICY_PARAMETER: "/repull/none" } }),
  },
  "the service has opted out": { arrange: optedOut },
  "what it names is of another account": {
    arrange: eventOfElsewhere(ACCOUNT, OTHER),
    at: [OTHER, REGION],
  },
  "what it names is of another region": {
    arrange: eventOfElsewhere(REGION, "eu-west-1"),
    at: [ACCOUNT, "eu-west-1"],
  },
  "two clusters have the name": { arrange: twice },
  "no service has the name": { arrange: stack(), instead: "wbe" },
  "no stack is deployed": { arrange: absent },
  "no stack is deployed, and --no-stack is said": { arrange: absent, args: ["--no-stack"] },
  "the stack that is named is absent": { arrange: stack(), args: ["--stack", "mine"] },
  "the only stack has another name": { arrange: stack({ name: "mine" }) },
  "the only stack has another name and is paused": { arrange: stack({ name: "mine", killSwitch: "by Ada" }) },
  "two stacks are deployed": { arrange: stack({ count: 2 }) },
  "one of two stacks is named": { arrange: stack({ count: 2 }), args: ["--stack", "repull-2"] },
  "the stacks cannot be listed": { arrange: denied(/^GET \/2015-03-31\/functions\/?(?:\?|$)/) },
  "the tags of a stack cannot be read": { arrange: denied(/^GET \/2017-03-31\/tags\//) },
  "the stack cannot be read": { arrange: denied(/-remediate\/configuration/) },
  "a stack that is paused is passed over": { arrange: stack({ killSwitch: "by Ada" }), args: ["--no-stack"] },
  "--policy says observe": { arrange: stack(), args: ["--policy", "observe.json"] },
  "--policy is not a file": { arrange: stack(), args: ["--policy", "none.json"] },
  "the output is closed before it writes": { arrange: stack(), isClosed: true },
};

const serviceArn = ([account, region]: readonly [string, string]) =>
  `arn:aws:ecs:${region}:${account}:service/prod/web`;
const clusterArn = ([account, region]: readonly [string, string]) =>
  `arn:aws:ecs:${region}:${account}:cluster/prod`;

type Cell = {
  readonly command: Command;
  readonly when: string;
  readonly status: number;
  readonly writes: readonly string[];
};

function cellsIn(table: string): readonly Cell[] {
  const [head, ...rows] = table
    .trim()
    .split("\n")
    .map((line) => line.split("|").map((word) => word.trim()));
  return rows.flatMap(([when = "", ...cells]) =>
    cells.flatMap((cell, column) => {
      if (cell === "·") return [];
      const [status, words = ""] = cell.split(" ");
      const [command, writes] = [head?.[column + 1] as Command, WRITES[words]];
      if (!(command in COMMANDS) || writes === undefined || !(when in CASES))
        throw new Error(`${when}: ${cell}`);
      return [{ command, when, status: Number(status), writes }];
    }),
  );
}

const cells = cellsIn(TABLE);
type Door = Awaited<ReturnType<typeof repull>> & { readonly writes: readonly string[] };
const doors = new Map<Cell, Door>();

async function knock({ command, when }: Cell): Promise<Door> {
  const { arrange, args = [], at, instead, isClosed = false } = CASES[when] as Case;
  const called: Called = COMMANDS[command](at);
  const world = await startWorld();
  try {
    world.account.unknown = UNKNOWN_OPERATION;
    called.arrange?.(world);
    arrange(world);
    if (when === "two clusters have the name") called.arrange?.(world);
    const named = called.args.map((word, index) => (index === 1 ? (instead ?? word) : word));
    const said = await repull([...named, ...args], {
      environment: environmentOf(world),
      files: { "event.json": JSON.stringify(world.event), "observe.json": '{"mode":"observe"}' },
      ...(isClosed ? { drive: ({ stdout, stderr }) => [stdout, stderr].map((end) => end?.destroy()) } : {}),
    });
    return { ...said, writes: writesOf(world) };
  } finally {
    await stopWorld(world);
  }
}

beforeAll(async () => {
  const waiting = [...cells];
  const run = async (): Promise<void> => {
    for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift())
      doors.set(cell, await knock(cell));
  };
  await Promise.all(Array.from({ length: RUNS_AT_ONCE }, run));
}, 300_000);
afterAll(() => doors.clear());

describe("repull", () => {
  for (const cell of cells) {
    const { command, when, status, writes } = cell;
    const sends = writes.length === 0 ? "writes nothing" : `sends ${writes.join(" and ")} alone`;
    it(`${command} ends with ${status} and ${sends} when ${when}`, () => {
      const door = doors.get(cell);
      expect({ status: door?.status, writes: door?.writes }, door?.err).toEqual({ status, writes });
      if (CASES[when]?.isClosed === true) return;
      expect(`${door?.out}${door?.err}`.trim()).not.toBe("");
      expect(door?.err).not.toMatch(/\n\s+at /);
    });
  }
});
