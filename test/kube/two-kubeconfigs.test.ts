/**
 * Two controllers with two kubeconfigs over one cluster: that of the chart's account, inside the fence, and an administrator's,
 * as a person starts it by hand. Each pod is changed once, and the index is written by the account alone.
 */

import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openCluster } from "../../src/cluster/open-cluster.ts";
import { createController } from "../../src/controller/create-controller.ts";
import { runController } from "../../src/controller/run-controller.ts";
import type { Outcome } from "../../src/remediation/report/outcome.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { type ControlPlane, startControlPlane } from "../support/kube/control-plane.ts";
import { addNodes } from "../support/kube/nodes.ts";
import { imageNamed, registriesInMemory } from "../support/kubernetes/registries-in-memory.ts";
import { readPolicy } from "../support/policy.ts";

const CHART = join(import.meta.dirname, "../../infra/helm/repull");
const NAMES = ["nginx:1.27", "redis:7", "httpd:2"] as const;
const images = new Map(NAMES.map((name) => [name, imageNamed(name)] as const));
const useOf = (name: (typeof NAMES)[number]): string =>
  `public.ecr.aws/docker/library/${name.split(":")[0]}@${images.get(name)?.digest}`;

let plane: ControlPlane;
let accounts: string;
const running: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  plane = await startControlPlane({ controllers: true, kwok: true });
  await addNodes(plane, ["n1", "n2"]);
  for (const name of ["repull", "other", "shop"]) await plane.kubectl(["create", "namespace", name]);
  await plane.helm([
    ...["install", "repull", CHART, "-n", "repull", "--set", "image.repository=registry.example/repull"],
    ...["--set", "mode=remediate,admission=policy,aws.enabled=false,allowedRegistries={public.ecr.aws}"],
  ]);
  await plane.kubectl(["scale", "-n", "repull", "deployment", "--all", "--replicas=0"]);
  accounts = await plane.accountKubeconfig("repull", "repull");
});
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});
afterAll(() => plane?.stop());

function start(identity: string, kubeconfig: string, namespace = "repull") {
  const stop = new AbortController();
  const outcomes: Outcome[] = [];
  const cluster = openCluster({ from: "kubeconfig", files: [kubeconfig] }, systemClock);
  const registries = registriesInMemory(
    Object.fromEntries(
      [...images].flatMap(([name, image]) => [
        [`docker.io/library/${name}`, image],
        [`public.ecr.aws/docker/library/${name}`, image],
      ]),
    ),
  );
  const policy = readPolicy({ kubernetes: { reachableRegistries: ["public.ecr.aws"] } });
  const parts = createController(
    {
      cluster,
      log: silentLog,
      clock: systemClock,
      environment: async () => ({ registries, clock: systemClock }),
      publish: async (outcome) => void outcomes.push(outcome),
    },
    {
      namespace,
      mode: "remediate" as const,
      identity,
      policy: () => policy,
      allowedRegistries: ["public.ecr.aws"],
    },
    stop.signal,
  );
  const ended = runController(parts, stop.signal);
  const controller = {
    outcomes,
    isLeading: () => parts.leader.isLeading(),
    async stop() {
      stop.abort();
      await ended;
      cluster.close();
    },
  };
  running.push(controller);
  return controller;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let left = 300; left > 0; left--) {
    if (await holds()) return;
    await delay(200);
  }
  throw new Error(`did not come to hold: ${holds}`);
}

const deployment = (name: string, image: string) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace: "shop" },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "web", image }] } },
  },
});

type Pods = {
  items: {
    metadata: { generation: number };
    spec: { containers: { image: string }[] };
    status: { phase: string };
  }[];
};
/** Image, phase, and how often the API server has seen another spec. */
const podsOf = async (app: string): Promise<readonly string[]> => {
  const { items } = (await plane.kubectl.json(["get", "pods", "-n", "shop", "-l", `app=${app}`])) as Pods;
  return items.map(
    ({ metadata, spec, status }) => `${spec.containers[0]?.image} ${status.phase} ${metadata.generation}`,
  );
};
const healed = (image: (typeof NAMES)[number]) => Array(3).fill(`${useOf(image)} Running 2`);
const areHealed = (app: string, image: (typeof NAMES)[number]) => async () =>
  JSON.stringify(await podsOf(app)) === JSON.stringify(healed(image));
const indexed = async (): Promise<string> =>
  JSON.stringify(await plane.kubectl.json(["get", "imageindexes"]));
const kindsOf = (...those: readonly { readonly outcomes: readonly Outcome[] }[]) =>
  those.flatMap(({ outcomes }) => outcomes.map(({ outcome }) => outcome));

test("an administrator's controller that leads heals each pod once, and writes no index, which is the account's", async () => {
  const administrator = start("administrator", plane.kubeconfig);
  await until(async () => administrator.isLeading());
  const account = start("account", accounts);
  await plane.kubectl.apply(deployment("web", "nginx:1.27"));
  await until(areHealed("web", "nginx:1.27"));
  await until(async () => administrator.outcomes.length > 0);
  await delay(2_000);
  expect([kindsOf(administrator), kindsOf(account), account.isLeading()]).toEqual([["succeeded"], [], false]);
  expect(await indexed()).not.toContain(useOf("nginx:1.27"));
});

test("the account's controller takes the Lease when the administrator's ends, writes the index, and reports nothing twice", async () => {
  const administrator = start("administrator", plane.kubeconfig);
  await until(async () => administrator.isLeading());
  const account = start("account", accounts);
  await administrator.stop();
  await until(async () => account.isLeading());
  await until(async () => (await indexed()).includes(useOf("nginx:1.27")));
  await plane.kubectl.apply(deployment("cache", "redis:7"));
  await until(areHealed("cache", "redis:7"));
  await until(async () => account.outcomes.length > 0);
  expect([kindsOf(administrator), kindsOf(account)]).toEqual([[], ["succeeded"]]);
  expect(await podsOf("web")).toEqual(healed("nginx:1.27"));
  await plane.kubectl(["label", "-n", "shop", "deployment", "web", "repull.dev/mode=off"]);
  await until(async () => (await indexed()).includes('"shop/Deployment/web":"off"'));
  expect(await indexed()).toContain(useOf("redis:7"));
});

test("two that lead in two namespaces change each pod once, and report one execution", async () => {
  await plane.kubectl.apply({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "repull-writes", namespace: "other" },
    data: { writes: "allowed" },
  });
  const account = start("account", accounts);
  const administrator = start("administrator", plane.kubeconfig, "other");
  await until(async () => account.isLeading() && administrator.isLeading());
  await plane.kubectl.apply(deployment("proxy", "httpd:2"));
  await until(areHealed("proxy", "httpd:2"));
  await until(async () => kindsOf(account, administrator).length > 0);
  await delay(3_000);
  expect(await podsOf("proxy")).toEqual(healed("httpd:2"));
  expect(new Set(kindsOf(account, administrator))).toEqual(new Set(["succeeded"]));
  const executions = [account, administrator].flatMap(({ outcomes }) => outcomes).map((one) => one.execution);
  expect(new Set(executions).size).toBe(1);
});
