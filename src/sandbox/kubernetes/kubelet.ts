/**
 * The kubelets of a sandbox cluster: they pull the images of pods from the world's registries, with those registries' quotas and
 * the nodes' own rights, and report what becomes of it as real ones do.
 *
 * Each pair of pod and image has a back-off of its own, from ten seconds to five minutes: an image that is changed is tried at
 * once. A container that runs is never looked at again. (k8s.io/kubernetes pkg/kubelet/images/image_manager.go, read 2026-11)
 */

import { canonicalName, type ImageReference, pinToDigest, tryParseReference } from "../../image/reference.ts";
import type { ContainerStatus, Pod } from "../../kubernetes/objects/objects.ts";
import type { Send } from "../../oci/http/transport.ts";
import type { Clock } from "../../runtime/clock.ts";
import { type PullCredentials, pullImage } from "../ecs/tasks/image-pull.ts";
import { backOff, errImagePull } from "./pull-messages.ts";
import type { SandboxCluster } from "./sandbox-cluster.ts";

export type KubeletParts = {
  readonly cluster: SandboxCluster;
  readonly clock: Clock;
  /** From the nodes' address: what anonymous pulls are counted by. */
  readonly send: Send;
  /** What a node shows to a registry; undefined: it pulls anonymously. */
  readonly credentialsFor: (node: string, reference: ImageReference) => PullCredentials | undefined;
  /** Gets each container that starts, with the digest that it runs. */
  readonly onStart?: (pod: Pod, container: string, digest: string) => void;
};

type Trial = { failures: number; nextAt: number; cause: string };

const EVERY_MS = 1_000;
const FIRST_MS = 10_000;
const MOST_MS = 300_000;
const NODE_PLATFORM = { os: "linux", architecture: "amd64" };

/** Runs until the signal aborts: as a process of the world's clock. */
export async function runKubelets(parts: KubeletParts, signal: AbortSignal): Promise<void> {
  const { cluster, clock } = parts;
  const trials = new Map<string, Trial>();
  while (!signal.aborted) {
    for (const pod of cluster.all("pods")) await sync(pod, trials, parts);
    await clock.sleep(EVERY_MS, signal).catch(() => {});
  }
}

async function sync(pod: Pod, trials: Map<string, Trial>, parts: KubeletParts): Promise<void> {
  if (pod.spec.nodeName === undefined || pod.metadata.deletionTimestamp !== undefined) return;
  const before = new Map(pod.status?.containerStatuses?.map((status) => [status.name, status]));
  const statuses: ContainerStatus[] = [];
  for (const { name, image = "" } of pod.spec.containers) {
    const known = before.get(name);
    const isRunning = known?.state?.running !== undefined;
    statuses.push(isRunning ? known : await start(pod, name, image, trials, parts));
  }
  tell(pod, statuses, parts);
}

async function start(
  pod: Pod,
  name: string,
  image: string,
  trials: Map<string, Trial>,
  { clock, send, credentialsFor, onStart }: KubeletParts,
): Promise<ContainerStatus> {
  const waiting = (reason: string, message: string): ContainerStatus => ({
    name,
    image,
    imageID: "",
    state: { waiting: { reason, message } },
  });
  const reference = tryParseReference(image);
  if (reference === undefined) return waiting("InvalidImageName", `couldn't parse image name "${image}"`);
  const key = `${pod.metadata.uid} ${name} ${image}`;
  const trial = trials.get(key) ?? { failures: 0, nextAt: 0, cause: "" };
  trials.set(key, trial);
  if (clock.now() < trial.nextAt) return waiting("ImagePullBackOff", backOff(image, trial.cause));
  const credentials = credentialsFor(pod.spec.nodeName ?? "", reference);
  const pull = await pullImage({
    reference,
    platform: NODE_PLATFORM,
    send,
    ...(credentials === undefined ? {} : { credentials }),
  });
  if (pull.kind === "refused") {
    trial.cause = errImagePull(reference, pull.refusal);
    trial.nextAt = clock.now() + Math.min(MOST_MS, FIRST_MS * 2 ** trial.failures);
    trial.failures += 1;
    return waiting("ErrImagePull", trial.cause);
  }
  trials.delete(key);
  onStart?.(pod, name, pull.digest);
  const startedAt = new Date(clock.now()).toISOString();
  const imageID = canonicalName(pinToDigest({ host: reference.host, path: reference.path }, pull.digest));
  return { name, image, imageID, state: { running: { startedAt } } };
}

/** Writes the status of the pod as it is by now: its image may have been changed while the pull went on. */
function tell(pulled: Pod, containerStatuses: readonly ContainerStatus[], { cluster }: KubeletParts): void {
  const pod = cluster.all("pods").find(({ metadata }) => metadata.uid === pulled.metadata.uid);
  if (pod === undefined) return;
  const images = (of: Pod): string => of.spec.containers.map(({ image }) => image).join(" ");
  if (images(pod) !== images(pulled)) return;
  if (JSON.stringify(pod.status?.containerStatuses) === JSON.stringify(containerStatuses)) return;
  const isRunning = containerStatuses.every(({ state }) => state?.running !== undefined);
  cluster.put("pods", { ...pod, status: { phase: isRunning ? "Running" : "Pending", containerStatuses } });
}
