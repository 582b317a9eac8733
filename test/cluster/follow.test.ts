/** What is followed, whatever a server does in between. */

import { afterEach, describe, expect, test } from "vitest";
import type { Change } from "../../src/cluster/cluster-port.ts";
import {
  type Answer,
  event,
  json,
  list,
  refusal,
  type ScriptedServer,
  scriptedServer,
  watch,
} from "../support/api-server.ts";

let server: ScriptedServer | undefined;
afterEach(() => server?.close());

/** A watch without an end. */
const silence: Answer = watch([], () => {});
const bookmark = (resourceVersion: string) => ({
  type: "BOOKMARK",
  object: { kind: "Pod", metadata: { resourceVersion } },
});
const expired = {
  type: "ERROR",
  object: { kind: "Status", code: 410, reason: "Expired", message: "too old" },
};
const broken: Answer = (response) => response.destroy();

/** The changes until so many were seen: `listed a b`, `set c`, `deleted d`, `interrupted Reason`. */
async function changes(answers: readonly Answer[], count: number): Promise<readonly string[]> {
  server = await scriptedServer(answers);
  const stop = new AbortController();
  const seen: string[] = [];
  const keep = ({ metadata }: { metadata: { name?: string } }) => metadata.name ?? "";
  for await (const change of server.cluster.follow("pods", {}, keep, stop.signal)) {
    seen.push(wordsOf(change));
    if (seen.length === count) stop.abort();
  }
  return seen;
}

function wordsOf(change: Change<string>): string {
  if (change.type === "listed") return ["listed", ...change.objects].join(" ");
  if (change.type !== "interrupted") return `${change.type} ${change.object}`;
  const { error } = change;
  return `interrupted ${"reason" in error ? error.reason : error.message}`;
}

const versions = () =>
  server?.requests.flatMap((request) => /[?&]resourceVersion=(\w+)/.exec(request)?.[1] ?? []) ?? [];

describe("a kind that is followed", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["reports each change",                       [list("1", ["a"]), watch([event("ADDED", "b", "2"), event("MODIFIED", "a", "3"), event("DELETED", "b", "4")], () => {})],
                                                  ["listed a", "set b", "set a", "deleted b"], ["1"]],
    ["goes on where a watch ended",               [list("1", ["a"]), watch([event("ADDED", "b", "2")]), watch([event("ADDED", "c", "3")], () => {})],
                                                  ["listed a", "set b", "set c"], ["1", "2"]],
    ["goes on from a bookmark",                   [list("1", []), watch([bookmark("9")]), watch([event("ADDED", "c", "10")], () => {})],
                                                  ["listed", "set c"], ["1", "9"]],
    ["goes on after a connection that broke",     [list("1", []), watch([event("ADDED", "b", "2"), '{"type":"ADDED","obj'], broken), watch([event("ADDED", "c", "3")], () => {})],
                                                  ["listed", "set b", "interrupted", "set c"], ["1", "2"]],
    ["goes on after a fault of the server",       [list("1", []), refusal(500, "InternalError"), watch([event("ADDED", "c", "3")], () => {})],
                                                  ["listed", "interrupted ServerError", "set c"], ["1", "1"]],
    ["lists again when a watch cannot begin",     [list("1", ["a"]), refusal(410, "Expired"), list("7", ["b"]), silence],
                                                  ["listed a", "listed b"], ["1"]],
    ["lists again when a watch falls behind",     [list("1", ["a"]), watch([expired]), list("7", ["b"]), silence],
                                                  ["listed a", "listed b"], ["1"]],
    ["lists again what is too large for a line",  [list("1", ["a"]), watch([event("ADDED", "x".repeat(17 * 1024 * 1024), "2")]), list("7", ["b"]), silence],
                                                  ["listed a", "interrupted TooLarge", "listed b"], ["1"]],
    ["lists again what was not served for a time", [list("1", ["a"]), (response) => { response.writeHead(404); response.end("404 page not found"); }, list("7", []), silence],
                                                  ["listed a", "interrupted NotServed", "listed"], ["1"]],
    ["waits until it may read",                   [refusal(403, "Forbidden"), refusal(401, "Unauthorized"), list("1", ["a"]), silence],
                                                  ["interrupted Forbidden", "interrupted Unauthorized", "listed a"], []],
  ] as const satisfies readonly (readonly [string, readonly Answer[], readonly string[], readonly string[]])[];

  for (const [what, answers, expected, watched] of table)
    test(what, async () => {
      const seen = await changes(answers, expected.length);
      // How a connection broke is the platform's to say.
      expect(
        seen.map((one) =>
          one.replace(/^interrupted (Unreachable|ServerError)$/, (all) =>
            (expected as readonly string[]).includes("interrupted") ? "interrupted" : all,
          ),
        ),
      ).toEqual(expected);
      expect(versions().slice(0, watched.length)).toEqual(watched);
    });

  test("is asked for again after pauses that double up to half a minute", async () => {
    await changes([refusal(500, "InternalError")], 9);
    expect(server?.pauses.slice(0, 8)).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
  });

  test("is asked for again when the server says so", async () => {
    await changes([refusal(429, "TooManyRequests", { "retry-after": "7" }), list("1", [])], 2);
    expect(server?.pauses).toEqual([7000]);
  });

  test("is not asked for in a busy loop where each watch ends at once", async () => {
    const ended = watch([]);
    const answers = [list("1", []), ended, ended, ended, watch([event("ADDED", "a", "2")], () => {})];
    expect(await changes(answers, 2)).toEqual(["listed", "set a"]);
    expect(server?.pauses).toEqual([500, 1000, 2000]);
  });

  test("pauses where the server forgets the version as soon as it has sent it", async () => {
    await changes(
      [list("1", []), refusal(410, "Expired"), list("2", []), refusal(410, "Expired"), list("3", [])],
      4,
    );
    expect(server?.pauses).toHaveLength(1);
  });

  test("ends a watch whose time is over, and goes on", async () => {
    const started = Promise.withResolvers<void>();
    const hanging: Answer = watch([], () => started.resolve());
    const going = changes([list("1", []), hanging, watch([event("ADDED", "a", "2")], () => {})], 3);
    await started.promise;
    server?.timeIsUp();
    expect(await going).toEqual(["listed", "interrupted Timeout", "set a"]);
  });
});

describe("a list", () => {
  const names = async (answers: readonly Answer[]) => {
    server = await scriptedServer(answers);
    return (await server.cluster.list("pods")).map(({ metadata }) => metadata.name);
  };

  test("is read page by page", async () => {
    expect(await names([list("1", ["a"], "next"), list("1", ["b"])])).toEqual(["a", "b"]);
    expect(server?.requests[1]).toContain("continue=next");
  });

  test("begins anew where the server has forgotten its beginning", async () => {
    const answers = [list("1", ["a"], "next"), refusal(410, "Expired"), list("2", ["b"])];
    expect(await names(answers)).toEqual(["b"]);
  });

  test("is given up where the server forgets it each time", async () => {
    const answers = [list("1", ["a"], "next"), refusal(410, "Expired")];
    await expect(names([...answers, ...answers, ...answers])).rejects.toMatchObject({ reason: "Expired" });
  });

  test("asks for smaller pages where one is too large", async () => {
    const tooLarge: Answer = (response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write(Buffer.alloc(33 * 1024 * 1024, 32));
      response.end("{}");
    };
    expect(await names([tooLarge, list("1", ["a"], "next"), list("1", ["b"])])).toEqual(["a", "b"]);
    expect(server?.requests.map((request) => /limit=(\d+)/.exec(request)?.[1])).toEqual(["100", "13", "13"]);
  });

  test("without items is empty", async () => {
    expect(
      await names([json(200, { kind: "PodList", metadata: { resourceVersion: "1" }, items: null })]),
    ).toEqual([]);
  });
});
