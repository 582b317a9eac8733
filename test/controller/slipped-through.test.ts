/** Pods that admission did not change: the metric counts them by reason, and their workload is told. */

import { afterEach, expect, test } from "vitest";
import { pod } from "../support/kubernetes/cluster-objects.ts";
import { clusterWorld } from "../support/kubernetes/cluster-world.ts";
import { imageNamed } from "../support/kubernetes/registries-in-memory.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

test("a pod that started as it was written after its image was proved is counted and told once, and its older sibling is counted", async () => {
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
  made.addPods([running("old")]);
  const { parts } = made.controller();
  await world.run(60);
  made.addPods([running("new")]);
  await world.run(60);
  const { values } = await parts.metrics.slipped.get();
  expect(Object.fromEntries(values.map(({ labels, value }) => [labels.reason, value]))).toEqual({
    "not-asked": 1,
    "created-before": 1,
    "always-pull": 0,
  });
  const told = cluster.all("events").filter(({ reason }) => reason === "ImageNotSwapped");
  expect(told.map(({ regarding }) => `${regarding?.kind}/${regarding?.name}`)).toEqual(["Deployment/web"]);
});
