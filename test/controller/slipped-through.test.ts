/** Pods that admission did not change: the metric counts them by reason, and their workload gets an Event. */

import { afterEach, expect, test } from "vitest";
import { MODES_MAX } from "../../src/kubernetes/workload-modes.ts";
import { deployment, pod } from "../support/kubernetes/cluster-objects.ts";
import { clusterWorld } from "../support/kubernetes/cluster-world.ts";
import { imageNamed } from "../support/kubernetes/registries-in-memory.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function pods(...labelled: readonly string[]) {
  const made = await clusterWorld({
    registries: {
      "docker.io": { images: { "library/app:1": {} } },
      "public.ecr.aws": { images: { "docker/library/app:1": { sameAs: "docker.io/library/app:1" } } },
    },
  });
  ends.push(made.end);
  const { world, cluster } = made;
  const digest = world.registries.byHost.get("docker.io")?.tags("library/app")["1"] ?? imageNamed("x").digest;
  const running = (name: string) => {
    const one = pod({ name, of: "web/1", image: "app:1", runs: digest as never });
    const creationTimestamp = new Date(world.clock.now()).toISOString();
    return { ...one, metadata: { ...one.metadata, creationTimestamp } };
  };
  for (const name of labelled) {
    const one = deployment(name, "registry.example/other:1");
    cluster.put("deployments", {
      ...one,
      metadata: { ...one.metadata, labels: { "repull.dev/mode": "observe" } },
    });
  }
  made.addPods([running("old")]);
  const { parts } = made.controller();
  await world.run(60);
  made.addPods([running("new")]);
  await world.run(60);
  const { values } = await parts.metrics.slipped.get();
  const told = cluster.all("events").filter(({ reason }) => reason === "ImageNotSwapped");
  return {
    counts: Object.fromEntries(values.map(({ labels, value }) => [labels.reason, value])),
    told: told.map(({ regarding }) => `${regarding?.kind}/${regarding?.name}`),
  };
}

test("a pod that started as it was written after its image was proved is counted and reported once, and its older sibling is counted", async () => {
  expect(await pods()).toEqual({
    counts: { "not-asked": 1, "created-before": 1, "always-pull": 0 },
    told: ["Deployment/web"],
  });
});

test("a pod is not reported where the index has lowered its whole namespace, because it has no room for each workload", async () => {
  const many = Array.from({ length: MODES_MAX + 1 }, (_, at) => `other-${at}`);
  expect(await pods(...many)).toMatchObject({ counts: { "not-asked": 0 }, told: [] });
});
