import { deepEqual, ok } from "node:assert/strict";
import { describe, test } from "vitest";
import { parsePlatform } from "../../../src/image/platform.ts";
import { parseManifest } from "../../../src/oci/client/manifest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../../src/oci/client/media-types.ts";
import { platformChildren } from "../../../src/oci/client/platform-children.ts";

const D = (digit: string) => `sha256:${digit.repeat(64)}`;

type Child = Readonly<{ platform?: object; annotations?: object; mediaType?: string }>;

function index(children: Readonly<Record<string, Child>>) {
  const manifests = Object.entries(children).map(([digit, child]) => ({
    mediaType: OCI_MANIFEST,
    digest: D(digit),
    size: 1,
    ...child,
  }));
  const parsed = parseManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
  ok(parsed.kind === "index");
  return parsed;
}

const windows = (version?: string) => ({
  platform: {
    os: "windows",
    architecture: "amd64",
    ...(version === undefined ? {} : { "os.version": version }),
  },
});
const linux = (architecture: string, variant?: string) => ({
  platform: { os: "linux", architecture, ...(variant === undefined ? {} : { variant }) },
});
const attestation = {
  platform: { os: "unknown", architecture: "unknown" },
  annotations: { "vnd.docker.reference.type": "attestation-manifest" },
};

const INDEXES = {
  usual: index({
    "0": attestation,
    "1": linux("amd64"),
    "2": linux("arm64", "v8"),
    "6": linux("arm", "v6"),
    "7": linux("arm", "v7"),
  }),
  windows: index({
    "1": linux("amd64"),
    "2": windows("10.0.17763.6293"),
    "3": windows("10.0.20348.2700"),
    "4": windows("10.0.20348.2762"),
    "5": windows("10.0.26100.1742"),
  }),
  "one build": index({ "2": windows("10.0.17763.6293") }),
  "Windows without versions": index({ "2": windows(), "3": windows() }),
  "a version that is none": index({ "2": windows("ltsc2019"), "3": windows("10.0.20348.1") }),
  untold: index({
    "0": attestation,
    "1": {},
    "2": { platform: {} },
    "3": { platform: { os: "", architecture: "" } },
  }),
  "told in part": index({ "1": linux("arm64"), "2": {} }),
  nested: index({ "1": { mediaType: OCI_INDEX }, "2": { mediaType: OCI_INDEX } }),
};

describe("the manifests that a host may take", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [keyof typeof INDEXES, string, string])[] = [
    ["usual",                    "linux/amd64",                   "1"],
    ["usual",                    "linux/x86_64",                  "1"],
    ["usual",                    "linux/arm64",                   "2"],
    ["usual",                    "linux/arm64/v8",                "2"],
    ["usual",                    "linux/arm64/v9",                "2"],
    ["usual",                    "linux/arm",                     "7"],
    ["usual",                    "linux/arm/v6",                  "6"],
    ["usual",                    "linux/arm/v5",                  ""],
    ["usual",                    "windows/amd64",                 ""],
    ["usual",                    "unknown/unknown",               ""],
    ["windows",                  "windows(10.0.17763)/amd64",     "2"],
    ["windows",                  "windows(10.0.20348)/amd64",     "4"],
    ["windows",                  "windows(10.0.20348.1)/amd64",   "4"],
    ["windows",                  "windows(10.0.26100)/amd64",     "5"],
    ["windows",                  "windows(10.0.14393)/amd64",     ""],
    ["windows",                  "windows/amd64",                 "2 3 4 5"],
    ["windows",                  "linux/amd64",                   "1"],
    ["one build",                "windows/amd64",                 "2"],
    ["one build",                "windows(10.0.20348)/amd64",     ""],
    ["Windows without versions", "windows(10.0.20348)/amd64",     "2 3"],
    ["a version that is none",   "windows(10.0.20348)/amd64",     "3"],
    ["a version that is none",   "windows(10.0.17763)/amd64",     "2"],
    ["untold",                   "linux/amd64",                   "1 2 3"],
    ["told in part",             "linux/arm64",                   "1"],
    ["told in part",             "linux/amd64",                   "2"],
    ["nested",                   "linux/amd64",                   "1 2"],
  ];
  for (const [which, platform, digits] of table) {
    test(`of the index "${which}" on ${platform}: ${digits === "" ? "none" : digits}`, () => {
      const children = platformChildren(INDEXES[which], parsePlatform(platform));
      deepEqual(
        children.map(({ digest }) => digest),
        digits.split(" ").filter(Boolean).map(D),
      );
    });
  }
});
