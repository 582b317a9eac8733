/**
 * Registries and AWS that are silent or gone, a leader and a webhook that are killed: no pod is refused, and what is proved already
 * is used. A real API server, and our commands in processes of their own.
 */

import { deepEqual, ok } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { IndexRow } from "../../src/kubernetes/image-index.ts";
import {
  type AdmissionWorld,
  podOf,
  rowOf,
  secondsFromNow,
  startAdmissionWorld,
  useOf,
} from "../support/kube/admission-world.ts";
import { type RunningProgram, startProgram } from "../support/kube/child-processes.ts";
import { addNodes } from "../support/kube/nodes.ts";
import { ofSeenPods } from "../support/kube/passed-unseen.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const PODS = "/api/v1/namespaces/default/pods";
const LEASE = "/apis/coordination.k8s.io/v1/namespaces/repull/leases/repull";
const PODS_AT_A_TIME = 40;
const SWAPPED = `201 ${useOf("nginx", "a")}`;
const AS_WRITTEN = ["201 nginx:1.27", "201 redis:8"];
const IDENTITY = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>A</UserId><Account>123456789012</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>`;

/** Says who asks, as AWS does once at the controller's start, and is silent to every other question. */
type Silent = { readonly url: string; readonly asked: () => number; readonly stop: () => Promise<void> };

async function startSilent(): Promise<Silent> {
  let asked = 0;
  const server: Server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => {
      body += String(part);
    });
    request.on("end", () => {
      if (body.includes("GetCallerIdentity")) response.end(IDENTITY);
      else asked += 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

describe.each([
  { way: "the policy", policy: true, webhook: false },
  { way: "the webhook", policy: false, webhook: true },
])("pods that meet $way", ({ policy, webhook }) => {
  let world: AdmissionWorld;
  let registry: Silent;
  let aws: Silent;
  let controllers: RunningProgram[] = [];
  let count = 0;

  beforeAll(async () => {
    world = await startAdmissionWorld({ policy, fence: true });
    await addNodes(world.plane, ["n1"]);
    for (const [name, data] of [
      ["repull-state", {}],
      ["repull-writes", { writes: "allowed" }],
    ] as const)
      await world.plane.kubectl.apply({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name, namespace: "repull" },
        data,
      });
    if (webhook) await world.startWebhook();
    // Its proof is old: the controller asks for it again, as it asks for an image without a row.
    const row = rowOf("nginx", "a", {
      askedAt: secondsFromNow(-5 * 3_600),
      goodUntil: secondsFromNow(3_600),
    });
    await world.writeIndex(new Map<string, IndexRow>([["nginx:1.27", row]]));
    [registry, aws] = await Promise.all([startSilent(), startSilent()]);
    const kubeconfig = world.plane.kubeconfig;
    const policyPath = join(world.plane.folder, "policy.json");
    await writeFile(policyPath, '{ "kubernetes": { "reachableRegistries": ["public.ecr.aws"] } }');
    const hosts = ["registry-1.docker.io", "auth.docker.io", "public.ecr.aws", "mirror.gcr.io"];
    controllers = ["one", "two"].map((name) =>
      startProgram({
        name,
        path: process.execPath,
        logPath: join(world.plane.folder, `controller-${name}.log`),
        args: [
          ...[MAIN, "kubernetes", "controller", "--kubeconfig", kubeconfig, "--mode", "remediate"],
          ...["--policy", policyPath, "--allowed-registries", "public.ecr.aws"],
        ],
        env: {
          AWS_ENDPOINT_URL: aws.url,
          AWS_REGION: "eu-central-1",
          AWS_ACCESS_KEY_ID: "A",
          AWS_SECRET_ACCESS_KEY: "a",
          REPULL_REGISTRY_ENDPOINTS: hosts.map((host) => `${host}=${registry.url}`).join(","),
        },
      }),
    );
  });
  afterAll(async () => {
    await Promise.all(controllers.map((one) => one.stop()));
    await Promise.all([registry?.stop(), aws?.stop()]);
    await world?.stop();
  });

  /** What each new pod was answered, and the image that it has: 40 pods, of an image with a row and of one without. */
  const answersToNewPods = async (): Promise<readonly string[]> => {
    const answers: Promise<string>[] = [];
    for (let made = 0; made < PODS_AT_A_TIME; made++) {
      const image = made % 2 === 0 ? "nginx:1.27" : "redis:8";
      const containers = [{ name: "web", image, imagePullPolicy: "IfNotPresent" }];
      answers.push(
        world.api
          .send("POST", PODS, podOf(`pod-${count++}`, { containers }))
          .then(({ status, body }) => `${status} ${body.spec?.containers[0].image ?? body.message}`),
      );
      await delay(20);
    }
    return [...new Set(await Promise.all(answers))].toSorted();
  };

  const areSwapped = async (): Promise<void> => {
    const run = async () => deepEqual(await answersToNewPods(), [SWAPPED, "201 redis:8"].toSorted());
    await (webhook ? ofSeenPods(world, run) : run());
  };

  /** The process that holds the Lease. */
  const leader = async (): Promise<RunningProgram | undefined> => {
    const { body } = await world.api.send("GET", LEASE);
    const pid = Number(/_(\d+)_\d+$/.exec(body.spec?.holderIdentity ?? "")?.[1]);
    return controllers.find((one) => one.pid === pid);
  };
  const until = async (holds: () => Promise<boolean>, seconds = 60): Promise<void> => {
    const ended = Promise.race(controllers.map((one) => one.ended));
    for (let left = seconds * 10; !(await Promise.race([holds(), ended])); left--) {
      ok(left > 0, `did not come to hold in ${seconds} s`);
      await delay(100);
    }
  };

  test("are admitted, and swapped by what is proved, while every registry and AWS are silent", async () => {
    await answersToNewPods();
    await until(async () => (await leader()) !== undefined && registry.asked() > 0 && aws.asked() > 0);
    await areSwapped();
  });

  test("are admitted, and swapped, while no registry and no AWS can be reached", async () => {
    await Promise.all([registry.stop(), aws.stop()]);
    await areSwapped();
  });

  test("are admitted, and swapped, after the leader was killed, and once the next one leads", async () => {
    const killed = await leader();
    ok(killed !== undefined);
    await killed.stop("SIGKILL");
    controllers = controllers.filter((one) => one !== killed);
    await areSwapped();
    await until(async () => (await leader()) !== undefined);
    await areSwapped();
  });

  test("are admitted, and swapped, when no controller is left", async () => {
    await Promise.all(controllers.splice(0).map((one) => one.stop("SIGKILL")));
    await areSwapped();
  });

  if (webhook)
    test("are admitted as they are written when the webhook is killed", async () => {
      await world.webhook().stop("SIGKILL");
      deepEqual(await answersToNewPods(), AS_WRITTEN);
    });
});
