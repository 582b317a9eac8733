/** The nodes: their platforms, what they are seen to pull, and the network between the control plane and them. */

import { listReduced } from "../../../cluster/list-reduced.ts";
import { tryParseReference } from "../../../image/reference.ts";
import { WEBHOOK } from "../../../kubernetes/chart/names.ts";
import { type Check, failed, listed, passed, skipped } from "../check.ts";
import { type ClusterUnderTest, part, unreadPart } from "./cluster-under-test.ts";

export async function nodeChecks(
  tested: ClusterUnderTest,
  isWayInProved: boolean,
): Promise<readonly Check[]> {
  return [await platformCheck(tested), await pullCheck(tested), await networkCheck(tested, isWayInProved)];
}

/** A swapped image has to run on every node that the pod may be given to. */
async function platformCheck({ cluster, rows }: ClusterUnderTest): Promise<Check> {
  const check = "platforms";
  const found = await part(() =>
    listReduced(cluster, "nodes", ({ status }) => {
      const { operatingSystem = "linux", architecture = "unknown" } = status?.nodeInfo ?? {};
      return `${operatingSystem}/${architecture}`;
    }),
  );
  if (found.kind === "unread") return unreadPart(check, found);
  const platforms = [...new Set(found.value)].toSorted();
  if (platforms.length === 0) return skipped(check, "there is no node");
  const words = `the nodes are ${listed(platforms)}`;
  if (rows.kind === "unread") return passed(check, words);
  const short = [...rows.value].filter(
    ([, row]) =>
      row.use !== undefined && !platforms.every((one) => row.platforms.some((has) => isFor(has, one))),
  );
  if (short.length === 0) return passed(check, words);
  const images = listed(short.map(([image]) => image));
  return failed(
    check,
    `${words}, and not all of them can run what was proved for ${images}`,
    "a node of a new platform came after the proof: the controller proves again at its next pass",
  );
}

/** A row may name a variant (`linux/arm64/v8`) that a node does not report. */
function isFor(platform: string, node: string): boolean {
  return platform === node || platform.startsWith(`${node}/`);
}

/** Whether nodes are seen to run images of the registries that the index names. */
async function pullCheck({ cluster, rows }: ClusterUnderTest): Promise<Check> {
  const check = "node rights";
  if (rows.kind === "unread") return unreadPart(check, rows);
  const unproved = [...rows.value].filter(([, { codes }]) => codes?.includes("nodes-unproved") === true);
  if (unproved.length > 0)
    return skipped(
      check,
      `no node is seen to pull from the places of ${listed(unproved.map(([image]) => image))}`,
      "name them in the policy document's kubernetes.reachableRegistries, or the nodes' roles in kubernetes.nodeRoles",
    );
  const hosts = new Set([...rows.value.values()].flatMap(({ use }) => hostOf(use)));
  if (hosts.size === 0) return skipped(check, "the index names no registry");
  const found = await part(() =>
    listReduced(cluster, "pods", ({ status }) =>
      [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].flatMap(
        ({ imageID }) => hostOf(imageID),
      ),
    ),
  );
  if (found.kind === "unread") return unreadPart(check, found);
  const seen = new Set(found.value.flat());
  const unseen = [...hosts].filter((host) => !seen.has(host));
  if (unseen.length === 0) return passed(check, `nodes run images of ${listed([...hosts])}`);
  return skipped(
    check,
    `no pod runs an image of ${listed(unseen)} yet`,
    "give the nodes' role AmazonEC2ContainerRegistryPullOnly, where that is a private ECR",
  );
}

/** `imageID` may have a scheme in front of it (`docker-pullable://`). */
function hostOf(image: string | undefined): readonly string[] {
  const host = tryParseReference((image ?? "").replace(/^[a-z-]+:\/\//, ""))?.host;
  return host === undefined ? [] : [host];
}

/** DaemonSets of networks whose pods have addresses that only nodes know. */
const OVERLAYS = [
  { daemonSet: "cilium", name: "Cilium" },
  { daemonSet: "calico-node", name: "Calico" },
  { daemonSet: "kube-flannel-ds", name: "Flannel" },
  { daemonSet: "weave-net", name: "Weave Net" },
] as const;
/** Amazon's network gives pods addresses of the VPC, with or without one of those in addition. */
const VPC_NETWORK = "aws-node";
const CONTROL_PLANE = "node-role.kubernetes.io/control-plane";

/**
 * A managed control plane is not a part of an overlay, so that a webhook in a pod cannot be asked.
 * https://cert-manager.io/docs/concepts/webhook/ (read 2026-11)
 */
async function networkCheck(
  { cluster, namespace, webhook }: ClusterUnderTest,
  isWayInProved: boolean,
): Promise<Check> {
  const check = "network";
  if (webhook.kind === "unread") return unreadPart(check, webhook);
  if (webhook.value === undefined) return passed(check, "without a webhook the control plane asks no pod");
  if (isWayInProved) return passed(check, "the control plane reaches the webhook");
  const found = await part(async () => ({
    names: await listReduced(cluster, "daemonsets", ({ metadata }) => metadata.name ?? ""),
    controlPlanes: (await listReduced(cluster, "nodes", ({ metadata }) => metadata.labels ?? {})).filter(
      (labels) => labels[CONTROL_PLANE] !== undefined,
    ).length,
    server: await cluster.get("deployments", { namespace, name: WEBHOOK }),
  }));
  if (found.kind === "unread") return unreadPart(check, found);
  const { names, controlPlanes, server } = found.value;
  const overlay = OVERLAYS.find(({ daemonSet }) => names.includes(daemonSet));
  const isOnHost = server?.spec?.template?.spec?.hostNetwork === true;
  if (overlay === undefined || names.includes(VPC_NETWORK) || controlPlanes > 0 || isOnHost)
    return skipped(check, "the way in is not proved, and nothing is known against it");
  return failed(
    check,
    `${overlay.name} may be an overlay that the control plane is not a part of: it cannot ask a webhook there`,
    "install the chart with webhook.hostNetwork: true, or with admission: policy on Kubernetes 1.36",
  );
}
