/** A cluster of many pods as clusters have them: some four thousand bytes each, of a tenth as many images, on nodes that run them. */

import type { ApiClient } from "../../test/support/kube/api-client.ts";

const PODS = "/api/v1/namespaces/shop/pods";
const AT_ONCE = 16;
const PODS_OF_A_WORKLOAD = 10;

/** @returns the bytes of all pods, as they are listed */
export async function fillCluster(api: ApiClient, count: number): Promise<number> {
  for (const name of ["shop", "repull"])
    await api.send("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  await api.send("POST", "/api/v1/namespaces/repull/configmaps", {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "repull-state" },
  });
  await api.send("POST", "/api/v1/nodes", {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "a", labels: { "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux" } },
  });
  let next = 0;
  let bytes = 0;
  const worker = async () => {
    while (next < count) {
      const at = next++;
      const created = await api.send("POST", PODS, podOf(at));
      if (created.status !== 201) throw new Error(JSON.stringify(created.body));
      const running = { ...created.body, status: statusOf(at) };
      const { body } = await api.send("PUT", `${PODS}/pod-${at}/status`, running);
      bytes += JSON.stringify(body).length;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return bytes;
}

function workloadOf(at: number) {
  const number = Math.floor(at / PODS_OF_A_WORKLOAD);
  return { number, image: `docker.io/shop/service-${number}:1.${number % 97}` };
}

function podOf(at: number): object {
  const { number, image } = workloadOf(at);
  const owner = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name: `service-${number}-5d4f8c7b9`,
    controller: true,
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `pod-${at}`,
      labels: { app: `service-${number}`, "pod-template-hash": "5d4f8c7b9", team: "shop" },
      annotations: { "example.com/config": "x".repeat(300), "prometheus.io/scrape": "true" },
      ownerReferences: [{ ...owner, uid: `00000000-0000-4000-8000-${String(number).padStart(12, "0")}` }],
    },
    spec: {
      nodeName: "a",
      containers: ["web", "proxy"].map((name) => ({
        name,
        image: name === "web" ? image : "docker.io/mesh/proxy:1.27",
        env: Array.from({ length: 8 }, (_, one) => ({ name: `VARIABLE_${one}`, value: `value-${one}` })),
        ports: [{ containerPort: name === "web" ? 8080 : 15001 }],
        resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
        livenessProbe: { httpGet: { path: "/healthz", port: 8080 }, periodSeconds: 10 },
        volumeMounts: [{ name: "config", mountPath: "/etc/config" }],
      })),
      volumes: [{ name: "config", configMap: { name: `service-${number}` } }],
    },
  };
}

function statusOf(at: number): object {
  const { number, image } = workloadOf(at);
  const digest = `sha256:${String(number).padStart(64, "0")}`;
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  return {
    phase: "Running",
    podIP: "10.0.0.1",
    startTime: now,
    conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({
      type,
      status: "True",
      lastTransitionTime: now,
    })),
    containerStatuses: ["web", "proxy"].map((name) => ({
      name,
      ready: true,
      restartCount: 0,
      started: true,
      image: name === "web" ? image : "docker.io/mesh/proxy:1.27",
      imageID: `${(name === "web" ? image : "docker.io/mesh/proxy").split(":")[0]}@${digest}`,
      containerID: `containerd://${digest.slice(7)}`,
      state: { running: { startedAt: now } },
    })),
  };
}
