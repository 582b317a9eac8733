/** The images that random pods name, and what the index says of each. */

import type { IndexRow } from "../../../src/kubernetes/image-index.ts";
import { digestOf, rowOf, secondsFromNow, useOf } from "../../support/kube/admission-world.ts";

/** `proved`: swapped. `other`: left, whatever the index says. */
const PROVED: Readonly<Record<string, IndexRow>> = {
  "nginx:1.27": hourOld("nginx", "a"),
  "docker.io/library/nginx:1.27": hourOld("nginx", "a"),
  nginx: hourOld("nginx", "a"),
  "redis:8": hourOld("redis", "b"),
  "ghcr.io/team/app:1.2.3-rc.1_x": hourOld("team/app", "c"),
  [`busybox:1@${digestOf("d")}`]: hourOld("busybox", "d"),
  "windows:1": {
    ...hourOld("windows", "e"),
    proof: "same-platform",
    trusted: { digest: digestOf("f"), from: "pod" },
  },
  "registry.example:5000/team/app:1.2": hourOld("team/app", "c"),
  "[2001:db8::1]:5000/team/app:1": hourOld("team/app", "c"),
  "REGISTRY.Example.com/team/app:1": hourOld("team/app", "c"),
  [`docker.io/${"long/".repeat(40)}app:${"9".repeat(128)}`]: hourOld("long", "7"),
  [`nginx:1.27@${digestOf("a")}`]: hourOld("nginx", "a"),
  "publisher:1": { ...unwitnessed("publisher", "8"), proof: "same-publisher" },
  "operator:1": { ...unwitnessed("operator", "8"), proof: "operator-override" },
  // A swap's own image is in the index as well: nothing is swapped twice.
  [useOf("nginx", "a")]: hourOld("elsewhere/nginx", "a"),
};

function hourOld(name: string, digit: string): IndexRow {
  return rowOf(name, digit, { askedAt: secondsFromNow(-3_600), goodUntil: secondsFromNow(7_200) });
}

function unwitnessed(name: string, digit: string): IndexRow {
  const { trusted: _trusted, ...row } = hourOld(name, digit);
  return row;
}

const { use: _use, proof: _proof, ...nowhere } = hourOld("none", "0");

/** Rows by which nothing may be swapped. */
const UNUSABLE: Readonly<Record<string, IndexRow>> = {
  "expired:1": { ...hourOld("expired", "1"), goodUntil: secondsFromNow(-5) },
  "nowhere:1": { ...nowhere, codes: ["no-proof"] },
  "wrong:1": { ...hourOld("wrong", "1"), trusted: { digest: digestOf("2"), from: "pod" } },
  [`busybox:1@${digestOf("3")}`]: hourOld("busybox", "d"),
  [`nginx@sha512:${"a".repeat(128)}`]: hourOld("nginx", "a"),
  "nginx@sha256:short": hourOld("nginx", "a"),
  "unwitnessed:1": unwitnessed("unwitnessed", "8"),
};

export const ROWS: ReadonlyMap<string, IndexRow> = new Map([
  ...Object.entries(PROVED),
  ...Object.entries(UNUSABLE),
]);

export const IMAGES: readonly string[] = [
  ...Object.keys(PROVED),
  ...Object.keys(UNUSABLE),
  "not-in-index:1",
  `quay.io/x/y@${digestOf("9")}`,
  "an image with spaces",
  "UPPER/case:1",
  'quote"and\\slash~1/x',
  "ünïcödé:1",
  "constructor",
  "__proto__",
];

/** The row by which an image is swapped; undefined where it is left. */
export function provedRow(image: string, pullPolicy: string | undefined): IndexRow | undefined {
  const isLeft = pullPolicy === "Never" || pullPolicy === "Always";
  return isLeft || !Object.hasOwn(PROVED, image) ? undefined : PROVED[image];
}
