/** `repull mirrors refresh` in a served sandbox: what has moved, what is copied of it, and which events report it. */

import { afterEach, describe, expect, test } from "vitest";
import { RefusedCommand } from "../../../src/cli/refused-command.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { type ServedMirrors, serveMirrors } from "../../support/served-mirrors.ts";

const REPOSITORY = "repull/docker.io/library/job";
const SOURCE = "docker.io/library/job:1";

let served: ServedMirrors | undefined;
afterEach(async () => await served?.close());

async function serve() {
  served = await serveMirrors();
  const { account } = served;
  return {
    ...served,
    /** As published: the bus delivers a moment later. */
    events: () =>
      account.bus.published.flatMap((document) =>
        document["detail-type"] === "Mirrors Refreshed" ? [document.detail as JsonObject] : [],
      ),
    /** Points the tag 1 of a copy's source at the bytes of the tag 2. */
    move(path: string) {
      const { dockerHub } = account.registries;
      const manifest = dockerHub.manifest(path, "2");
      if (manifest === undefined) throw new Error(`no ${path}:2`);
      return dockerHub.putManifest(path, manifest.bytes, manifest.mediaType, "1");
    },
    digests: () => account.registries.ecr.digests(REPOSITORY),
  };
}

describe("repull mirrors refresh in a served sandbox", () => {
  test("finds every tag of a copy in use where it was, and copies nothing", async () => {
    const { refresh, digests } = await serve();
    const before = digests();
    expect(await refresh(true)).toMatchObject({
      status: 0,
      kind: "refreshed",
      moved: [],
      lost: [],
      unread: [],
      unanswered: 0,
    });
    expect(digests()).toEqual(before);
  }, 60_000);

  test("shows what has moved without --yes, copies it next to the old copy with --yes, and reports it once", async () => {
    const { refresh, digests, move, events } = await serve();
    const before = digests();
    const to = move("library/job");
    const dry = await refresh(false);
    expect(dry).toMatchObject({
      kind: "dry-run",
      moved: [{ source: SOURCE, to, copy: { kind: "withheld" }, users: { count: 1 } }],
    });
    expect([digests(), events()]).toEqual([before, []]);

    const first = await refresh(true);
    expect(first.moved).toMatchObject([{ source: SOURCE, to, copy: { kind: "copied" }, isNews: true }]);
    expect(digests()).toEqual(expect.arrayContaining([...before]));
    expect(digests().length).toBeGreaterThan(before.length);
    expect(events()).toMatchObject([{ news: [{ code: "tag-moved", source: SOURCE }] }]);

    expect((await refresh(true)).moved).toEqual([]);
    expect(events()).toHaveLength(1);
  }, 60_000);

  test("copies nothing while writes are stopped", async () => {
    const { refresh, digests, move, stopWrites } = await serve();
    const before = digests();
    move("library/job");
    stopWrites();
    expect((await refresh(true)).moved).toMatchObject([
      { copy: { kind: "withheld", code: "writes-stopped" } },
    ]);
    expect(digests()).toEqual(before);
  }, 60_000);

  test("takes every command of the page about a refresh", async () => {
    const { pageCommands } = await serve();
    const ran = await pageCommands(/^repull mirrors refresh(?!.*--apply)/);
    expect(ran.length).toBeGreaterThan(1);
    expect(ran).toEqual(ran.map(([command]) => [command, 0, true]));
  }, 60_000);

  for (const command of ["refresh", "prune"] as const)
    test(`refuses ${command} where its function is not deployed`, async () => {
      const { removeFunctions, ...commands } = await serve();
      removeFunctions();
      const refused = await commands[command](true).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(RefusedCommand);
      expect(refused).toMatchObject({ code: "no-stack" });
    });
});
