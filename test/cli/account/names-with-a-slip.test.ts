/** A name with a slip in it, of a service or a cluster: what reads the account says which name is wrong, and what was meant. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createServiceInventory } from "../../../src/aws/scan/service-inventory.ts";
import { startsInAccount } from "../../../src/cli/account/find-failed-start.ts";
import type { AccountReads } from "../../../src/diagnosis/reads.ts";
import { type ServedAccount, serveAccount } from "../../support/served-account.ts";

describe("the target of a diagnosis", () => {
  const listed = (...names: readonly string[]): Pick<AccountReads, "read"> => ({
    read: async (operation, { cluster }) => {
      if (operation === "ecs.ListClusters")
        return { kind: "answer", answer: { clusterArns: names.map(clusterArn) } };
      if (operation === "ecs.ListServices")
        return {
          kind: "answer",
          answer: {
            serviceArns: [`arn:aws:ecs:us-east-1:123456789012:service/${String(cluster).split("/")[1]}/jobs`],
          },
        };
      return { kind: "answer", answer: {} };
    },
  });
  const clusterArn = (name: string): string => `arn:aws:ecs:us-east-1:123456789012:cluster/${name}`;
  // biome-ignore format: a table is read by its columns
  const table = [
    ["jbos",    ["shop"],         "there is no service jbos in the cluster shop, perhaps jobs"],
    ["jbos",    ["shop", "bank"], "there is no service jbos in this region's clusters, perhaps jobs"],
    ["payment", ["shop"],         "there is no service payment in the cluster shop"],
  ] as const;
  for (const [name, clusters, sentence] of table)
    test(`${name}, with ${clusters.length} clusters: ${sentence}`, async () => {
      const asked = startsInAccount(name, undefined, listed(...clusters) as AccountReads);
      await expect(asked).rejects.toThrow(new RegExp(`${sentence}$`));
    });
});

describe("the cluster of a list of services", () => {
  let served: ServedAccount;
  beforeAll(async () => {
    served = await serveAccount(
      { services: [{ cluster: "shop", name: "jobs", image: "ruby:3.3" }] },
      "observe",
    );
  });
  afterAll(() => served.close());

  test("is named where ECS has none of that name", async () => {
    const inventory = createServiceInventory({
      region: "us-east-1",
      endpoint: served.env.AWS_ENDPOINT_URL ?? "",
      credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
    });
    await expect(inventory.services("shpo")[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      kind: "absent",
      message: "ecs:ListServices: there is no cluster shpo in us-east-1",
    });
  });
});
