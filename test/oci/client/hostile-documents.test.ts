/** Manifests and indexes of strangers: whatever they hold, a copy ends with a code, within its memory, and writes nothing wrong. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "vitest";
import { CopyWorld, OCI_INDEX, OCI_MANIFEST } from "../../support/registries/copy-world.ts";

let world: CopyWorld;
beforeEach(async () => {
  world = await CopyWorld.start();
});
afterEach(async () => {
  deepEqual(await world.leftBehind(), []);
  deepEqual([...world.target.openUploads], []);
  await world.stop();
});

const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
type Fields = Record<string, unknown>;
type Content = { readonly config: Fields; readonly layer: Fields };

/** What an honest manifest would say, changed by a row. */
function honest(): Content & { readonly manifest: Fields } {
  const config = {
    mediaType: "application/vnd.oci.image.config.v1+json",
    ...world.source.addBlob("app", Buffer.from("{}")),
  };
  const layer = { mediaType: LAYER, ...world.source.addBlob("app", Buffer.alloc(70_000, 7)) };
  return { config, layer, manifest: { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] } };
}

const text = (document: unknown): Buffer => Buffer.from(JSON.stringify(document));
const layerWith =
  (more: Fields) =>
  ({ manifest, layer }: ReturnType<typeof honest>) =>
    text({ ...manifest, layers: [{ ...layer, ...more }] });
const manifestWith =
  (more: Fields) =>
  ({ manifest }: ReturnType<typeof honest>) =>
    text({ ...manifest, ...more });
/** A number as JSON may write it, and JavaScript not. */
const sized =
  (size: string) =>
  ({ manifest }: ReturnType<typeof honest>) =>
    Buffer.from(JSON.stringify(manifest).replace(/"size":70000/, `"size":${size}`));
const raw = (bytes: string | Buffer) => () => Buffer.from(bytes);
const HEX = "a".repeat(64);

// biome-ignore format: a table is read by its columns
const MANIFESTS: readonly (readonly [what: string, bytes: (content: ReturnType<typeof honest>) => Buffer, outcome: RegExp])[] = [
  ["of no bytes",                       raw(""),                                                      /^source malformed/],
  ["that is null",                      raw("null"),                                                  /^source malformed/],
  ["that is a list",                    raw("[]"),                                                    /^source malformed/],
  ["that is a number",                  raw("1e400"),                                                 /^source malformed/],
  ["that is text",                      raw('"schemaVersion"'),                                       /^source malformed/],
  ["in UTF-16",                         ({ manifest }) => Buffer.from(JSON.stringify(manifest), "utf16le"), /^source malformed/],
  ["in broken UTF-8",                   raw(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), /^source malformed/],
  ["of a million brackets",             raw("[".repeat(1_000_000)),                                   /^source malformed/],
  ["of a million braces in its annotations", ({ manifest }) => Buffer.from(`${JSON.stringify(manifest).slice(0, -1)},"annotations":${'{"a":'.repeat(500_000)}1${"}".repeat(500_000)}}`), /^source malformed/],
  ["with brackets in a text",           manifestWith({ annotations: { a: '[{"'.repeat(1000) } }),     /^copied/],
  ["with three megabytes of annotations", manifestWith({ annotations: { a: "x".repeat(3_000_000) } }), /^copied/],
  ["with a hundred thousand annotations", manifestWith({ annotations: Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`k${at}`, "v"])) }), /^copied/],
  ["of more than four megabytes",       manifestWith({ annotations: { a: "x".repeat(4_200_000) } }),  /^source malformed/],
  ["with annotations that are a list",  manifestWith({ annotations: [1, [2]] }),                      /^copied/],
  ["with a prototype of its own",       raw('{"__proto__":{"schemaVersion":2},"config":1}'),          /^source unsupported/],
  ["that says its layers twice",        ({ manifest, layer }) => Buffer.from(`${JSON.stringify({ ...manifest, layers: [{ ...layer, digest: `sha256:${HEX}` }] }).slice(0, -1)},"layers":[${JSON.stringify(layer)}]}`), /^copied/],
  ["of another version",                manifestWith({ schemaVersion: 3 }),                           /^source unsupported/],
  ["whose version is text",             manifestWith({ schemaVersion: "2" }),                         /^source unsupported/],
  ["whose media type is a number",      manifestWith({ mediaType: 7 }),                               /^source malformed/],
  ["whose media type is empty",         manifestWith({ mediaType: "" }),                              /^source malformed/],
  ["whose media type is a megabyte",    manifestWith({ mediaType: "x".repeat(1_000_000) }),           /^source malformed/],
  ["with layers and manifests",         manifestWith({ manifests: [] }),                              /^source malformed/],
  ["without a config",                  manifestWith({ config: undefined }),                          /^source malformed/],
  ["whose config is null",              manifestWith({ config: null }),                               /^source malformed/],
  ["whose layers are an object",        manifestWith({ layers: {} }),                                 /^source malformed/],
  ["whose layers are null",             manifestWith({ layers: null }),                               /^copied/],
  ["of eleven thousand layers",         ({ manifest, layer }) => text({ ...manifest, layers: Array.from({ length: 11_000 }, () => layer) }), /^source malformed/],
  ["that has one layer nine thousand times", ({ manifest, layer }) => text({ ...manifest, layers: Array.from({ length: 9000 }, () => layer) }), /^copied/],
  ["whose layer is text",               manifestWith({ layers: ["layer"] }),                          /^source malformed/],
  ["whose layer has no digest",         layerWith({ digest: undefined }),                             /^source malformed/],
  ["whose digest is in upper case",     ({ manifest, layer }) => text({ ...manifest, layers: [{ ...layer, digest: String(layer.digest).toUpperCase() }] }), /^source malformed/],
  ["whose digest has capital letters",  ({ manifest, layer }) => text({ ...manifest, layers: [{ ...layer, digest: `sha256:${"A".repeat(64)}` }] }), /^source malformed/],
  ["whose digest is short",             layerWith({ digest: "sha256:abc" }),                          /^source malformed/],
  ["whose digest is of MD5",            layerWith({ digest: `md5:${"a".repeat(32)}` }),               /^source malformed/],
  ["whose digest is a path",            layerWith({ digest: "sha256:../../../v2/other/manifests/x" }), /^source malformed/],
  ["whose digest begins a header",      layerWith({ digest: `sha256:${HEX}\r\nhost: evil` }),         /^source malformed/],
  ["whose digest has a line after it",  layerWith({ digest: `sha256:${HEX}\n` }),                     /^source malformed/],
  ["whose layer is nowhere",            layerWith({ digest: `sha256:${HEX}` }),                       /^source absent/],
  ["whose layer is nowhere, by SHA-512", layerWith({ digest: `sha512:${HEX}${HEX}` }),                /^source absent/],
  ["whose size is negative",            sized("-1"),                                                  /^source malformed/],
  ["whose size is a fraction",          sized("1.5"),                                                 /^source malformed/],
  ["whose size is beyond numbers",      sized("1e400"),                                               /^source malformed/],
  ["whose size is beyond exact numbers", sized("9007199254740993"),                                   /^source malformed/],
  ["whose size is text",                sized('"70000"'),                                             /^source malformed/],
  ["whose size is null",                sized("null"),                                                /^source malformed/],
  ["whose size is too big",             sized("70001"),                                               /^source mismatch/],
  ["whose size is petabytes",           sized("9007199254740991"),                                    /^source mismatch/],
  ["whose size is too small",           sized("69999"),                                               /^source mismatch/],
  ["whose size is nothing",             sized("0"),                                                   /^source mismatch/],
  ["whose layer is elsewhere",          layerWith({ mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", urls: ["file:///etc/passwd", "http://169.254.169.254/"] }), /^copied/],
  ["whose layer names URLs of its own", layerWith({ urls: ["http://169.254.169.254/"] }),             /^copied/],
  ["whose layer has no media type",     layerWith({ mediaType: "" }),                                 /^copied/],
  ["whose layer's media type is a list", layerWith({ mediaType: [] }),                                /^source malformed/],
  ["whose layer embeds other bytes",    layerWith({ data: Buffer.from("evil").toString("base64") }),  /^copied/],
  ["whose layer embeds no base64",      layerWith({ data: "\u0000%%%" }),                             /^copied/],
  ["whose layer embeds an object",      layerWith({ data: { a: 1 } }),                                /^copied/],
  ["of nine thousand layers that are nowhere", ({ manifest, layer }) => text({ ...manifest, layers: Array.from({ length: 9000 }, (_, at) => ({ ...layer, digest: `sha256:${String(at).padStart(64, "0")}` })) }), /^source absent/],
  ["that refers to itself",             manifestWith({ subject: { mediaType: OCI_MANIFEST, digest: `sha256:${HEX}`, size: 1 } }), /^copied/],
];

describe("a manifest", () => {
  for (const [what, bytesOf, outcome] of MANIFESTS) {
    test(`${what}: ${outcome.source}`, async () => {
      const content = honest();
      world.source.addManifest("app", bytesOf(content), OCI_MANIFEST, "v1");
      match(await world.outcome(), outcome);
      equal(world.target.manifests.size, outcome.source === "^copied" ? 1 : 0);
      const asked = world.source.seen.map(({ path }) => path);
      ok(
        asked.every((path) => /^\/v2\/app\/(?:manifests|blobs)\/[\w:.-]+$/.test(path)),
        asked.join(" "),
      );
    });
  }
});

type Child = Fields & { mediaType: string; digest: string; size: number };
/** Manifests that say so much of themselves. */
const verbose = (count: number, kilobytes: number) => (): unknown =>
  Array.from({ length: count }, (_, at) => {
    const annotations = { at: `${at}`, said: "x".repeat(kilobytes * 1000) };
    return world.source.addManifest("app", text({ ...honest().manifest, annotations }), OCI_MANIFEST);
  });
const childWith = (more: Fields) => (child: Child) => [{ ...child, ...more }];

// biome-ignore format: a table is read by its columns
const INDEXES: readonly (readonly [what: string, children: (child: Child) => unknown, outcome: RegExp])[] = [
  ["of nothing",                              () => [],                                                    /^copied/],
  ["whose manifests are null",                () => null,                                                  /^source malformed/],
  ["whose manifests are an object",           () => ({}),                                                  /^source malformed/],
  ["of ten thousand children",                (child) => Array.from({ length: 10_000 }, () => child),      /^source malformed/],
  ["of one child four hundred times",         (child) => Array.from({ length: 400 }, () => child),         /^copied/],
  ["of three manifests of three megabytes",   verbose(3, 3000),                                            /^copied/],
  ["of seven manifests of three megabytes",   verbose(7, 3000),                                            /^source malformed/],
  ["of three hundred verbose manifests",      verbose(300, 60),                                            /^source malformed/],
  ["whose child is nowhere",                  childWith({ digest: `sha256:${HEX}` }),                      /^source absent/],
  ["whose child is a blob",                   () => [{ mediaType: OCI_MANIFEST, ...world.source.addBlob("app", Buffer.from("blob")) }], /^source absent/],
  ["whose child lies about its size",         childWith({ size: 1 }),                                      /^copied/],
  ["whose child lies about its media type",   childWith({ mediaType: OCI_INDEX }),                         /^copied/],
  ["whose child has a media type of escapes", childWith({ mediaType: "\u001b[31m\u202e".repeat(1000) }),   /^copied/],
  ["whose platform is text",                  childWith({ platform: "linux/amd64" }),                      /^copied/],
  ["whose platform is a list of lists",       childWith({ platform: [[["linux"]]] }),                      /^copied/],
  ["whose platform is megabytes",             childWith({ platform: { os: "x".repeat(3_000_000), architecture: "y" } }), /^copied/],
  ["whose annotations nest a thousand deep",  childWith({ annotations: JSON.parse(`${'{"a":'.repeat(1000)}1${"}".repeat(1000)}`) }), /^source malformed/],
];

describe("an index", () => {
  for (const [what, childrenOf, outcome] of INDEXES) {
    test(`${what}: ${outcome.source}`, async () => {
      const child = world.addImage([1000]);
      const { mediaType, digest, size } = child;
      const manifests = childrenOf({ mediaType, digest, size, platform: child.platform });
      world.source.addManifest("app", { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, OCI_INDEX, "v1");
      match(await world.outcome(), outcome);
      deepEqual([...world.target.tags.keys()], outcome.source === "^copied" ? ["copy:v1"] : []);
    });
    test(`${what}, of which a platform is wanted, ends with a code and harmless words`, async () => {
      const child = world.addImage([1000]);
      const { mediaType, digest, size } = child;
      const manifests = childrenOf({ mediaType, digest, size, platform: child.platform });
      world.source.addManifest("app", { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, OCI_INDEX, "v1");
      const platforms = [{ os: "linux", architecture: "amd64" }];
      for (const joined of [true, false]) {
        const told = await world.copy({ platforms, asIndex: joined }).then(JSON.stringify, (error: Error) => {
          equal(error.name, "CopyError", error.stack);
          return error.message;
        });
        equal(/[^\P{C}\n]|\\u00(?:0|1|7f|8|9)/u.test(told) && !told.includes("\\\\u"), false);
        ok(told.startsWith("{") || told.length < 5000, `${told.length} characters`);
      }
    });
  }
});
