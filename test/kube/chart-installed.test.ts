/**
 * What the chart installs, run: the commands with the arguments of its pods, as its accounts, with its rights and no others.
 *
 * The pods themselves would need a kubelet; their processes do not.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePorts } from "../support/free-ports.ts";
import { type ControlPlane, startControlPlane } from "../support/kube/control-plane.ts";

const ROOT = join(import.meta.dirname, "../..");
const CHART = join(ROOT, "infra/helm/repull");
const SECONDS = 60;

let plane: ControlPlane;
let controller: Started;
let webhook: Started;

type Started = { readonly process: ChildProcess; readonly log: () => string; readonly metrics: number };

beforeAll(async () => {
  plane = await startControlPlane({ controllers: true });
  await plane.kubectl(["create", "namespace", "repull"]);
  const values = ["--values", join(CHART, "ci/webhook-values.yaml"), "--set", "webhook.hostNetwork=false"];
  await plane.helm(["install", "repull", CHART, "-n", "repull", ...values]);
  // The image of the pods is nowhere, and nothing outside is asked for it.
  await plane.kubectl(["scale", "-n", "repull", "deployment", "--all", "--replicas=0"]);
  const [controllerPort = 0, webhookPort = 0, listenPort = 0] = await freePorts(3);
  controller = await start("repull", "repull", [
    [/^:9090$/, `127.0.0.1:${controllerPort}`],
    [/^\/etc\/repull\/policy.json$/, join(plane.folder, "policy.json")],
  ]);
  webhook = await start("repull-webhook", "repull-webhook", [
    [/^:9091$/, `127.0.0.1:${webhookPort}`],
    [/^:9443$/, `127.0.0.1:${listenPort}`],
    [/^\/etc\/repull\/tls\//, join(plane.folder, "/")],
  ]);
});
afterAll(async () => {
  controller?.process.kill("SIGKILL");
  webhook?.process.kill("SIGKILL");
  await plane?.stop();
});

/** @param replacements what the pod has from its volumes and ports, this machine has elsewhere */
async function start(
  deployment: string,
  account: string,
  replacements: readonly (readonly [RegExp, string])[],
): Promise<Started> {
  const { spec } = await plane.kubectl.json(["get", "deployment", deployment, "-n", "repull"]);
  const { data } = await plane.kubectl.json(["get", "configmap", "repull-policy", "-n", "repull"]);
  await writeFile(join(plane.folder, "policy.json"), data["policy.json"]);
  const [container] = spec.template.spec.containers;
  const args = (container.args as readonly string[]).map((arg) =>
    replacements.reduce((text, [from, to]) => text.replace(from, to), arg),
  );
  const kubeconfig = await plane.accountKubeconfig("repull", account);
  const main = join(ROOT, "src/cli/main.ts");
  const child = spawn(process.execPath, [main, ...args, "--kubeconfig", kubeconfig], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH ?? "" },
  });
  const parts: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => parts.push(part));
  const metrics = Number(/:(\d+)$/.exec(args[args.indexOf("--metrics") + 1] ?? "")?.[1]);
  return { process: child, log: () => Buffer.concat(parts).toString(), metrics };
}

async function until(holds: () => Promise<boolean>, log: () => string): Promise<void> {
  for (let left = SECONDS * 5; left > 0; left--) {
    if (await holds().catch(() => false)) return;
    await delay(200);
  }
  throw new Error(`did not come to hold in ${SECONDS} s:\n${log()}`);
}

const isReady = async ({ metrics }: Started) => (await fetch(`http://127.0.0.1:${metrics}/readyz`)).ok;
const get = (...what: readonly string[]) => plane.kubectl.json(["get", ...what, "-n", "repull"]);

test("the controller leads, reads all that it needs, and writes its status", async () => {
  await until(() => isReady(controller), controller.log);
  await until(async () => (await get("lease", "repull")).spec.holderIdentity !== undefined, controller.log);
  await until(
    async () => (await get("configmap", "repull-state")).data?.status !== undefined,
    controller.log,
  );
});

test("the webhook becomes ready with the certificate that the controller makes", async () => {
  await until(
    async () => (await get("secret", "repull-tls")).data?.["tls.crt"] !== undefined,
    controller.log,
  );
  const { data } = await get("secret", "repull-tls");
  for (const name of ["tls.crt", "tls.key"])
    await writeFile(join(plane.folder, name), Buffer.from(data[name], "base64"));
  await until(() => isReady(webhook), webhook.log);
});

test("the webhook and the controller are refused nothing that they ask for", async () => {
  // A pass of each duty: rows, certificates, status.
  await delay(3_000);
  expect(`${controller.log()}${webhook.log()}`).not.toMatch(/[Ff]orbidden/);
});
