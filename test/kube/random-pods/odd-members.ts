/** What pods may have besides images: members that change what the API server, a kubelet or a controller does with them. */

import type { Random } from "../../../src/sandbox/random.ts";

const NAME_253 = `${"a".repeat(61)}.`.repeat(4);
const PORTS = [{ containerPort: 8080 }, { containerPort: 8080, protocol: "UDP", name: "udp" }];
export const CPU = { requests: { cpu: "100m" } };

/** Members of the spec. */
export function specMembers(random: Random): object {
  return some<object>(random, 4, [
    { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" },
    { hostPID: true, hostIPC: true },
    { hostUsers: false },
    { os: { name: "windows" } },
    { os: { name: "linux" }, securityContext: { runAsNonRoot: true, runAsUser: 1000 } },
    { resources: { requests: { cpu: "8", memory: "8Gi" } } },
    { resources: { requests: { cpu: "8" }, limits: { cpu: "9" } } },
    { schedulingGates: [{ name: "example.com/gate" }] },
    { nodeName: "n1" },
    { nodeSelector: { "kubernetes.io/os": "linux" }, tolerations: [{ operator: "Exists" }] },
    { restartPolicy: "Never", activeDeadlineSeconds: 3600 },
    { restartPolicy: "OnFailure", shareProcessNamespace: true },
    { initContainers: null, volumes: null },
    { ephemeralContainers: [] },
    { hostAliases: [{ ip: "::1", hostnames: ["a.example"] }], subdomain: "sub", hostname: "host" },
    { topologySpreadConstraints: [], overhead: null, enableServiceLinks: false },
  ]);
}

/** Members of a container. */
export function containerMembers(random: Random): object {
  return some<object>(random, 3, [
    { resources: CPU },
    { resources: CPU, resizePolicy: [{ resourceName: "cpu", restartPolicy: "RestartContainer" }] },
    { ports: PORTS },
    { command: ["/bin/sh", "-c"], args: ["echo 'nginx:1.27' \"$(IMAGE)\""] },
    {
      env: [
        { name: "IMAGE", value: "nginx:1.27" },
        { name: "image.repull.dev/a", value: "ünï 🚀" },
      ],
    },
    { securityContext: { privileged: true } },
    { startupProbe: { exec: { command: ["true"] } }, terminationMessagePath: "/dev/end" },
    { env: null, ports: [], volumeMounts: null },
  ]);
}

/** Members of the metadata; the name among them, or what the API server makes it of. */
export function metadataMembers(random: Random, number: number): object {
  const name = random.pick<object>([
    { name: `life-${number}` },
    { name: `life-${number}` },
    { generateName: `life-${number}-` },
    { generateName: `life-${number}-${NAME_253}`.slice(0, 253) },
    { name: `life-${number}.${NAME_253}`.slice(0, 250).replace(/[^a-z0-9]+$/, "") },
  ]);
  return {
    ...name,
    ...some<object>(random, 8, [{ finalizers: ["example.com/last"] }, { annotations: null }]),
  };
}

/** Which caller makes it: `apply` on the server's side, under a manager's name, or in the name of a part of the cluster. */
export type Maker = { readonly by: "post" | "apply"; readonly user?: string };

export function makerOf(random: Random): Maker {
  return random.pick<Maker>([
    { by: "post" },
    { by: "post" },
    { by: "apply" },
    { by: "post", user: "system:node:n1" },
    { by: "post", user: "system:serviceaccount:kube-system:replicaset-controller" },
  ]);
}

/** Each with one chance in so many. */
function some<T extends object>(random: Random, oneIn: number, all: readonly T[]): object {
  if (random.integer(1, 2) === 1) return {};
  const chosen = all.filter(() => random.integer(1, oneIn * 3) === 1);
  return Object.assign({}, ...chosen);
}
