/** Single requests, whatever a server answers. */

import { afterEach, describe, expect, test } from "vitest";
import { type Answer, json, refusal, type ScriptedServer, scriptedServer } from "../support/api-server.ts";

let server: ScriptedServer | undefined;
afterEach(() => server?.close());

const POD = { namespace: "shop", name: "web" };
const text =
  (status: number, body: string | Buffer): Answer =>
  (response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(body);
  };
const details = (name?: string) => ({
  kind: "Status",
  code: 404,
  reason: "NotFound",
  message: "not found",
  details: name === undefined ? {} : { name },
});

describe("a refusal", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["of an object that is gone",           json(404, details("web")),                         404, "NotFound"],
    ["of a kind that a group does not have", json(404, details()),                             404, "NotServed"],
    ["of a group that is not there",        text(404, "404 page not found"),                   404, "NotServed"],
    ["of a writer that came late",          refusal(409, "Conflict"),                          409, "Conflict"],
    ["of a name that is taken",             refusal(409, "AlreadyExists"),                     409, "AlreadyExists"],
    ["of a patch",                          refusal(422, "Invalid"),                           422, "Invalid"],
    ["of a webhook that is ill",            refusal(500, "InternalError"),                     500, "ServerError"],
    ["for want of a right",                 refusal(403, "Forbidden"),                         403, "Forbidden"],
    ["by a proxy in between",               text(502, "<html>Bad Gateway</html>"),             502, "ServerError"],
    ["by a server that is overloaded",      refusal(429, "TooManyRequests"),                   429, "TooManyRequests"],
    ["by a server that was slow itself",    refusal(504, "Timeout"),                           504, "Timeout"],
    ["of an object that is too large",      refusal(413, "RequestEntityTooLarge"),             413, "TooLarge"],
    ["for a reason of tomorrow",            refusal(418, "Teapot"),                            418, "Other"],
    ["that is not JSON, as an answer",       text(200, "<html>"),                               0,   "ServerError"],
    ["that breaks off, as an answer",       (response) => { response.writeHead(200, { "content-length": "99" }); response.write("{", () => response.destroy()); }, 0, "Unreachable"],
    ["by hanging up",                       (response) => response.destroy(),                  0,   "Unreachable"],
    ["that has no end, as an answer",       text(200, Buffer.alloc(33 * 1024 * 1024, 32)),     0,   "TooLarge"],
  ] as const satisfies readonly (readonly [string, Answer, number, string])[];

  for (const [what, answer, status, reason] of table)
    test(`${what} is ${reason}`, async () => {
      server = await scriptedServer([answer]);
      const patched = server.cluster.patch("pods", POD, []);
      await expect(patched).rejects.toMatchObject({ name: "ClusterError", status, reason });
    });
});

describe("a request", () => {
  test("without an answer ends when its time is over", async () => {
    const asked = Promise.withResolvers<void>();
    server = await scriptedServer([() => asked.resolve()]);
    const answer = server.cluster.get("pods", POD);
    await asked.promise;
    server.timeIsUp();
    await expect(answer).rejects.toMatchObject({ status: 0, reason: "Timeout" });
  });

  test("that is called off ends with the reason", async () => {
    const asked = Promise.withResolvers<void>();
    server = await scriptedServer([() => asked.resolve()]);
    const stop = new AbortController();
    const answer = server.cluster.get("pods", POD, stop.signal);
    await asked.promise;
    stop.abort(new Error("enough"));
    await expect(answer).rejects.toThrow("enough");
  });

  test("to read is sent again where an idle connection was closed, and one to write is not", async () => {
    const found = json(200, { metadata: { name: "web" } });
    const hangUp: Answer = (response) => response.destroy();
    server = await scriptedServer([found, hangUp, found, hangUp]);
    await server.cluster.get("pods", POD);
    await server.cluster.get("pods", POD);
    await expect(server.cluster.patch("pods", POD, [])).rejects.toMatchObject({ reason: "Unreachable" });
    expect(server.requests).toHaveLength(4);
  });

  test("for a name with signs of a path stays within its kind", async () => {
    server = await scriptedServer([json(404, details("x"))]);
    await server.cluster.get("pods", { namespace: "a/b", name: "../../nodes?x=1" });
    expect(server.requests).toEqual(["GET /api/v1/namespaces/a%2Fb/pods/..%2F..%2Fnodes%3Fx%3D1"]);
  });
});
