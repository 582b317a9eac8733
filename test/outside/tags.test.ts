/**
 * The tag `repull` in whatever spelling, on whatever bears it: one account with a service for each row, and one command
 * that is given the events of them all.
 */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Document, type Documents, eventOf, failingService, refusedByDockerHub } from "./documents.ts";
import { type Left, runIn, startWorld, stopWorld, type World } from "./world.ts";

type Bearer = "service" | "cluster" | "task definition";

// biome-ignore format: a table is read by its columns
const TABLE: readonly (readonly [Bearer, string, string, string])[] = [
  ["service",         "repull", "off",       "opted-out"],
  ["service",         "repull", "Off",       "opted-out"],
  ["service",         "repull", "OFF",       "opted-out"],
  ["service",         "repull", " off",      "opted-out"],
  ["service",         "repull", "false",     "opted-out"],
  ["service",         "repull", "no",        "opted-out"],
  ["service",         "repull", "disabled",  "opted-out"],
  ["service",         "repull", "0",         "opted-out"],
  ["service",         "repull", "never",     "opted-out"],
  ["service",         "repull", "whatever",  "opt-out-unclear"],
  ["service",         "repull", "",          "opt-out-unclear"],
  ["service",         "Repull", "No",        "opted-out"],
  ["cluster",         "repull", "Off",       "opted-out"],
  ["cluster",         "repull", "false ",    "opted-out"],
  ["cluster",         "repull", "DISABLED",  "opted-out"],
  ["cluster",         "repull", "whatever",  "opt-out-unclear"],
  ["task definition", "repull", "OFF",       "opted-out"],
  ["task definition", "repull", "no",        "opted-out"],
  ["task definition", "repull", "0",         "opted-out"],
  ["task definition", "repull", "whatever",  "opt-out-unclear"],
];
// biome-ignore format: a table is read by its columns
const HEALED: readonly (readonly [Bearer, string, string])[] = [
  ["service",         "repull", "on"],
  ["cluster",         "repull", "True"],
  ["task definition", "repull", " yes"],
];
// biome-ignore format: a table is read by its columns
const OBSERVED: readonly (readonly [Bearer, string, string])[] = [
  ["service",         "repull:mode", "Observe"],
  ["cluster",         "repull:mode", "whatever"],
  ["task definition", "repull:mode", "observe"],
];

let world: World;
let left: Left;
let lines: ReadonlyMap<string, Document>;

beforeAll(async () => {
  world = await startWorld();
  const { documents } = world.account;
  for (const list of Object.values(documents)) list.length = 0;
  const rows = [...TABLE, ...HEALED, ...OBSERVED];
  world.event = rows.map(([bearer, key, value]) => addService(documents, bearer, { key, value }));
  left = await runIn(world);
  lines = new Map(left.lines.map((line) => [String((line.workload as Document).name), line]));
}, 60_000);
afterAll(() => stopWorld(world));

/** A failing service in a cluster of its own, of which one part bears the tag; answers its event. */
function addService(documents: Documents, bearer: Bearer, tag: Document): Document {
  const name = nameOf(bearer, tag);
  const { deployed } = world;
  const own = failingService({
    cluster: `${name}-cluster`,
    name,
    digest: deployed.index,
    reason: refusedByDockerHub(deployed.amd64),
  });
  const bearers = { service: own.services, cluster: own.clusters, "task definition": own.definitions };
  for (const one of bearers[bearer]) (one.tags as Document[]).push(tag);
  for (const [member, list] of Object.entries(own))
    documents[member as keyof Documents].push(...(list as never[]));
  return eventOf(own.tasks[0] ?? {});
}

function nameOf(bearer: Bearer, { key, value }: Document): string {
  return `${bearer} ${key}=${value}`.replace(/[^A-Za-z]/g, (sign) => `-${sign.charCodeAt(0)}-`);
}

function writtenFor(name: string): readonly Document[] {
  const { account } = world;
  return [
    ...account.taken("RegisterTaskDefinition").filter(({ family }) => family === name),
    ...account.taken("UpdateService").filter(({ service }) => service === name),
  ];
}

describe("repull replay --aws --yes", () => {
  for (const [bearer, key, value, reason] of TABLE) {
    it(`writes nothing when the ${bearer} has the tag ${key}=${JSON.stringify(value)}`, () => {
      const name = nameOf(bearer, { key, value });
      expect(lines.get(name)).toMatchObject({ outcome: "not-eligible", reason });
      expect(writtenFor(name)).toEqual([]);
    });
  }
  for (const [bearer, key, value] of OBSERVED) {
    it(`plans only when the ${bearer} has the tag ${key}=${value}`, () => {
      const name = nameOf(bearer, { key, value });
      expect(lines.get(name)).toMatchObject({ outcome: "dry-run" });
      expect(writtenFor(name)).toEqual([]);
    });
  }
  for (const [bearer, key, value] of HEALED) {
    it(`writes when the ${bearer} has the tag ${key}=${JSON.stringify(value)}`, () => {
      const name = nameOf(bearer, { key, value });
      expect(lines.get(name)).toMatchObject({ outcome: "redeployed" });
      expect(writtenFor(name)).toHaveLength(2);
    });
  }
  it("ends with one line for each event, and status 1 where one was declined", () => {
    expect(left.lines).toHaveLength(TABLE.length + HEALED.length + OBSERVED.length);
    expect(left.status).toBe(1);
  });
});
