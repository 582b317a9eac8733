/** What may be changed of a pod that is there, and what becomes of the workloads whose pods are changed: the ground of healing. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClusterPort } from "../../../src/cluster/cluster-port.ts";
import { openCluster } from "../../../src/cluster/open-cluster.ts";
import type { JsonPatch } from "../../../src/kubernetes/objects/json-patch.ts";
import type { Pod } from "../../../src/kubernetes/objects/objects.ts";
import { podFacts } from "../../../src/kubernetes/workloads/pod-facts.ts";
import { testimonyOfCluster } from "../../../src/kubernetes/workloads/trusted-by-pods.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { type ControlPlane, startControlPlane } from "../../support/kube/control-plane.ts";
import { addNodes } from "../../support/kube/nodes.ts";

const open = (file: string) => openCluster({ from: "kubeconfig", files: [file] }, systemClock);
const DIGEST = `public.ecr.aws/docker/library/nginx@sha256:${"a".repeat(64)}`;

let plane: ControlPlane;
let cluster: ClusterPort;
beforeAll(async () => {
  plane = await startControlPlane({ controllers: true, kwok: true });
  cluster = open(plane.kubeconfig);
  await addNodes(plane, ["node-1", "node-2"]);
  for (const name of ["patches", "stuck", "rights"]) await plane.kubectl(["create", "namespace", name]);
  await Promise.all(
    ["patches", "stuck", "rights"].map((name) =>
      plane.kubectl(["wait", "--for=create", "serviceaccount/default", "-n", name, "--timeout=60s"]),
    ),
  );
});
afterAll(async () => {
  cluster?.close();
  await plane?.stop();
});

describe("of a pod that waits for its image", () => {
  let count = 0;
  const made = async (): Promise<string> => {
    const name = `waits-${++count}`;
    const spec = {
      containers: [{ name: "web", image: "nginx:1.27" }],
      initContainers: [{ name: "init", image: "busybox:1" }],
      volumes: [{ name: "data", image: { reference: "redis:7" } }],
    };
    const metadata = { name, namespace: "patches", labels: { app: "web" } };
    await cluster.create("pods", { apiVersion: "v1", kind: "Pod", metadata, spec } as Pod);
    return name;
  };

  // biome-ignore format: a table is read by its columns
  const table = [
    ["a container's image may be changed",              "may",     [{ op: "replace", path: "/spec/containers/0/image", value: DIGEST }]],
    ["an init container's image may be changed",        "may",     [{ op: "replace", path: "/spec/initContainers/0/image", value: DIGEST }]],
    ["an annotation may be added",                      "may",     [{ op: "add", path: "/metadata/annotations", value: { "image.repull.dev/web": "x" } }]],
    ["an image volume's reference may not be changed",  "may not", [{ op: "replace", path: "/spec/volumes/0/image/reference", value: DIGEST }]],
    ["a pull policy may not be changed",                "may not", [{ op: "replace", path: "/spec/containers/0/imagePullPolicy", value: "Never" }]],
    ["pull secrets may not be added",                   "may not", [{ op: "add", path: "/spec/imagePullSecrets", value: [{ name: "a" }] }]],
    ["a command may not be added",                      "may not", [{ op: "add", path: "/spec/containers/0/command", value: ["sh"] }]],
    ["a container may not be added",                    "may not", [{ op: "add", path: "/spec/containers/-", value: { name: "b", image: DIGEST } }]],
  ] as const satisfies readonly (readonly [string, string, JsonPatch])[];
  for (const [what, verdict, patch] of table)
    test(what, async () => {
      const patched = cluster.patch("pods", { namespace: "patches", name: await made() }, patch);
      if (verdict === "may") await patched;
      else await expect(patched).rejects.toMatchObject({ status: 422, reason: "Invalid" });
    });
});

test("a pod that ran an old digest and then got a tag, by its namespace's editor, says nothing of the tag's bytes", async () => {
  const [namespace, name] = ["patches", "forged"];
  await plane.kubectl(["create", "serviceaccount", "editor", "-n", namespace]);
  const account = `--serviceaccount=${namespace}:editor`;
  await plane.kubectl(["create", "rolebinding", "editor", "-n", namespace, "--clusterrole=edit", account]);
  const editor = open(await plane.accountKubeconfig(namespace, "editor"));
  const digest = `sha256:${"0".repeat(64)}`;
  // No node of the test's reports another status meanwhile.
  const spec = {
    schedulerName: "none",
    containers: [{ name: "web", image: `nginx@${digest}`, imagePullPolicy: "Never" }],
  };
  await editor.create("pods", { apiVersion: "v1", kind: "Pod", metadata: { namespace, name }, spec });
  const status = {
    name: "web",
    image: `docker.io/library/nginx@${digest}`,
    imageID: `docker.io/library/nginx@${digest}`,
    ready: false,
    restartCount: 0,
    lastState: { terminated: { exitCode: 137, reason: "Error" } },
    state: { waiting: { reason: "ErrImageNeverPull", message: "not present with pull policy of Never" } },
  };
  const change = { op: "replace", path: "/spec/containers/0/image", value: "nginx:1.29" } as const;
  await editor.patch("pods", { namespace, name }, [change]);
  const patch = JSON.stringify({ status: { containerStatuses: [status] } });
  await plane.kubectl([
    ...["patch", "pod", name, "-n", namespace, "--subresource=status", "--type=strategic", "-p", patch],
  ]);
  const facts = podFacts(await cluster.get("pods", { namespace, name }));
  expect(facts?.containers[0]).toMatchObject({ written: "nginx:1.29", hasStarted: true });
  expect(testimonyOfCluster([facts === undefined ? [] : [facts]], "nginx:1.29").testimony.kind).toBe("none");
  editor.close();
});

describe("stuck pods of every kind of workload, after a patch of their image in place", () => {
  const template = (app: string, more = {}) => ({
    metadata: { labels: { app } },
    spec: { containers: [{ name: "web", image: "nginx:1.27" }], ...more },
  });
  const workload = (apiVersion: string, kind: string, name: string, spec: object) => ({
    apiVersion,
    kind,
    metadata: { name, namespace: "stuck" },
    spec,
  });
  const selector = (app: string) => ({ selector: { matchLabels: { app } } });
  const WORKLOADS = [
    workload("apps/v1", "Deployment", "deploy", {
      replicas: 2,
      ...selector("deploy"),
      template: template("deploy"),
    }),
    workload("apps/v1", "StatefulSet", "stateful", {
      replicas: 1,
      serviceName: "x",
      ...selector("stateful"),
      template: template("stateful"),
    }),
    workload("apps/v1", "DaemonSet", "daemon", { ...selector("daemon"), template: template("daemon") }),
    workload("batch/v1", "Job", "job", { template: template("job", { restartPolicy: "Never" }) }),
    workload("v1", "Pod", "bare", template("bare").spec),
  ];
  const STUCK = 2 + 1 + 2 + 1 + 1;
  let before: readonly Pod[] = [];
  let after: readonly Pod[] = [];

  /** Follows the namespace's pods until so many are as they should be. */
  const untilPods = async (isSo: (pod: Pod) => boolean): Promise<readonly Pod[]> => {
    const stop = new AbortController();
    const pods = new Map<string, Pod>();
    const selection = { namespace: "stuck" };
    for await (const change of cluster.follow("pods", selection, (pod) => pod, stop.signal)) {
      if (change.type === "listed") for (const one of change.objects) pods.set(one.metadata.uid ?? "", one);
      else if (change.type === "set") pods.set(change.object.metadata.uid ?? "", change.object);
      else if (change.type === "deleted") pods.delete(change.object.metadata.uid ?? "");
      if ([...pods.values()].filter(isSo).length === STUCK) stop.abort();
    }
    return [...pods.values()];
  };

  beforeAll(async () => {
    await plane.kubectl.apply({ apiVersion: "v1", kind: "List", items: WORKLOADS });
    before = await untilPods(
      ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === "ImagePullBackOff",
    );
    for (const { metadata } of before)
      await cluster.patch("pods", { namespace: "stuck", name: metadata.name ?? "" }, [
        { op: "test", path: "/spec/containers/0/image", value: "nginx:1.27" },
        { op: "replace", path: "/spec/containers/0/image", value: DIGEST },
      ]);
    after = await untilPods(({ status }) => /^(Running|Succeeded)$/.test(status?.phase ?? ""));
  });

  test("run, and are the same pods", () => {
    const uids = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.uid).sort();
    expect(before).toHaveLength(STUCK);
    expect(uids(after)).toEqual(uids(before));
    for (const { status } of after)
      expect(status?.containerStatuses?.[0]).toMatchObject({ imageID: DIGEST, restartCount: 0 });
  });

  test("leave the rollouts complete", async () => {
    for (const name of ["deployment/deploy", "statefulset/stateful", "daemonset/daemon"])
      await plane.kubectl(["rollout", "status", name, "-n", "stuck", "--timeout=60s"]);
    await plane.kubectl(["wait", "--for=condition=Complete", "job/job", "-n", "stuck", "--timeout=60s"]);
  });

  test("leave the workloads as they were written, with one ReplicaSet", async () => {
    for (const kind of ["deployments", "statefulsets", "daemonsets", "jobs"] as const)
      for (const { metadata, spec } of await cluster.list(kind, { namespace: "stuck" })) {
        expect(metadata.generation).toBe(1);
        expect(spec?.template?.spec?.containers[0]?.image).toBe("nginx:1.27");
      }
    expect(await cluster.list("replicasets", { namespace: "stuck" })).toHaveLength(1);
  });

  test("show no difference to what is in git, but for a bare pod", async () => {
    for (const one of WORKLOADS) {
      const { status } = await plane.kubectl(["diff", "-f", "-"], {
        stdin: JSON.stringify(one),
        mayFail: true,
      });
      expect([one.kind, status]).toEqual([one.kind, one.kind === "Pod" ? 1 : 0]);
    }
  });
});

describe("an account that may get, list, watch and patch pods", () => {
  let ours: ClusterPort;
  beforeAll(async () => {
    await plane.kubectl(["create", "serviceaccount", "healer", "-n", "rights"]);
    const verbs = "--verb=get,list,watch,patch";
    await plane.kubectl(["create", "clusterrole", "healer", verbs, "--resource=pods"]);
    const account = "--serviceaccount=rights:healer";
    await plane.kubectl(["create", "clusterrolebinding", "healer", "--clusterrole=healer", account]);
    ours = open(await plane.accountKubeconfig("rights", "healer"));
    await cluster.create("pods", {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web", namespace: "rights" },
      spec: { containers: [{ name: "web", image: "nginx:1.27" }] },
    });
  });
  afterAll(() => ours?.close());

  test("can heal a pod", async () => {
    const [found] = await ours.list("pods", { namespace: "rights" });
    const name = { namespace: "rights", name: found?.metadata.name ?? "" };
    const patched = await ours.patch("pods", name, [
      { op: "replace", path: "/spec/containers/0/image", value: DIGEST },
    ]);
    expect(patched.spec.containers[0]?.image).toBe(DIGEST);
  });

  // biome-ignore format: a table is read by its columns
  const table = [
    ["read a secret",       () => ours.get("secrets", { namespace: "rights", name: "a" })],
    ["list secrets",        () => ours.list("secrets")],
    ["delete a pod",        () => ours.delete("pods", { namespace: "rights", name: "web" })],
    ["create a pod",        () => ours.create("pods", { apiVersion: "v1", kind: "Pod", metadata: { name: "b", namespace: "rights" }, spec: { containers: [{ name: "b", image: "b" }] } })],
    ["read a deployment",   () => ours.list("deployments")],
    ["read a node",         () => ours.list("nodes")],
  ] as const;
  for (const [what, ask] of table)
    test(`cannot ${what}`, async () => {
      await expect(ask()).rejects.toMatchObject({ status: 403, reason: "Forbidden" });
    });
});
