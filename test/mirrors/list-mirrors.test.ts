/** What the list of copies says where a part of it could not be read. */

import { deepEqual } from "node:assert/strict";
import { describe, test } from "vitest";
import { listMirrors } from "../../src/mirrors/list-mirrors.ts";
import { old, RunAccount, WEB } from "./prune/run-account.ts";

describe("a list of copies", () => {
  test("shows the copies of a repository whose tags or policy may not be read, without their source", async () => {
    const web = old("web", { bytes: 7 });
    const account = new RunAccount({ [WEB]: [web] });
    account.used.push(web.digest);
    const { store, reader } = account.ports();
    const denied = {
      ...store,
      describe: () => Promise.reject(new Error("ecr:ListTagsForResource: denied")),
    };
    const list = await listMirrors("repull", denied, reader, { headManifest: async () => undefined });
    deepEqual(list.gaps, ["ecr:ListTagsForResource: denied"]);
    deepEqual(
      list.copies.map(({ digest, sourceState, usedBy }) => [digest, sourceState, usedBy.length]),
      [[web.digest, "unknown", 1]],
    );
    deepEqual(list.bytes, 7);
  });
});
