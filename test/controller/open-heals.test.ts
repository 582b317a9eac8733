/** The heals under way, in a ConfigMap that has a megabyte for all that the leader keeps. */

import { expect, test } from "vitest";
import { createOpenHeals, type OpenHeal } from "../../src/controller/heal/open-heals.ts";

/** Of a ReplicaSet whose name a pod's author has made up: the API server bounds no name of an owner. */
const heal = (at: number, name: string): OpenHeal => ({
  subject: {
    pod: {
      namespace: "shop",
      revision: `shop/${at}`,
      workload: { apiVersion: "apps/v1", kind: "ReplicaSet", name },
    },
    container: { container: "web", written: "nginx:1.27" },
    failure: { kind: "docker-hub-pull-limit", confidence: "certain", evidence: [], because: "its words" },
  },
  use: "public.ecr.aws/nginx",
  proof: "same-index",
  at,
});

test("two hundred heals of owners with names of 5,000 letters leave room for the rest of the leader's state", async () => {
  let kept = "{}";
  const heals = createOpenHeals({
    read: async () => kept,
    update: async (_, change) => {
      kept = change(kept);
      return kept;
    },
  });
  for (let at = 0; at < 200; at++) await heals.note(`odd-${at}`, heal(at, "x".repeat(5_000)));
  expect(Buffer.byteLength(kept)).toBeLessThan(500_000);
  await heals.note("web", heal(0, "web"));
  expect((await heals.load()).has("web")).toBe(true);
});
