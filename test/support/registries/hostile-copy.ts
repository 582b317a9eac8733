/** A copy between two loopback registries, one request of which is answered by a behaviour, and what has come of it. */

import { deepEqual, equal } from "node:assert/strict";
import { basicCredentials } from "../../../src/oci/auth/credentials.ts";
import { CopyError } from "../../../src/oci/copy/copy-error.ts";
import { isManifest, isUpload } from "./body-faults.ts";
import { CopyWorld } from "./copy-world.ts";
import { type Behaviour, SteppedClock } from "./hostile-registry.ts";
import { LoopbackRegistry, type Mischief, refuse } from "./loopback-registry.ts";

/** What `--timeout` sets: no row may need it. */
const COPY_SECONDS = 3600;
/** A question has 120 s with all that nests in it; a blob has three tries, and six bodies whose pace is asked for half a minute. */
const SECONDS_MAX = 600;
const HEAP_BYTES_MAX = 256 * 1024 * 1024;
const LOGIN = basicCredentials("ann", "s3cret");
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

type Side = "source" | "target" | "elsewhere";
type Asked = { readonly method: string; readonly path: string; readonly big: string };

export type Place = readonly [place: string, side: Side, concerns: (asked: Asked) => boolean];

/** Which requests are answered with hostility. */
// biome-ignore format: one row a line
export const PLACES: readonly Place[] = [
  ["realm",           "source",    ({ path }) => path.startsWith("/token")],
  ["HEAD",            "target",    ({ method, path }) => method === "HEAD" && isManifest(path)],
  ["manifest",        "source",    ({ method, path }) => method === "GET" && isManifest(path)],
  ["small blob",      "source",    ({ method, path, big }) => isBlobGet(method, path) && !path.endsWith(big)],
  ["big blob",        "source",    ({ method, path, big }) => isBlobGet(method, path) && path.endsWith(big)],
  ["redirect target", "elsewhere", () => true],
  ["POST",            "target",    ({ method, path }) => method === "POST" && isUpload(path)],
  ["PUT blob",        "target",    ({ method, path }) => method === "PUT" && isUpload(path)],
  ["PUT manifest",    "target",    ({ method, path }) => method === "PUT" && isManifest(path)],
  ["DELETE",          "target",    ({ method }) => method === "DELETE"],
];

/** What holds however a copy ends: its time, its memory, its words, and what it leaves behind. */
export function assertHarmless(ended: Ended, place: string): void {
  equal(UNSEEN.test(ended.message), false, "the message moves a cursor");
  deepEqual(ended.leftBehind, []);
  // A DELETE that is not answered takes nothing away.
  if (place !== "DELETE") deepEqual(ended.uploadsLeft, []);
  equal(ended.sawLoginElsewhere, false);
  equal(ended.seconds <= SECONDS_MAX, true, `${ended.seconds} s`);
  equal(ended.heapBytes < HEAP_BYTES_MAX, true, `${ended.heapBytes} bytes`);
}

export type Ended = {
  readonly code: string;
  readonly message: string;
  readonly leftBehind: readonly string[];
  /** Uploads that were written to, and neither completed nor given up. */
  readonly uploadsLeft: readonly string[];
  readonly sawLoginElsewhere: boolean;
  /** By the copy's own clock, on which waiting costs nothing. */
  readonly seconds: number;
  readonly heapBytes: number;
};

/** @param isTaken the answer says that the upload was completed */
export async function copyThrough(
  [place, side, concerns]: Place,
  behaviour: Behaviour,
  isTaken = false,
): Promise<Ended> {
  const clock = new SteppedClock();
  const [source, target, elsewhere] = await Promise.all(
    Array.from({ length: 3 }, () => LoopbackRegistry.start()),
  );
  if (source === undefined || target === undefined || elsewhere === undefined) throw new Error("no registry");
  const time = { clock, timer: clock, uploadAnswerSeconds: 0.3 };
  const world = new CopyWorld(source, target, async () => LOGIN, undefined, time);
  const big = world.addImage([400_000], "v1").layers[0]?.digest ?? "";
  const act = behaviour(clock);
  const hostile: Mischief = (request, response, registry) => {
    const { method = "", url: path = "" } = request;
    if (!concerns({ method, path, big })) return false;
    // What a registry says to have taken is not an upload any more.
    if (isTaken) target.openUploads.delete(path.replace(/\?.*/, ""));
    return act(request, response, registry);
  };
  const leads: Readonly<Record<string, Mischief>> = {
    realm: challenges(source),
    "redirect target": redirects(elsewhere, big),
    DELETE: refusesUploads,
  };
  for (const [at, registry] of Object.entries({ source, target, elsewhere })) {
    const led = at === (place === "DELETE" ? "target" : "source") ? leads[place] : undefined;
    const login = at === "elsewhere" || place === "realm" ? undefined : wantsLogin;
    registry.mischief = async (...asked) => {
      for (const one of [at === side ? hostile : undefined, led, login])
        if (one !== undefined && (await one(...asked))) return true;
      return false;
    };
  }
  const stop = new AbortController();
  clock.after(COPY_SECONDS * 1000, () => stop.abort(new Error("the copy's time is over")));
  const startedAt = clock.now();
  const ended = await world.copy({}, { signal: stop.signal }).then(
    () => ({ code: "copied", message: "" }),
    (error: unknown) => {
      if (!(error instanceof CopyError)) throw error;
      return { code: `${error.side} ${error.kind}`, message: error.message };
    },
  );
  const seconds = (clock.now() - startedAt) / 1000;
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  // What was let go has its own end; its time goes on.
  clock.hang();
  const leftBehind = await world.leftBehind();
  clock.stop();
  const written = target.seen.filter(({ method }) => method === "PUT").map(({ path }) => path.split("?")[0]);
  await world.stop();
  await elsewhere.stop();
  return {
    ...ended,
    seconds,
    leftBehind,
    uploadsLeft: [...target.openUploads].filter((path) => written.includes(path)),
    sawLoginElsewhere: elsewhere.seen.some(({ headers }) => headers.authorization !== undefined),
    heapBytes: heapUsed + arrayBuffers,
  };
}

function isBlobGet(method: string, path: string): boolean {
  return method === "GET" && path.includes("/blobs/sha256:");
}

const wantsLogin: Mischief = (request, response) => {
  if (request.headers.authorization !== undefined) return false;
  request.resume();
  refuse(response, 401, "UNAUTHORIZED", "log in", { "www-authenticate": "Basic" });
  return true;
};

function challenges({ url }: LoopbackRegistry): Mischief {
  return (request, response) => {
    if (request.url?.startsWith("/token") || request.headers.authorization !== undefined) return false;
    const challenge = `Bearer realm="${url}/token",service="x"`;
    refuse(response, 401, "UNAUTHORIZED", "log in", { "www-authenticate": challenge });
    return true;
  };
}

function redirects(elsewhere: LoopbackRegistry, big: string): Mischief {
  return (request, response) => {
    if (request.method !== "GET" || request.url?.endsWith(big) !== true) return false;
    response.writeHead(307, { location: `${elsewhere.url}/cdn/${big}`, "content-length": 0 }).end();
    return true;
  };
}

const refusesUploads: Mischief = (request, response) => {
  if (request.method !== "PUT" || !isUpload(request.url ?? "")) return false;
  request.resume();
  refuse(response, 403, "DENIED", "no");
  return true;
};
