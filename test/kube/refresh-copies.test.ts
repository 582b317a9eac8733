/**
 * Copies that follow their tags, on a real API server: the controller's own process with the chart's arguments, as the chart's
 * account and with its rights, against a served AWS account and its registries.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RefreshStatus, refreshStatusSchema } from "../../src/controller/copies/refresh-status.ts";
import { ecrHost } from "../../src/image/ecr-hosts.ts";
import { freePorts } from "../support/free-ports.ts";
import { type ControlPlane, startControlPlane } from "../support/kube/control-plane.ts";
import { addNodes } from "../support/kube/nodes.ts";
import { untilRightsAreInForce } from "../support/kube/rights-in-force.ts";
import { type ServedAccount, serveAccount } from "../support/served-account.ts";

const ROOT = join(import.meta.dirname, "../..");
const CHART = join(ROOT, "infra/helm/repull");
const SECONDS = 90;
const REPOSITORY = "repull/docker.io/library/app";
const copied = (image: string) => ({ [`repull/${image}`]: { sameAs: image, copied: { daysAgo: 1 } } });

type Controller = { readonly child: ChildProcess; readonly log: () => string };

let plane: ControlPlane;
let served: ServedAccount;
const started: Controller[] = [];

beforeAll(async () => {
  served = await serveAccount(
    {
      registries: {
        "docker.io": { images: { "library/app:1": {}, "library/app:2": {}, "library/gone:1": {} } },
        ecr: { images: { ...copied("docker.io/library/app:1"), ...copied("docker.io/library/gone:1") } },
      },
    },
    "remediate",
  );
  plane = await startControlPlane({ controllers: true, kwok: true });
  await addNodes(plane, ["n1"]);
  for (const name of ["repull", "shop"]) await plane.kubectl(["create", "namespace", name]);
  const { account, region } = served.world.home;
  const ports = [...(served.env.REPULL_REGISTRY_ENDPOINTS ?? "").matchAll(/:([0-9]+)/g)].map(
    ([, port]) => port,
  );
  const loopback = ports.flatMap((port) => [`127.0.0.1:${port}`, `localhost:${port}`]);
  const values = {
    image: { repository: "registry.example/repull" },
    mode: "remediate",
    copies: "in-pod",
    admission: "policy",
    allowedRegistries: ["public.ecr.aws", ecrHost(account, region)],
    policy: {
      registries: { allowed: ["docker.io", "public.ecr.aws", ecrHost(account, region), ...loopback] },
    },
  };
  const file = join(plane.folder, "values.json");
  await writeFile(file, JSON.stringify(values));
  await plane.helm(["install", "repull", CHART, "-n", "repull", "--values", file]);
  await plane.kubectl(["scale", "-n", "repull", "deployment", "--all", "--replicas=0"]);
  await untilRightsAreInForce(plane.kubectl, "repull");
  await plane.kubectl.apply({ apiVersion: "v1", kind: "List", items: ["app", "gone"].map(deployment) });
  await until(
    async () => (await pods()).length === 4 && (await pods()).every(({ phase }) => phase === "Running"),
  );
}, 120_000);
afterAll(async () => {
  for (const { child } of started) child.kill("SIGKILL");
  await plane?.stop();
  await served?.close();
});

function deployment(name: string) {
  const labels = { app: name };
  const open = { "kubelet.test/docker-hub": "open" };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "shop" },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: open },
        spec: { containers: [{ name: "web", image: `${name}:1` }] },
      },
    },
  };
}

type Listed = { items: { metadata: { uid: string; resourceVersion: string }; status: { phase: string } }[] };
const pods = async () =>
  ((await plane.kubectl.json(["get", "pods", "-n", "shop"])) as Listed).items.map(({ metadata, status }) => ({
    uid: metadata.uid,
    version: metadata.resourceVersion,
    phase: status.phase,
  }));

async function start(): Promise<Controller> {
  const { spec } = await plane.kubectl.json(["get", "deployment", "repull", "-n", "repull"]);
  const { data } = await plane.kubectl.json(["get", "configmap", "repull-policy", "-n", "repull"]);
  const policy = join(plane.folder, "policy.json");
  await writeFile(policy, data["policy.json"]);
  const [port = 0] = await freePorts(1);
  const args = (spec.template.spec.containers[0].args as readonly string[]).map((arg) =>
    arg.replace(/^:9090$/, `127.0.0.1:${port}`).replace("/etc/repull/policy.json", policy),
  );
  const kubeconfig = await plane.accountKubeconfig("repull", "repull");
  const { REPULL_SANDBOX_CLOCK: _, ...env } = served.env as Record<string, string>;
  const child = spawn(
    process.execPath,
    [join(ROOT, "src/cli/main.ts"), ...args, "--kubeconfig", kubeconfig],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env.PATH ?? "", REPULL_MIRROR_PREFIX: "repull", ...env },
    },
  );
  const parts: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part: Buffer) => parts.push(part));
  const controller = { child, log: () => Buffer.concat(parts).toString() };
  started.push(controller);
  return controller;
}

async function until(holds: () => Promise<boolean>, log: () => string = () => ""): Promise<void> {
  for (let left = SECONDS * 5; left > 0; left--) {
    if (await holds().catch(() => false)) return;
    await delay(200);
  }
  throw new Error(`did not come to hold in ${SECONDS} s: ${holds}\n${log()}`);
}

async function status(): Promise<RefreshStatus | undefined> {
  const { data } = await plane.kubectl.json(["get", "configmap", "repull-copies", "-n", "repull"]);
  return data?.status === undefined ? undefined : refreshStatusSchema.parse(JSON.parse(data.status));
}
const events = async (reason: string): Promise<readonly string[]> => {
  const listed = ["get", "events", "-n", "shop", "--field-selector", `reason=${reason}`];
  const { items } = (await plane.kubectl.json(listed)) as {
    items: { involvedObject: { kind: string; name: string } }[];
  };
  return items.map(({ involvedObject: { kind, name } }) => `${kind}/${name}`);
};
const leader = async () =>
  (await plane.kubectl.json(["get", "lease", "repull", "-n", "repull"])).spec.holderIdentity as string;
const heads = () => served.world.registries.dockerHub.requests()["manifest-head"] ?? 0;
const copies = () =>
  Object.keys(served.world.registries.ecr.tags(REPOSITORY)).filter((tag) => /^1-[0-9a-f]{12}$/.test(tag));

test("a moved tag is copied next to the old copy and a lost source is reported; no pod changes, nothing is forbidden", async () => {
  const { dockerHub } = served.world.registries;
  const moved = dockerHub.manifest("library/app", "2");
  if (moved === undefined) throw new Error("no library/app:2");
  dockerHub.putManifest("library/app", moved.bytes, moved.mediaType, "1");
  dockerHub.putManifest("library/gone", Buffer.from("{}"), "application/json", "1");
  const before = await pods();
  const { log } = await start();
  await until(async () => (await status())?.moved[0]?.isCopied === true, log);
  const found = await status();
  expect(found).toMatchObject({
    tags: { moved: 1 },
    moved: [{ source: "docker.io/library/app:1" }],
    lost: [{ source: "docker.io/library/gone:1" }],
  });
  expect(copies()).toHaveLength(2);
  await until(async () => (await events("ImageSourceLost")).length > 0, log);
  expect([await events("ImageTagMoved"), await events("ImageSourceLost")]).toEqual([
    ["Deployment/app"],
    ["Deployment/gone"],
  ]);
  expect(await pods()).toEqual(before);
  expect(log()).not.toMatch(/[Ff]orbidden/);
});

test("a process that leads after one that was killed asks and reports nothing again", async () => {
  const [first] = started;
  const [asked, held, made] = [heads(), await leader(), copies()];
  first?.child.kill("SIGKILL");
  const { log } = await start();
  await until(async () => ![held, ""].includes(await leader()), log);
  // Its first look comes at once when it leads.
  await delay(5_000);
  expect([heads(), copies(), await events("ImageTagMoved"), await events("ImageSourceLost")]).toEqual([
    ...[asked, made],
    ...[["Deployment/app"], ["Deployment/gone"]],
  ]);
  expect(log()).not.toMatch(/[Ff]orbidden/);
});
