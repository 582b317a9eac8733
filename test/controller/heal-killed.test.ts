/** The leader ends at each of its writes, before or after the write has its effect, and another process with another clock goes on. */

import { afterAll, expect, test } from "vitest";
import type { ClusterPort } from "../../src/cluster/cluster-port.ts";
import type { Clock, Timer } from "../../src/runtime/clock.ts";
import { pod } from "../support/kubernetes/cluster-objects.ts";
import { clusterWorld } from "../support/kubernetes/cluster-world.ts";

const REGISTRIES = {
  "docker.io": { images: { "library/app:1": {}, "library/other:1": {} }, quota: { remaining: 0 } },
  "public.ecr.aws": {
    images: {
      "docker/library/app:1": { sameAs: "docker.io/library/app:1" },
      "docker/library/other:1": { sameAs: "docker.io/library/other:1" },
    },
  },
};
const MINUTES = 60_000;
const ends: (() => void)[] = [];
afterAll(() => {
  for (const end of ends) end();
});

const shifted = (clock: Clock & Timer, by: number): Clock & Timer => ({
  now: () => clock.now() + by,
  sleep: (milliseconds, signal) => clock.sleep(milliseconds, signal),
  after: (milliseconds, run) => clock.after(milliseconds, run),
});

/** @param atWrite the write at which the first leader ends; 0: it does not. Those of its Lease do not count. */
async function healed(atWrite: number, when: "before" | "after", skews: readonly [number, number]) {
  const made = await clusterWorld({ registries: REGISTRIES });
  ends.push(made.end);
  made.addPods([
    ...["1", "2", "3"].map((at) => pod({ name: `web-${at}`, of: "web/1", image: "app:1" })),
    ...["1", "2"].map((at) => pod({ name: `api-${at}`, of: "api/1", image: "other:1" })),
  ]);
  await made.world.run(3);
  const uids = () => made.cluster.all("pods").map(({ metadata }) => metadata.uid);
  const before = uids();
  let count = 0;
  let killed = false;
  const isLast = async (kind: string, effect: () => Promise<unknown>) => {
    if (!killed && kind === "leases") return await effect();
    count += 1;
    if (killed) return await new Promise<never>(() => {});
    if (count !== atWrite) return await effect();
    killed = true;
    if (when === "after") await effect();
    first.kill();
    return await new Promise<never>(() => {});
  };
  const through = (port: ClusterPort): ClusterPort => ({
    ...port,
    create: (...given) => isLast(given[0], () => port.create(...given)) as never,
    replace: (...given) => isLast(given[0], () => port.replace(...given)) as never,
    patch: (...given) => isLast(given[0], () => port.patch(...given)) as never,
    delete: (...given) => isLast(given[0], () => port.delete(...given)) as never,
  });
  const { clock } = made.world;
  const first = made.controller({
    identity: "first",
    cluster: through(made.cluster),
    clock: shifted(clock, skews[0]),
  });
  await made.world.run(6);
  const second = made.controller({ identity: "second", clock: shifted(clock, skews[1]) });
  const isDone = await made.world.runUntil(() => made.phases().every((phase) => phase === "Running"), 300);
  await made.world.run(60);
  const patched = made.cluster.requests.filter(({ verb, kind }) => verb === "patch" && kind === "pods");
  return {
    isDone,
    isSame: JSON.stringify(uids()) === JSON.stringify(before),
    patched: patched.map(({ name }) => name).toSorted(),
    // A crash may publish an outcome twice: its execution is the same then.
    told: [
      ...new Set(
        [...first.outcomes, ...second.outcomes].map(
          ({ workload, outcome, execution }) => `${workload?.name} ${outcome} ${execution}`,
        ),
      ),
    ]
      .map((one) => one.replace(/ pods-[0-9a-f]{32}$/, ""))
      .toSorted(),
    writes: count,
  };
}

const PODS = ["api-1", "api-2", "web-1", "web-2", "web-3"];
const TOLD = ["shop/Deployment/api succeeded", "shop/Deployment/web succeeded"];

const CLOCKS = [
  { title: "with the next one's clock", skews: [0, 0] },
  { title: "with a clock 10 minutes ahead of the next one's", skews: [10 * MINUTES, 0] },
  { title: "with a clock 10 minutes behind the next one's", skews: [0, 10 * MINUTES] },
] as const;

for (const [turn, { title, skews }] of CLOCKS.entries())
  test(`a leader ${title} that ends at one of its writes leaves each pod patched once, running, and reported`, async () => {
    const { writes } = await healed(0, "before", skews);
    const faults: unknown[] = [];
    // Each write is of one of the three.
    for (let at = 1 + turn; at <= writes; at += CLOCKS.length) {
      const when = at % 2 === 0 ? "before" : "after";
      const { writes: _writes, ...found } = await healed(at, when, skews);
      const wanted = { isDone: true, isSame: true, patched: PODS, told: TOLD };
      if (JSON.stringify(found) !== JSON.stringify(wanted)) faults.push({ at, when, ...found });
    }
    expect(faults).toEqual([]);
  });
