/** What the checks of a cluster advise where the index could not be written. */

import { expect, test } from "vitest";
import { indexChecks } from "../../../src/cli/doctor/cluster/index-checks.ts";
import { OLD_DEFINITION } from "../../../src/controller/index-status.ts";
import { createSandboxCluster } from "../../../src/sandbox/kubernetes/sandbox-cluster.ts";

const AT = "2026-11-29T08:00:00.000Z";

// biome-ignore format: a table is read by its columns
const table = [
  ["the definition is old",  OLD_DEFINITION,                                 /crd\.install/],
  ["the fence refuses",      "every use is an image of allowedRegistries",   /allowedRegistries/],
] as const;
for (const [when, refused, remedy] of table)
  test(`the controller's check fails with its own remedy where ${when}`, async () => {
    const cluster = createSandboxCluster();
    const status = {
      ...{ schemaVersion: "1", at: AT, leader: "one", images: 1, due: 0, rows: {}, platforms: [] },
      ...{ requests: { left: 1 }, expired: [], missing: {}, refused },
    };
    cluster.put("configmaps", {
      metadata: { namespace: "repull", name: "repull-state" },
      data: { status: JSON.stringify(status) },
    } as never);
    const rows = { kind: "read", value: new Map() };
    const tested = { cluster, namespace: "repull", now: Date.parse(AT), rows };
    const checks = await indexChecks(tested as never);
    const found = checks.find(({ check }) => check === "controller");
    expect(found).toMatchObject({ result: "failed", remedy: expect.stringMatching(remedy) });
  });
