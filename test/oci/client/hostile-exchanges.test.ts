/** Tokens, realms, uploads and lists of referrers that are not what they should be: a copy ends with a code, and tidies up. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, test } from "vitest";
import { parseReference } from "../../../src/image/reference.ts";
import { basicCredentials } from "../../../src/oci/auth/credentials.ts";
import { ALWAYS, isBlob, isManifest, isUpload, on, status } from "../../support/registries/body-faults.ts";
import { CopyWorld, OCI_INDEX } from "../../support/registries/copy-world.ts";
import { LoopbackRegistry, type Mischief, refuse } from "../../support/registries/loopback-registry.ts";

let world: CopyWorld;
let elsewhere: LoopbackRegistry;
beforeEach(async () => {
  world = await CopyWorld.start(async () => basicCredentials("ann", "s3cret"));
  elsewhere = await LoopbackRegistry.start();
});
afterEach(async () => {
  deepEqual(await world.leftBehind(), []);
  equal(
    elsewhere.seen.some(({ headers }) => headers.authorization !== undefined),
    false,
  );
  await world.stop();
  await elsewhere.stop();
});

/** Answers a token's question with these bytes; takes any token, or none at all. */
function realm(body: string | Buffer, headers: Record<string, string> = {}, takes = true): Mischief {
  return (request, response) => {
    if (request.url?.startsWith("/token")) {
      response.writeHead(200, { "content-length": Buffer.byteLength(body), ...headers }).end(body);
      return true;
    }
    if (takes && request.headers.authorization?.startsWith("Bearer ")) return false;
    const challenge = `Bearer realm="${world.source.url}/token",service="x"`;
    refuse(response, 401, "UNAUTHORIZED", "log in", { "www-authenticate": challenge });
    return true;
  };
}
const token = (more: object = {}): string => JSON.stringify({ token: "t", ...more });
const challenged = (challenge: string): Mischief => status(401, { "www-authenticate": challenge });

describe("a token", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, act: () => Mischief, outcome: RegExp])[] = [
    ["that lives for no time",             () => realm(token({ expires_in: 0 })),                /^copied/],
    ["that lives for a negative time",     () => realm(token({ expires_in: -300 })),             /^copied/],
    ["that lives for less than a moment",  () => realm(token({ expires_in: 1e-9 })),             /^copied/],
    ["that lives for ever",                () => realm(token({ expires_in: 1e308 })),            /^copied/],
    ["whose life is beyond numbers",       () => realm('{"token":"t","expires_in":1e400}'),      /^copied/],
    ["whose life is text",                 () => realm(token({ expires_in: "NaN" })),            /^copied/],
    ["that was issued long ago",           () => realm(token({ issued_at: "1970-01-01T00:00:00Z" })), /^copied/],
    ["that is issued in the future",       () => realm(token({ issued_at: "9999-12-31T23:59:59Z" })), /^copied/],
    ["that was issued at no time",         () => realm(token({ issued_at: { a: [] } })),         /^copied/],
    ["of ten kilobytes",                   () => realm(token({ token: "x".repeat(10_000) })),    /^copied/],
    ["of sixty kilobytes",                 () => realm(token({ token: "x".repeat(60_000) })),    /^source (?:malformed|unavailable|unauthorized)/],
    ["of two hundred kilobytes",           () => realm(token({ token: "x".repeat(200_000) })),   /^source malformed/],
    ["with a letter beyond ASCII",         () => realm(token({ token: "tök" })),                 /^source malformed/],
    ["with a NUL",                         () => realm(token({ token: "t\u0000" })),             /^source malformed/],
    ["that is empty",                      () => realm(token({ token: "" })),                    /^source malformed/],
    ["that is a list",                     () => realm("[1]"),                                   /^source malformed/],
    ["that is null",                       () => realm("null"),                                  /^source malformed/],
    ["of a million brackets",              () => realm("[".repeat(60_000)),                      /^source malformed/],
    ["after a byte order mark",            () => realm(`\ufeff${token()}`),                      /^copied/],
    ["in UTF-16",                          () => realm(Buffer.from(token(), "utf16le")),         /^source malformed/],
    ["in HTML",                            () => realm("<html>log in</html>"),                   /^source malformed/],
    ["under a false encoding",             () => realm(token(), { "content-encoding": "gzip" }), /^copied/],
    ["that is never taken",                () => realm(token(), {}, false),                      /^source unauthorized/],
    ["of a realm with a password",         () => challenged('Bearer realm="https://u:p@example.com/"'), /^source denied/],
    ["of a realm at the metadata address", () => challenged('Bearer realm="https://169.254.169.254/t"'), /^source denied/],
    ["of a realm that is a path",          () => challenged('Bearer realm="/token"'),            /^source denied/],
    ["of a realm that is data",            () => challenged('Bearer realm="data:,x"'),           /^source denied/],
    ["of no realm",                        () => challenged('Bearer service="x"'),               /^source denied/],
    ["of an unknown scheme",               () => challenged('Negotiate, Digest realm="x"'),      /^source unauthorized/],
    ["asked for with a thousand commas",   () => challenged(",".repeat(7000)),                   /^source unauthorized/],
    ["asked for with backslashes alone",   () => challenged(`Bearer realm="${"\\".repeat(7000)}`), /^source (?:denied|unauthorized)/],
    ["of a service of seven kilobytes",    () => challenged(`Bearer realm="${world.source.url}/t",service="${"x".repeat(7000)}"`), /^source (?:absent|denied|unauthorized)/],
  ];
  for (const [what, act, outcome] of table) {
    test(`${what}: ${outcome.source}`, async () => {
      world.addImage([1000], "v1");
      world.source.mischief = act();
      const told = await world.outcome();
      match(told, outcome);
      equal(/[^\P{C}]|s3cret/u.test(told), false);
      ok(world.source.count("GET", /^\/token/) <= 16, "the realm is asked without end");
    });
  }
});

const answersUpload =
  (location: string, code = 202): Mischief =>
  (request, response) => {
    request.resume();
    response.writeHead(code, { location, "content-length": 0 }).end();
    return true;
  };
/** Says yes to an upload whatever has come. */
const saysYes =
  (headers: Record<string, string> = {}): Mischief =>
  (request, response) => {
    request.resume().once("end", () => {
      world.target.openUploads.delete(new URL(request.url ?? "", "http://x").pathname);
      response.writeHead(201, { ...headers, "content-length": 0 }).end();
    });
    return true;
  };
const post = (act: Mischief, times = ALWAYS): Mischief => on("POST", isUpload, times, act);
const put = (act: Mischief, times = ALWAYS): Mischief => on("PUT", isUpload, times, act);
const forgets = (request: Parameters<Mischief>[0], response: ServerResponse): true => {
  world.target.openUploads.delete(new URL(request.url ?? "", "http://x").pathname);
  request.resume();
  refuse(response, 404, "BLOB_UPLOAD_UNKNOWN");
  return true;
};

describe("an upload", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, act: () => Mischief, outcome: RegExp])[] = [
    ["that its registry forgets, once",          () => put(forgets, 1),                                       /^copied/],
    ["that its registry forgets, for ever",      () => put(forgets),                                          /^target absent/],
    ["at thirty kilobytes of location",          () => post(answersUpload(`/v2/copy/blobs/uploads/${"x".repeat(15_000)}`)), /^copied/],
    ["at a location in a file",                  () => post(answersUpload("file:///tmp/x")),                  /^target denied/],
    ["at a location with a password",            () => post(answersUpload(`http://u:p@${world.target.host}/x`)), /^target denied/],
    ["at the metadata address",                  () => post(answersUpload("https://169.254.169.254/x")),      /^target denied/],
    ["at a location of its own query alone",     () => post(answersUpload("?state=1")),                       /^copied/],
    ["at a location with a fragment",            () => post((request, response, registry) => { const head = response.writeHead.bind(response) as (code: number, headers: object) => ServerResponse; response.writeHead = ((code: number, headers: { location?: string }) => head(code, { ...headers, location: `${headers.location}#part` })) as typeof response.writeHead; void registry.honest(request, response); return true; }), /^copied/],
    ["at an empty location",                     () => post(answersUpload("")),                               /^copied/],
    ["elsewhere, where no host is",              () => post(answersUpload(`${elsewhere.url}/nowhere`)),       /^target absent/],
    ["that is said to be done when it is asked for", () => post(answersUpload("/v2/copy/blobs/uploads/x", 201)),      /^copied/],
    ["whose yes keeps nothing",                  () => put(saysYes()),                                        /^target (?:malformed|absent)/],
    ["whose yes names another digest",           () => put(saysYes({ "docker-content-digest": `sha256:${"0".repeat(64)}` })), /^target malformed/],
    ["whose yes names no digest at all",         () => put(saysYes({ "docker-content-digest": "none" })),     /^target (?:malformed|absent)/],
    ["that is answered 200",                     () => put(status(200)),                                      /^target malformed/],
    ["that is answered 202",                     () => put(status(202)),                                      /^target malformed/],
    ["that is answered 416",                     () => put(status(416)),                                      /^target malformed/],
    ["that is answered 507",                     () => put(status(507)),                                      /^target unavailable/],
    ["that is refused in words of a megabyte",   () => put(status(403, {}, "x\u001b[31m".repeat(100_000))),   /^target denied/],
    ["whose manifest is refused for ever as invalid", () => on("PUT", isManifest, ALWAYS, status(400)),       /^target malformed/],
  ];
  for (const [what, act, outcome] of table) {
    for (const size of [1000, 300_000]) {
      test(`of ${size} bytes, ${what}: ${outcome.source}`, async () => {
        world.addImage([size], "v1");
        world.target.mischief = act();
        const told = await world.outcome();
        match(told, outcome);
        equal(/[^\P{C}]/u.test(told), false);
        ok(told.length < 3000);
        deepEqual([...world.target.openUploads], []);
        deepEqual([...world.target.tags.keys()], outcome.source === "^copied" ? ["copy:v1"] : []);
      });
    }
  }

  test("that is never answered is sent twice, and no oftener", async () => {
    world.addImage([300_000], "v1");
    world.target.mischief = put((request) => {
      if (request.headers["content-length"] !== "300000") return false;
      request.resume();
      return true;
    });
    match(await world.outcome(), /^target unavailable: .*nothing came for 1 s/);
    const big = world.target.seen.filter(({ headers }) => headers["content-length"] === "300000");
    equal(big.length, 2);
    deepEqual([...world.target.openUploads], []);
  });

  test("that a mount was answered with is completed where it leads, without the login", async () => {
    world.addImage([300_000], "v1");
    elsewhere.mischief = (request, response) => {
      request.resume().once("end", () => response.writeHead(201, { "content-length": 0 }).end());
      return true;
    };
    world.source.mischief = on("POST", isUpload, ALWAYS, answersUpload(`${elsewhere.url}/up`));
    const told = await world.outcome({ target: parseReference(`${world.source.host}/other:v1`) });
    match(told, /^target (?:malformed|absent)/);
    ok(elsewhere.seen.length > 0);
  });
});

const list =
  (manifests: unknown, headers: Record<string, string> = {}): Mischief =>
  (_, response) => {
    const body = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });
    response.writeHead(200, { "content-type": OCI_INDEX, ...headers }).end(body);
    return true;
  };
const nowhere = { mediaType: OCI_INDEX, digest: `sha256:${"a".repeat(64)}`, size: 1 };
let pages = 0;

describe("a list of referrers", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, act: () => Mischief, outcome: RegExp])[] = [
    ["that is empty",                 () => list([]),                                                        /^copied/],
    ["that is null",                  () => list(null),                                                      /^source malformed/],
    ["of what is nowhere",            () => list([nowhere]),                                                 /^source absent/],
    ["of five hundred",               () => list(Array.from({ length: 500 }, () => nowhere)),                /^source malformed/],
    ["of ten thousand",               () => list(Array.from({ length: 10_000 }, () => nowhere)),             /^source malformed/],
    ["that leads to itself",          () => list([], { link: "<?n=1>; rel=next" }),                          /^source malformed/],
    ["that never ends",               () => (...asked) => list([], { link: `<?n=${pages++}>; rel="next"` })(...asked), /^source malformed/],
    ["that goes on in a file",        () => list([], { link: "<file:///etc/passwd>; rel=next" }),            /^source denied/],
    ["that goes on at the metadata address", () => list([], { link: "<https://169.254.169.254/>; rel=next" }), /^source denied/],
    ["that goes on elsewhere",        () => list([], { link: `<${elsewhere.url}/x>; rel=next` }),            /^copied/],
    ["with a link that does not end", () => list([], { link: `<${"x".repeat(9000)}` }),                      /^copied/],
    ["of five megabytes",             () => list([{ ...nowhere, annotations: { a: "x".repeat(5_000_000) } }]), /^source malformed/],
    ["of three megabytes a page",     () => list([{ ...nowhere, annotations: { a: "x".repeat(3_000_000) } }], { link: "<?n=1>; rel=next" }), /^source malformed/],
    ["in HTML",                       () => status(200, { "content-type": "text/html" }),                    /^copied/],
    ["that is refused",               () => status(403),                                                     /^source denied/],
    ["that fails",                    () => status(500),                                                     /^source unavailable/],
    ["with an artifact of escapes",   () => list([{ ...nowhere, artifactType: "\u001b[2J\u202e" }]),         /^source absent/],
  ];
  for (const [what, act, outcome] of table) {
    test(`${what}: ${outcome.source}`, async () => {
      world.addImage([1000], "v1");
      world.source.mischief = on("GET", (path) => path.includes("/referrers/"), ALWAYS, act());
      const told = await world.outcome({ referrers: true });
      match(told, outcome);
      equal(/[^\P{C}]/u.test(told), false);
    });
  }
});

describe("a target that changes behind a copy", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, act: () => Mischief, outcome: RegExp])[] = [
    ["loses its blobs before they are named",     () => on("PUT", isManifest, 1, (_, __, registry) => { for (const link of registry.links) if (link.startsWith("copy@")) registry.links.delete(link); return false; }), /^copied|^target malformed/],
    ["says of its tag what is not so",            () => on("HEAD", isManifest, ALWAYS, (_, response) => { response.writeHead(200, { "docker-content-digest": nowhere.digest, "content-type": "\u009b31m" }).end(); return true; }), /^copied/],
    ["has every blob, by its own word",           () => on("HEAD", isBlob, ALWAYS, (_, response) => { response.writeHead(200, { "content-length": "1" }).end(); return true; }), /^copied/],
    ["has its tag taken",                         () => on("PUT", isManifest, ALWAYS, (request, response) => { request.resume(); refuse(response, 400, "TAG_INVALID", "immutable\u001b[2J"); return true; }), /^target (?:malformed|tag-taken)/],
  ];
  for (const [what, act, outcome] of table) {
    test(`${what}: ${outcome.source}`, async () => {
      world.addImage([300_000, 1000], "v1");
      world.target.mischief = act();
      const told = await world.outcome();
      match(told, outcome);
      equal(/[^\P{C}]/u.test(told), false);
      deepEqual([...world.target.openUploads], []);
    });
  }
});
