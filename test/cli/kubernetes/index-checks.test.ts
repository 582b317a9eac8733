/** What the checks of a cluster advise where the index could not be written. */

import { expect, test } from "vitest";
import { indexChecks } from "../../../src/cli/doctor/cluster/index-checks.ts";
import { COPIES_STATE_NAME, type RefreshStatus } from "../../../src/controller/copies/refresh-status.ts";
import { OLD_DEFINITION } from "../../../src/controller/index-status.ts";
import { createSandboxCluster } from "../../../src/sandbox/kubernetes/sandbox-cluster.ts";

const AT = "2026-11-29T08:00:00.000Z";

// biome-ignore format: a table is read by its columns
const table = [
  ["the definition is old",  `${OLD_DEFINITION} and refuses a row`,           /crd\.install/],
  ["the fence refuses",      "every use is an image of allowedRegistries",   /allowedRegistries/],
] as const;
for (const [when, refused, remedy] of table)
  test(`the controller's check fails with its own remedy where ${when}`, async () => {
    const cluster = createSandboxCluster();
    const status = {
      schemaVersion: "1",
      at: AT,
      leader: "one",
      images: 1,
      due: 0,
      rows: {},
      platforms: [],
      requests: { left: 1 },
      expired: [],
      missing: {},
      refused,
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

const NEWS = { source: "docker.io/library/app:1", since: AT };
// biome-ignore format: a table is read by its columns
const copies: readonly (readonly [what: string, status: Partial<RefreshStatus> | undefined, result: string | undefined])[] = [
  ["is left out where the controller refreshes none",       undefined,                                                           undefined],
  ["passes where each tag is as it was copied",             { tags: { same: 2 } },                                               "passed"],
  ["passes where the account's function refreshes them",    { leftTo: "repull-refresh", tags: {} },                              "passed"],
  ["passes where a tag has moved",                          { tags: { moved: 1 }, moved: [{ ...NEWS, to: "", isCopied: false }] }, "passed"],
  ["fails where a source is lost",                          { tags: { gone: 1 }, lost: [{ ...NEWS, state: "gone" }] },           "failed"],
];
for (const [what, said, result] of copies)
  test(`the check of copies ${what}`, async () => {
    const cluster = createSandboxCluster();
    const status = { schemaVersion: "1", at: AT, moved: [], lost: [], ...said };
    if (said !== undefined)
      cluster.put("configmaps", {
        metadata: { namespace: "repull", name: COPIES_STATE_NAME },
        data: { status: JSON.stringify(status) },
      } as never);
    const rows = { kind: "read", value: new Map() };
    const checks = await indexChecks({ cluster, namespace: "repull", now: Date.parse(AT), rows } as never);
    expect(checks.find(({ check }) => check === "copies")?.result).toBe(result);
  });
