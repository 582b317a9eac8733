/** The refresh over an account in moto and a registry on loopback: what is remembered between runs, and by which of two at once. */

import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ECSClient, RegisterTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createUseReader } from "../../src/aws/mirrors/account-uses.ts";
import { createImageStore } from "../../src/aws/mirrors/ecr-images.ts";
import { createPruneTable } from "../../src/aws/mirrors/prune-table.ts";
import { createServiceTimes } from "../../src/aws/mirrors/service-times.ts";
import { type Digest, digestOf } from "../../src/image/digest.ts";
import type { RefreshReport } from "../../src/mirrors/refresh/refresh-report.ts";
import { runRefresh } from "../../src/mirrors/refresh/run-refresh.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { DEFAULT_POLICY } from "../../src/substitution/policy/policy.ts";
import { type MirrorsAccount, startMirrorsAccount } from "../support/aws/mirrors-account.ts";

const ACCOUNT = "123456789012";
const HOST = `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`;
const REPOSITORY = "repull/quay.io/org/app";
const TABLE = "refresh";

let account: MirrorsAccount;
let first: Digest;
const tags = new Map<string, Digest>();
const started: string[] = [];

beforeAll(async () => {
  account = await startMirrorsAccount();
  const { settings } = account;
  await new DynamoDBClient(settings).send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    }),
  );
  await account.repository(REPOSITORY, "quay.io/org/app");
  first = await account.push(REPOSITORY, "first", { tag: "1.0-" });
  tags.set("1.0", first);
  await new ECSClient(settings).send(
    new RegisterTaskDefinitionCommand({
      family: "web",
      containerDefinitions: [{ name: "web", memory: 64, image: `${HOST}/${REPOSITORY}@${first}` }],
    }),
  );
}, 90_000);
afterAll(() => account?.stop());

let runs = 0;
async function run(whileLooking: () => Promise<void> = async () => {}): Promise<RefreshReport> {
  runs += 1;
  const aws = { ...account.settings, attemptsMax: 1 };
  const times = createServiceTimes();
  return await runRefresh(
    { policy: DEFAULT_POLICY, host: HOST, run: `run ${runs}`, isDryRun: false },
    {
      store: createImageStore(aws, ACCOUNT, times),
      reader: createUseReader(aws, times, { taskDefinitions: 100, revisions: 100 }),
      records: createPruneTable(aws, TABLE, times, "refresh-lock"),
      clock: systemClock,
      registries: {
        async headManifest({ tag = "" }) {
          await whileLooking();
          const digest = tags.get(tag);
          return digest && { digest, mediaType: "application/vnd.oci.image.manifest.v1+json" };
        },
        getManifest: async () => undefined,
        getBlob: async () => undefined,
      },
      tagLists: { listTags: async () => undefined },
      logins: { learnLogin: async () => {} },
      executions: {
        functionName: () => "mirror",
        start: async (_workflow, name) => {
          started.push(name);
          return "started";
        },
        status: async () => ({ status: "succeeded" }),
      },
      publish: async () => {},
      stopped: async () => undefined,
    },
  );
}

describe("a refresh over AWS's API", () => {
  test("finds a copy in use, and its tag where it was", async () => {
    expect(await run()).toMatchObject({
      kind: "refreshed",
      tags: 1,
      heads: 1,
      moved: [],
      lost: [],
      unread: [],
    });
  });

  test("reports a lost source once over several runs, and again what came of it", async () => {
    tags.delete("1.0");
    const told = [await run(), await run()].map(({ lost }) => lost.map(({ code, isNews }) => [code, isNews]));
    expect(told).toEqual([[["source-gone", true]], [["source-gone", false]]]);
    tags.set("1.0", first);
    expect((await run()).back).toEqual(["quay.io/org/app:1.0"]);
    expect((await run()).back).toEqual([]);
  });

  test("copies nothing of a moved tag whose platform cannot be read, and reports it once", async () => {
    tags.set("1.0", digestOf("second"));
    const [one, two] = [await run(), await run()];
    expect(one.moved).toMatchObject([{ isNews: true, copy: { kind: "none", code: "platforms-unknown" } }]);
    expect(two.moved).toMatchObject([{ isNews: false, users: { count: 1 } }]);
    expect(started).toEqual([]);
    expect(await account.images(REPOSITORY)).toEqual([first]);
  });

  test("lets one of two runs work, and neither hinders the clean-up's own lock", async () => {
    let inside: RefreshReport | undefined;
    let pruneLock: unknown;
    await run(async () => {
      inside ??= await run();
      const times = createServiceTimes();
      const release = await createPruneTable(account.settings, TABLE, times).lock("prune", Date.now());
      pruneLock ??= release;
      await release?.();
    });
    expect(inside?.kind).toBe("locked");
    expect(pruneLock).toBeTypeOf("function");
    expect((await run()).kind).toBe("refreshed");
  });
});
