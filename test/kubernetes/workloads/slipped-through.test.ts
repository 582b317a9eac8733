/** Which pods admission should have changed, and why it has not. */

import { expect, test } from "vitest";
import type { IndexRow } from "../../../src/kubernetes/image-index.ts";
import type { Mode } from "../../../src/kubernetes/mode.ts";
import { podFacts } from "../../../src/kubernetes/workloads/pod-facts.ts";
import { slipsOf } from "../../../src/kubernetes/workloads/slipped-through.ts";
import { pod } from "../../support/kubernetes/cluster-objects.ts";
import { imageNamed } from "../../support/kubernetes/registries-in-memory.ts";

const NGINX = imageNamed("nginx");
const USE = `public.ecr.aws/docker/library/nginx@${NGINX.digest}`;
const ASKED = Date.parse("2026-11-29T08:00:00Z");
const MINUTE = 60_000;

const placed: IndexRow = {
  use: USE,
  proof: "same-index",
  trusted: { digest: NGINX.digest, from: "origin" },
  askedAt: new Date(ASKED).toISOString(),
  goodUntil: new Date(ASKED + 360 * MINUTE).toISOString(),
  platforms: ["linux/amd64"],
};
const { use: _, proof: __, ...unplaced } = placed;

type Given = {
  readonly createdAt?: number;
  readonly row?: IndexRow | null;
  readonly mode?: Mode;
  readonly policy?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly image?: string;
  readonly now?: number;
};

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [when: string, reasons: readonly string[], Given])[] = [
  ["it is a minute younger than the proof",       ["not-asked"],      { createdAt: ASKED + MINUTE }],
  ["it is older than the proof",                  ["created-before"], { createdAt: ASKED - MINUTE }],
  ["the proof was on its way to the index",       ["created-before"], { createdAt: ASKED + 5_000 }],
  ["it always pulls, and the proof was older",    ["always-pull"],    { createdAt: ASKED + 2 * MINUTE, policy: "Always" }],
  ["it always pulls, and the proof was fresh",    ["not-asked"],      { createdAt: ASKED + 30_000, policy: "Always" }],
  ["the mode is observe",                         [],                 { createdAt: ASKED + MINUTE, mode: "observe" }],
  ["there is no row",                             [],                 { createdAt: ASKED + MINUTE, row: null }],
  ["no place is proved",                          [],                 { createdAt: ASKED + MINUTE, row: { ...unplaced, codes: ["absent"] } }],
  ["the proof has expired since",                 [],                 { createdAt: ASKED + MINUTE, now: ASKED + 361 * MINUTE }],
  ["it never pulls",                              [],                 { createdAt: ASKED + MINUTE, policy: "Never" }],
  ["it was swapped",                              [],                 { createdAt: ASKED + MINUTE, image: USE, annotations: { "image.repull.dev/web": `nginx:1.27 ${NGINX.digest} same-index origin 2026-11-29T08:00:00Z` } }],
  ["its author wrote the proved image",           [],                 { createdAt: ASKED + MINUTE, image: USE }],
];
for (const [when, reasons, given] of table)
  test(`a pod counts as ${reasons[0] ?? "well"} when ${when}`, () => {
    const {
      createdAt = ASKED,
      row = placed,
      mode = "remediate",
      policy = "IfNotPresent",
      image = "nginx:1.27",
    } = given;
    const object = pod({
      name: "web-1",
      of: "web/1",
      image,
      runs: NGINX.digest,
      annotations: given.annotations ?? {},
    });
    const facts = podFacts({
      ...object,
      metadata: { ...object.metadata, uid: "1", creationTimestamp: new Date(createdAt).toISOString() },
      spec: { containers: [{ name: "web", image, imagePullPolicy: policy }] },
    });
    const rows = new Map(row === null ? [] : [["nginx:1.27", row] as const]);
    const slips = slipsOf(facts as NonNullable<typeof facts>, {
      rows,
      modeOf: () => mode,
      now: given.now ?? ASKED + 10 * MINUTE,
    });
    expect(slips.map(({ reason }) => reason)).toEqual(reasons);
    for (const { use } of slips) expect(use).toBe(USE);
  });
