/** Every line that a command prints with --json, compared with the schema of its type. */

import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LINE_TYPES, type LineType } from "../../src/cli/output/json-line.ts";
import { jsonSchemaOf, LINE_SCHEMAS, SCHEMA_NAMES } from "../../src/cli/output/line-schemas.ts";
import { UNKNOWN_OPERATION } from "./account.ts";
import { linesOf, repull } from "./command.ts";
import { healed, openEcr, waiting } from "./ready.ts";
import { ECR_HOST } from "./registries.ts";
import { WAITING } from "./waiting-plan.ts";
import { environmentOf, startWorld, stopWorld, type World } from "./world.ts";

type Row = readonly [args: string, types: readonly LineType[], arrange?: (world: World) => void];

const MIRROR = `public.ecr.aws/docker/library/nginx:1.25 ${ECR_HOST}/own/nginx:1.25`;
/** The function that cleans up is deployed, and has found a copy that may go. */
function pruning({ account }: World): void {
  const digest = `sha256:${"a".repeat(64)}`;
  const one = { repository: "repull/docker.io/library/nginx", digest };
  const deleted = [
    { ...one, tags: ["1.27-aaaaaaaaaaaa"], digests: [digest], bytes: 1, undo: ["repull", "mirror"] },
  ];
  const report = { kind: "dry-run", deleted, marked: [one], kept: { used: 2 }, failed: [] };
  account.override = ({ action }) =>
    action.startsWith("POST /2015-03-31/functions/repull-mirrors/invocations") ? { body: report } : undefined;
}
/** ECR takes what it gets, and has nothing yet. */
function caching({ account }: World): void {
  account.override = ({ action }) =>
    /PullThroughCacheRule|RepositoryCreationTemplate/.test(action)
      ? { body: action.startsWith("Validate") ? { isValid: true } : {} }
      : undefined;
}
/** The function that refreshes is deployed, and has found a tag that has moved. */
function refreshing({ account }: World): void {
  const [from, to] = ["a", "b"].map((digit) => `sha256:${digit.repeat(64)}`);
  const users = { count: 1, first: [{ place: "services", by: "service/prod/web" }] };
  const tag = { source: "docker.io/library/nginx:1.27", repository: "repull/docker.io/library/nginx", users };
  const copy = { kind: "withheld", code: "dry-run", because: "nothing is copied by a dry run" };
  const report = {
    kind: "dry-run",
    because: copy.because,
    tags: 1,
    heads: 1,
    unanswered: 0,
    moved: [{ code: "tag-moved", ...tag, from, to, copy, images: [], isNews: true }],
    lost: [{ code: "source-gone", ...tag, since: 0, isNews: true }],
    back: [],
    wanted: [{ source: "a", users: 0, copy }],
    problems: [],
    unread: [],
  };
  account.override = ({ action }) =>
    action.startsWith("POST /2015-03-31/functions/repull-refresh/invocations") ? { body: report } : undefined;
}
// biome-ignore format: a table is read by its columns
const TABLE: readonly Row[] = [
  ["explain event.json",                            ["explanation"]],
  ["explain none.json",                             ["explanation"]],
  ["replay event.json --aws --no-stack",            ["outcome"]],
  ["replay event.json --aws --no-stack --yes --no-wait", ["outcome"]],
  ["replay none.json --aws --no-stack",             ["outcome"]],
  ["plan web",                                      ["plan"]],
  ["plan wbe",                                      ["error"]],
  ["fix web --yes --no-wait --verbose",                       ["outcome"]],
  ["fix web --no-stack --policy observe.json --yes",["plan"]],
  ["diagnose event.json --offline", ["diagnosis"]],
  ["scan",                                          ["scan", "summary"]],
  ["scan --roles",                                  ["roles"]],
  ["scan --rights",                                 ["permissions"]],
  ["diagnose --rights",                             ["permissions"]],
  ["status",                                        ["status"],        waiting],
  ["mirrors",                                       ["mirrors"]],
  ["mirrors refresh",                               ["refresh"],       refreshing],
  ["mirrors refresh --rights",                      ["permissions"]],
  ["mirrors refresh --apply",                       ["refresh", "apply"], refreshing],
  ["mirrors refresh --apply --no-stack --yes",      ["apply"]],
  ["mirrors refresh --apply --rights",              ["permissions"]],
  ["mirrors refresh --image nginx",                 ["error"]],
  ["mirrors prune",                                 ["prune"],         pruning],
  ["mirrors prune --rights",                        ["permissions"]],
  ["mirrors cache create --registry quay --yes --no-stack", ["cache"], caching],
  ["mirrors cache create --registry docker-hub --no-stack", ["error"]],
  ["mirrors cache create --registry quay --rights", ["permissions"]],
  ["mirrors list --rights",                         ["permissions"]],
  ["pause --because incident --yes",                ["kill-switch"]],
  ["resume --yes",                                  ["kill-switch"]],
  ["history",                                       ["history"],       healed],
  ["undo web",                                      ["undo"],          healed],
  ["undo web --yes --no-wait",                      ["undo"],          healed],
  ["approve",                                       ["approval"],      waiting],
  [`approve ${WAITING}`,                            ["approval"],      waiting],
  [`deny ${WAITING} --because no`,                  ["approval"],      waiting],
  ["deny r-none",                                   ["approval"],      waiting],
  ["doctor",                                        ["check"]],
  ["check task.json",                               ["check-finding", "summary"]],
  ["check task.json --offline",                     ["check-finding", "summary"]],
  ["check none.json",                               ["error"]],
  [`mirror ${MIRROR}`,                              ["copy"],          openEcr],
  [`mirror ${MIRROR} --stack other`,                ["copy", "error"], openEcr],
  ["policy check observe.json",                     ["policy"]],
  ["policy check event.json",                       ["policy"]],
  ["policy check none.json",                        ["error"]],
  ["policy public-images",                          ["public-image"]],
  ["rate-limit",                                    ["rate-limit"]],
  ["demo",                                          ["demo"]],
  ["version",                                       ["version"]],
  ["schema plann",                                  ["error"]],
  ["status --stack other",                          ["error"]],
  ["scan --nonsense",                               ["error"]],
];

const STACK = {
  environment: { REPULL_WRITES_PARAMETER: "/repull/writes" },
  parameters: { "/repull/writes": "allowed" },
};
const TASK = JSON.stringify({ containerDefinitions: [{ name: "web", image: "nginx:1.25" }] });
const RUNS_AT_ONCE = 4;
const ran = new Map<string, Awaited<ReturnType<typeof repull>>>();

async function run([args, , arrange]: Row): Promise<void> {
  const world = await startWorld();
  try {
    world.account.unknown = UNKNOWN_OPERATION;
    world.account.stack = STACK;
    arrange?.(world);
    const files = {
      "event.json": JSON.stringify(world.event),
      "observe.json": '{"mode":"observe"}',
      "task.json": TASK,
    };
    ran.set(args, await repull([...args.split(" "), "--json"], { environment: environmentOf(world), files }));
  } finally {
    await stopWorld(world);
  }
}

beforeAll(async () => {
  const left = [...TABLE];
  const next = async (): Promise<void> => {
    for (let row = left.shift(); row !== undefined; row = left.shift()) await run(row);
  };
  await Promise.all(Array.from({ length: RUNS_AT_ONCE }, next));
}, 120_000);
afterAll(() => ran.clear());

describe("repull --json", () => {
  for (const [args, types] of TABLE)
    it(`prints lines of the type ${types.join(" and ")} alone when it is called as: ${args}`, () => {
      const { out = "", err = "" } = ran.get(args) ?? {};
      const lines = linesOf(out);
      expect([...new Set(lines.map(({ type }) => type))].toSorted(), err).toEqual([...types].toSorted());
      for (const line of lines) {
        const { error } = LINE_SCHEMAS[line.type as LineType].safeParse(line);
        expect(error?.issues ?? [], JSON.stringify(line)).toEqual([]);
      }
    });

  it("is tried for every type of line", () => {
    const tried = new Set(TABLE.flatMap(([, types]) => types));
    expect(LINE_TYPES.filter((type) => !tried.has(type))).toEqual(["listening"]);
  });
});

describe("docs/schema", () => {
  for (const type of SCHEMA_NAMES)
    it(`has the schema of ${type} as repull schema prints it`, async () => {
      const written = await readFile(new URL(`../../docs/schema/${type}.json`, import.meta.url), "utf8");
      expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(jsonSchemaOf(type))));
    });
});
