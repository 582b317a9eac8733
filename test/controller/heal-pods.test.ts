/** Pods that wait for an image, and what is done for them: which image they get, what is reported, and what is never touched. */

import { describe, expect, test } from "vitest";
import { ClusterError } from "../../src/cluster/cluster-error.ts";
import type { Copies } from "../../src/controller/copies/copies.ts";
import { createGates, type GatePorts } from "../../src/controller/heal/gates.ts";
import { createHealer } from "../../src/controller/heal/heal-pods.ts";
import { createProver } from "../../src/controller/heal/prove.ts";
import { createQuotaInState } from "../../src/controller/heal/quota-in-state.ts";
import { ecrHost } from "../../src/image/ecr-hosts.ts";
import type { Mode } from "../../src/kubernetes/mode.ts";
import type { QuotaStore } from "../../src/remediation/ports/quota-store.ts";
import { type Outcome, outcomeSchema } from "../../src/remediation/report/outcome.ts";
import type { Clock, Timer } from "../../src/runtime/clock.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { deployment, pod, type SaidPod } from "../support/kubernetes/cluster-objects.ts";
import { controllerWorld, HOUR, settle } from "../support/kubernetes/controller-world.ts";
import { type Pulls, startKubelet } from "../support/kubernetes/kubelet.ts";
import { imageNamed, type MemoryRegistries } from "../support/kubernetes/registries-in-memory.ts";

const NGINX = imageNamed("nginx");
const OTHER = imageNamed("nginx of yesterday");
const ORIGIN = "docker.io/library/nginx:1.27";
const TWIN = "public.ecr.aws/docker/library/nginx:1.27";
const USE = `public.ecr.aws/docker/library/nginx@${NGINX.digest}`;
const MAPPED = `quay.io/mirror/nginx@${NGINX.digest}`;
const ECR = ecrHost("123456789012", "us-east-1");
const COPY = `${ECR}/repull/docker.io/library/nginx:1.27`;
const both = { [ORIGIN]: NGINX, [TWIN]: NGINX };

type Given = {
  readonly pods?: readonly SaidPod[];
  readonly holds?: Readonly<Record<string, typeof NGINX>>;
  readonly policy?: object;
  readonly mode?: Mode;
  readonly pulls?: (host: string, image: string) => Pulls;
  readonly writes?: Readonly<Record<string, string>>;
  readonly namespaceLabel?: string;
  /** Of the Deployment's own metadata. */
  readonly workloadLabel?: string;
  readonly withAccount?: true;
  readonly gates?: Pick<GatePorts, "changeCalendar">;
  readonly copies?: (world: CopyWorld) => Copies;
};
type CopyWorld = {
  readonly registries: MemoryRegistries;
  readonly quotaStore: QuotaStore;
  readonly clock: Clock & Timer;
};

async function healed(given: Given = {}, passes = 6) {
  const world = await controllerWorld({ holds: given.holds ?? both, policy: given.policy ?? {} });
  const { cluster, clock } = world;
  cluster.put("configmaps", {
    metadata: { namespace: "repull", name: "repull-writes" },
    data: given.writes ?? { writes: "allowed" },
  } as never);
  cluster.put("namespaces", {
    metadata: {
      name: "shop",
      labels: given.namespaceLabel === undefined ? {} : { "repull.dev/mode": given.namespaceLabel },
    },
  });
  if (given.workloadLabel !== undefined) {
    const web = deployment("web");
    const labels = { "repull.dev/mode": given.workloadLabel };
    cluster.put("deployments", { ...web, metadata: { ...web.metadata, labels } });
  }
  for (const said of given.pods ?? [{ name: "web-1", of: "web/1" }]) cluster.put("pods", pod(said));
  const sync = startKubelet(cluster, given.pulls ?? ((host) => (host === "docker.io" ? "limit" : "runs")));
  const controller = await world.controller();
  const outcomes: Outcome[] = [];
  const account = {
    location: { account: "123456789012", region: "us-east-1" },
    rules: [],
    ecr: {
      imageStatus: async () => "active" as const,
      pullThroughRules: async () => [],
      validateRule: async () => ({ isValid: true, because: "" }),
      missingLayers: async () => [],
    },
  };
  const environment = async () => ({
    ...(await controller.environment()),
    ...(given.withAccount ? { account } : {}),
  });
  const quotaStore = createQuotaInState(controller.state);
  const copies = given.copies?.({ registries: world.registries, quotaStore, clock });
  const healer = createHealer(
    {
      cluster,
      view: controller.view,
      leader: controller.leader,
      prover: createProver({
        view: controller.view,
        environment,
        ledger: controller.ledger,
        rows: controller.keeper.rows,
        policy: () => world.policy,
        allowed: () => true,
        copies: copies !== undefined,
      }),
      ...(copies === undefined ? {} : { copies }),
      gates: createGates(
        { cluster, quotaStore, clock, log: silentLog, ...given.gates },
        { policy: () => world.policy, namespace: "repull" },
      ),
      onPlace: controller.keeper.renew,
      tellOwner: controller.tellOwner,
      publish: async (outcome) => void outcomes.push(outcome),
      metrics: controller.metrics,
      clock,
      log: silentLog,
    },
    { policy: () => world.policy, mode: given.mode ?? "remediate", namespace: "repull" },
  );
  const pass = async (count = 1): Promise<void> => {
    for (let at = 0; at < count; at++) {
      await settle();
      await controller.leader.campaign();
      await healer.pass();
      clock.advance(1_000);
    }
    await settle();
  };
  await controller.leader.campaign();
  await controller.ledger.load();
  await pass(passes);
  return {
    world,
    controller,
    outcomes,
    sync,
    pass,
    images: () => cluster.all("pods").map(({ spec }) => spec.containers[0]?.image),
    phases: () => cluster.all("pods").map(({ status }) => status?.phase),
    reasons: () => [...new Set(world.eventReasons())],
    patches: () => cluster.requests.filter(({ verb }) => verb === "patch").length,
  };
}

const kinds = (outcomes: readonly Outcome[]) =>
  outcomes.map(({ outcome, reason }) => (reason === undefined ? outcome : `${outcome} ${reason}`));

describe("a pod that waits because of a limit", () => {
  test("gets the proved image in place, runs, and the outcome and an event of its owner say so", async () => {
    const { images, phases, outcomes, reasons, world } = await healed();
    expect([images(), phases(), reasons()]).toEqual([
      [USE],
      ["Running"],
      ["ImageReplaced Deployment/web", "PodsHealed Deployment/web"],
    ]);
    expect(outcomes).toMatchObject([
      {
        outcome: "succeeded",
        workload: { kind: "pod", cluster: "kubernetes", name: "shop/Deployment/web" },
        images: [{ substitute: USE, proof: "same-index" }],
      },
    ]);
    expect(outcomeSchema.safeParse(outcomes[0]).success).toBe(true);
    const [stored] = world.cluster.all("pods");
    expect(stored?.metadata.annotations).toEqual({
      "image.repull.dev/web": `nginx:1.27 ${NGINX.digest} same-index origin 2026-11-29T08:00:00.000Z`,
    });
  });

  test("keeps its annotations", async () => {
    const { world } = await healed({ pods: [{ name: "web-1", of: "web/1", annotations: { team: "shop" } }] });
    expect(Object.keys(world.cluster.all("pods")[0]?.metadata.annotations ?? {})).toEqual([
      "team",
      "image.repull.dev/web",
    ]);
  });

  test("means what the running pods of its revision have pulled, whatever the tag means now", async () => {
    const holds = { [ORIGIN]: OTHER, [TWIN]: OTHER, "public.ecr.aws/docker/library/nginx:1.26": NGINX };
    const { images } = await healed({
      holds,
      pods: [
        { name: "web-1", of: "web/1", runs: NGINX.digest },
        { name: "web-2", of: "web/1" },
      ],
    });
    expect(images()).toEqual(["nginx:1.27", USE]);
  });

  test("is healed while Docker Hub is dead, when a pod of its revision runs", async () => {
    const given = {
      pods: [
        { name: "web-1", of: "web/1", runs: NGINX.digest },
        { name: "web-2", of: "web/1" },
      ],
    };
    const { world, pass, images } = await healed(given, 0);
    world.registries.states.set("docker.io", "dead");
    await pass(4);
    expect(images()).toEqual(["nginx:1.27", USE]);
  });

  const mapping = { imageMappings: [{ image: "nginx:1.27", use: "quay.io/mirror/nginx:1.27" }] };
  const two = { ...both, "quay.io/mirror/nginx:1.27": NGINX };

  test("gets the next place when the nodes cannot pull from the first", async () => {
    const pulls = (host: string): Pulls =>
      host === "docker.io" ? "limit" : host === "public.ecr.aws" ? "denied" : "runs";
    const { phases, images, outcomes } = await healed({ holds: two, policy: mapping, pulls: pulls });
    expect([images(), phases(), kinds(outcomes)]).toEqual([[MAPPED], ["Running"], ["succeeded"]]);
  });

  test("ends with the image as it was written at the trusted digest, and is left alone then", async () => {
    const pulls = (host: string): Pulls => (host === "docker.io" ? "limit" : "denied");
    const { images, outcomes, patches, pass } = await healed({ pulls });
    expect([images(), kinds(outcomes), patches()]).toEqual([
      [`nginx:1.27@${NGINX.digest}`],
      ["not-eligible substitute-failed"],
      2,
    ]);
    await pass(5);
    expect(patches()).toBe(2);
  });
});

describe("a pod is not changed", () => {
  const missing = (host: string): Pulls => (host === "docker.io" ? "missing" : "runs");
  const limit = pod({ name: "web-1", of: "web/1" });
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, given: Given, outcomes: readonly string[]])[] = [
    ["the mode is observe",                              { mode: "observe" },                                                                             ["dry-run"]],
    ["the mode is off",                                  { mode: "off" },                                                                                 ["not-eligible opted-out"]],
    ["the policy says observe",                          { policy: { mode: "observe" } },                                                                 ["dry-run"]],
    ["the policy asks for an approval",                  { policy: { mode: "approve" } },                                                                 ["dry-run"]],
    ["its label says observe",                           { pods: [{ name: "web-1", of: "web/1", labels: { "repull.dev/mode": "observe" } }] },            ["dry-run"]],
    ["its label says off",                               { pods: [{ name: "web-1", of: "web/1", labels: { "repull.dev/mode": "off" } }] },                ["not-eligible opted-out"]],
    ["its label is a word of no meaning",                { pods: [{ name: "web-1", of: "web/1", labels: { "repull.dev/mode": "yes" } }] },                ["dry-run"]],
    ["its label is empty",                               { pods: [{ name: "web-1", of: "web/1", labels: { "repull.dev/mode": "" } }] },                   ["dry-run"]],
    ["its namespace's label says off",                   { namespaceLabel: "off" },                                                                       ["not-eligible opted-out"]],
    ["its Deployment's own label says off",              { workloadLabel: "off" },                                                                        ["not-eligible opted-out"]],
    ["its Deployment's own label says observe",          { workloadLabel: "observe" },                                                                    ["dry-run"]],
    ["its label says remediate, and the chart observe",  { mode: "observe", pods: [{ name: "web-1", of: "web/1", labels: { "repull.dev/mode": "remediate" } }] }, ["dry-run"]],
    ["an operator of another group owns it",             { pods: [{ name: "db-1", owner: { apiVersion: "postgresql.cnpg.io/v1", kind: "Cluster", name: "db" } }] }, ["not-eligible deployed-by-others"]],
    ["the policy leaves its namespace out",              { policy: { scope: { namespaces: { exclude: ["shop"] } } } },                                    ["not-eligible excluded-by-policy"]],
    ["the policy leaves its image out",                  { policy: { scope: { images: { exclude: ["nginx:*"] } } } },                                     ["not-eligible excluded-by-policy"]],
    ["it is in kube-system",                             { pods: [{ name: "web-1", namespace: "kube-system" }] },                                         ["not-eligible excluded-by-policy"]],
    ["it is a static pod's image",                       { pods: [{ name: "web-1", annotations: { "kubernetes.io/config.mirror": "x" } }] },              []],
    ["writes are paused",                                { writes: { writes: "allowed", paused: "an incident" } },                                        []],
    ["the word that allows writes is missing",           { writes: {} },                                                                                  []],
    ["no place has the image",                           { holds: { [ORIGIN]: NGINX } },                                                                  ["no-substitute no-proof"]],
    ["the pods of its revision run two digests",         { pods: [{ name: "1", of: "web/1", runs: NGINX.digest }, { name: "2", of: "web/1", runs: OTHER.digest }, { name: "3", of: "web/1" }] }, ["no-substitute trust-unreadable"]],
    ["its image is missing, and no copy is ours",        { pods: [{ name: "1", of: "web/1", runs: NGINX.digest }, { name: "2", of: "web/1" }], pulls: missing }, ["no-substitute no-proof"]],
    ["it is refused for another reason",                 { pulls: (host) => (host === "docker.io" ? "denied" : "runs") },                                 []],
    ["it runs",                                          { pods: [{ name: "web-1", of: "web/1", runs: NGINX.digest }], pulls: () => "runs" },             []],
  ];
  for (const [when, given, ends] of table) {
    test(`when ${when}`, async () => {
      const { patches, outcomes } = await healed(given);
      expect([patches(), kinds(outcomes)]).toEqual([0, ends]);
    });
  }

  test("when no place has the image, and the outcome has the whole command that copies it", async () => {
    const { outcomes } = await healed({ holds: { [ORIGIN]: NGINX } });
    expect(outcomes[0]?.nextSteps).toMatchObject([
      expect.stringMatching(/repull mirror nginx:\S+ \S+\/\S+:\S+$/),
    ]);
  });

  test("when the fence refuses, and the refusal is an outcome, once", async () => {
    const { world, pass, outcomes, images } = await healed({}, 0);
    world.cluster.fault = ({ verb }) =>
      verb === "patch"
        ? new ClusterError(403, "Forbidden", "ValidatingAdmissionPolicy repull denied")
        : undefined;
    await pass(8);
    expect([images(), kinds(outcomes)]).toEqual([["nginx:1.27"], ["failed"]]);
    expect(world.cluster.requests.filter(({ verb }) => verb === "patch")).toHaveLength(1);
  });

  test("when its image was changed by another meanwhile", async () => {
    const { world, pass, images } = await healed({}, 0);
    await settle();
    world.cluster.fault = ({ verb }) => {
      if (verb === "patch") {
        world.cluster.fault = undefined;
        world.cluster.put("pods", {
          ...limit,
          spec: { containers: [{ name: "web", image: "registry.example/mine:2" }] },
          metadata: { ...limit.metadata },
        });
      }
      return undefined;
    };
    await pass(4);
    expect(images()).toEqual(["registry.example/mine:2"]);
  });

  test("when the process no longer leads", async () => {
    const { world, pass, patches } = await healed({}, 0);
    world.cluster.fault = ({ kind }) =>
      kind === "leases" ? new ClusterError(0, "Unreachable", "no connection") : undefined;
    world.clock.advance(11_000);
    await pass(3);
    expect(patches()).toBe(0);
  });
});

test("a pause is read a few times for all pods that wait, and reported once", async () => {
  const pods = Array.from({ length: 60 }, (_, at) => ({ name: `web-${at}`, of: "web/1" }));
  const { world, reasons } = await healed({ pods, writes: { writes: "allowed", paused: "x" } }, 20);
  const reads = world.cluster.requests.filter(({ verb, name }) => verb === "get" && name === "repull-writes");
  // Twenty passes of a second each: one question in five seconds, and those that were under way at the same time.
  expect(reads.length).toBeLessThanOrEqual(5);
  expect(reasons()).toEqual(["WritesPaused Deployment/web"]);
});

describe("a missing image", () => {
  test("is replaced by a copy of ours when the running pods say which bytes were meant", async () => {
    const { images } = await healed({
      withAccount: true,
      holds: { [COPY]: NGINX },
      pods: [
        { name: "1", of: "web/1", runs: NGINX.digest },
        { name: "2", of: "web/1" },
      ],
      pulls: (host) => (host === "docker.io" ? "missing" : "runs"),
    });
    expect(images()).toEqual(["nginx:1.27", `${ECR}/repull/docker.io/library/nginx@${NGINX.digest}`]);
  });
});

describe("a storm", () => {
  const workloads = (count: number, each: number): SaidPod[] =>
    Array.from({ length: count * each }, (_, at) => ({ name: `p-${at}`, of: `web-${at % count}/1` }));

  test("costs one proof of an image, and leaves every pod as the same object", async () => {
    const { phases, world, outcomes } = await healed({ pods: workloads(40, 5) });
    expect(new Set(phases())).toEqual(new Set(["Running"]));
    expect([world.registries.heads.get("docker.io"), kinds(outcomes).length]).toEqual([1, 40]);
    expect(world.cluster.all("pods").map(({ metadata }) => metadata.uid)).toHaveLength(200);
  });

  test("stays within the quota of workloads an hour, across a restart, and goes on in the next", async () => {
    const { phases, pass, world, outcomes } = await healed({
      pods: workloads(5, 2),
      policy: { quotas: { remediationsPerHour: 3 } },
    });
    expect(phases().filter((phase) => phase === "Running")).toHaveLength(6);
    expect(kinds(outcomes).toSorted()).toEqual([
      "quota-exceeded",
      "quota-exceeded",
      "succeeded",
      "succeeded",
      "succeeded",
    ]);
    world.clock.advance(HOUR);
    await pass(6);
    expect(phases().filter((phase) => phase === "Running")).toHaveLength(10);
  });
});
