/** The controller with the rights that the chart gives its account, inside the fence: what it heals, and what is refused. */

import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCluster } from "../../src/cluster/open-cluster.ts";
import { createController } from "../../src/controller/create-controller.ts";
import { runController } from "../../src/controller/run-controller.ts";
import type { Outcome } from "../../src/remediation/report/outcome.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Log } from "../../src/runtime/log.ts";
import { type ControlPlane, startControlPlane } from "../support/kube/control-plane.ts";
import { addNodes } from "../support/kube/nodes.ts";
import { imageNamed, registriesInMemory } from "../support/kubernetes/registries-in-memory.ts";
import { readPolicy } from "../support/policy.ts";

const CHART = join(import.meta.dirname, "../../infra/helm/repull");
const NGINX = imageNamed("nginx");
const REDIS = imageNamed("redis");
const REFUSED = /forbidden|denied|refused/i;

let plane: ControlPlane;
const outcomes: Outcome[] = [];
const complaints: string[] = [];
const stop = new AbortController();
let ended: Promise<void> | undefined;

beforeAll(async () => {
  plane = await startControlPlane({ controllers: true, kwok: true });
  await addNodes(plane, ["n1", "n2"]);
  for (const name of ["repull", "shop"]) await plane.kubectl(["create", "namespace", name]);
  await plane.helm([
    ...["install", "repull", CHART, "-n", "repull", "--set", "image.repository=registry.example/repull"],
    ...["--set", "mode=remediate,admission=policy,aws.enabled=false,allowedRegistries={public.ecr.aws}"],
  ]);
  await plane.kubectl(["scale", "-n", "repull", "deployment", "--all", "--replicas=0"]);
  const kubeconfig = await plane.accountKubeconfig("repull", "repull");
  const cluster = openCluster({ from: "kubeconfig", files: [kubeconfig] }, systemClock);
  const registries = registriesInMemory({
    "docker.io/library/nginx:1.27": NGINX,
    "public.ecr.aws/docker/library/nginx:1.27": NGINX,
    "docker.io/library/redis:7": REDIS,
    "quay.io/mirror/redis:7": REDIS,
  });
  const policy = readPolicy({
    imageMappings: [{ image: "redis:7", use: "quay.io/mirror/redis:7" }],
    kubernetes: { reachableRegistries: ["public.ecr.aws", "quay.io"] },
  });
  const complain = (message: string, ...fields: object[]) =>
    void complaints.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { debug() {}, info() {}, warn: complain, error: complain };
  const parts = createController(
    {
      cluster,
      log,
      clock: systemClock,
      environment: async () => ({ registries, clock: systemClock }),
      publish: async (outcome) => void outcomes.push(outcome),
    },
    {
      namespace: "repull",
      mode: "remediate" as const,
      identity: "one",
      policy: () => policy,
      allowedRegistries: ["public.ecr.aws"],
    },
    stop.signal,
  );
  // A controller that sees the template first has the image's place published before there are pods: none would wait.
  await plane.kubectl.apply(deployment("web", "nginx:1.27"));
  await until(async () => (await podsOf("web")).length === 2);
  ended = runController(parts, stop.signal).finally(() => cluster.close());
});
afterAll(async () => {
  stop.abort();
  await ended;
  await plane?.stop();
});

const deployment = (name: string, image: string) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace: "shop" },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "web", image }] } },
  },
});

type Pods = { items: { spec: { containers: { image: string }[] }; status: { phase: string } }[] };
const podsOf = async (app: string) => {
  const { items } = (await plane.kubectl.json(["get", "pods", "-n", "shop", "-l", `app=${app}`])) as Pods;
  return items.map(({ spec, status }) => `${spec.containers[0]?.image} ${status.phase}`);
};

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let left = 300; left > 0; left--) {
    if (await holds()) return;
    await delay(200);
  }
  throw new Error(`did not come to hold: ${holds}; complaints: ${complaints.slice(-5).join("\n")}`);
}

test("pods are healed with the chart's rights, and new ones of the same image are admitted with it", async () => {
  const use = `public.ecr.aws/docker/library/nginx@${NGINX.digest}`;
  await until(async () => {
    const pods = await podsOf("web");
    return pods.length === 2 && pods.every((pod) => pod === `${use} Running`);
  });
  await until(async () => JSON.stringify(await plane.kubectl.json(["get", "imageindexes"])).includes(use));
  expect(complaints.filter((text) => REFUSED.test(text))).toEqual([]);
});

test("the workload's owner sees in kubectl what was done, and no difference to what was applied", async () => {
  // The Event comes a moment after the outcome.
  await until(async () => {
    const { stdout } = await plane.kubectl(["describe", "deployment", "web", "-n", "shop"]);
    return stdout.includes("ImageReplaced");
  });
  const diff = await plane.kubectl(["diff", "-f", "-"], {
    stdin: JSON.stringify(deployment("web", "nginx:1.27")),
  });
  expect(diff.stdout).toBe("");
});

test("a place that the fence does not allow is never tried", async () => {
  await plane.kubectl.apply(deployment("cache", "redis:7"));
  await until(async () => outcomes.some(({ workload }) => workload?.name === "shop/Deployment/cache"));
  expect(
    outcomes
      .filter(({ workload }) => workload?.name === "shop/Deployment/cache")
      .map(({ outcome }) => outcome),
  ).toEqual(["no-substitute"]);
  expect(await podsOf("cache")).toEqual(["redis:7 Pending", "redis:7 Pending"]);
  expect(complaints.filter((text) => REFUSED.test(text))).toEqual([]);
});
