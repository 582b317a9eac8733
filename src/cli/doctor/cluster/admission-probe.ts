/**
 * The way in, proved: in each namespace three pods are created as a dry run, of which nothing is stored.
 *
 * One that Repull leaves alone, one with the substitute's image, and one with an image that the index has a place for. The
 * first shows whether pods of this shape are admitted there at all, the second who refuses a swapped pod, the third whether
 * Repull sees it.
 */

import { ClusterError } from "../../../cluster/cluster-error.ts";
import type { ClusterPort } from "../../../cluster/cluster-port.ts";
import { CONTAINER_PREFIX } from "../../../kubernetes/annotation.ts";
import { MODE_LABEL } from "../../../kubernetes/mode.ts";
import type { Pod } from "../../../kubernetes/objects/objects.ts";

/** A row of the index that is good now. */
export type Marker = { readonly image: string; readonly use: string };

export type Probed = {
  readonly namespace: string;
  /** Why no pod of this shape can be tried here. */
  readonly untried?: string;
  /** What refuses a pod with the substitute's image. */
  readonly refusal?: string;
  /** Whether the pod came back with the image swapped, or Repull said that it would swap it. */
  readonly reached: "swapped" | "warned" | "no";
};

export async function probeNamespace(
  cluster: ClusterPort,
  namespace: string,
  { image, use }: Marker,
): Promise<Probed> {
  const plain = await tryPod(cluster, markerPod(namespace, image, { [MODE_LABEL]: "off" }));
  if (plain.kind === "refused") return { namespace, untried: plain.because, reached: "no" };
  const swapped = await tryPod(cluster, markerPod(namespace, use, { [MODE_LABEL]: "off" }));
  const refusal = swapped.kind === "refused" ? { refusal: swapped.because } : {};
  const seen = await tryPod(cluster, markerPod(namespace, image, {}));
  // What comes back swapped and is refused then was reached all the same.
  if (seen.kind === "refused") return { namespace, reached: seen.isWarned ? "warned" : "no", ...refusal };
  const isNoted = Object.keys(seen.pod.metadata.annotations ?? {}).includes(
    `${CONTAINER_PREFIX}${CONTAINER}`,
  );
  const isSwapped =
    isNoted && seen.pod.spec.containers.some((one) => one.name === CONTAINER && one.image === use);
  const reached = isSwapped ? "swapped" : seen.isWarned ? "warned" : "no";
  return { namespace, reached, ...refusal };
}

const CONTAINER = "repull-doctor";

/** Fit for the strictest of the Pod Security Standards, and for quotas that want limits. */
function markerPod(namespace: string, image: string, labels: Readonly<Record<string, string>>): Pod {
  const amount = { cpu: "10m", memory: "16Mi" };
  const spec = {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: CONTAINER,
        image,
        imagePullPolicy: "IfNotPresent",
        resources: { requests: amount, limits: amount },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
      },
    ],
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { generateName: "repull-doctor-", namespace, labels },
    spec,
  };
}

type Tried =
  | { readonly kind: "admitted"; readonly pod: Pod; readonly isWarned: boolean }
  | { readonly kind: "refused"; readonly because: string; readonly isWarned: boolean };

/** Throws a ClusterError where there was no verdict. */
async function tryPod(cluster: ClusterPort, pod: Pod): Promise<Tried> {
  let isWarned = false;
  const warned = (text: string) => {
    if (text.startsWith("repull: ")) isWarned = true;
  };
  try {
    const answer = await cluster.create("pods", pod, { dryRun: true, warned });
    return { kind: "admitted", pod: answer, isWarned };
  } catch (error) {
    if (!(error instanceof ClusterError) || error.status === 0 || error.reason === "Unauthorized")
      throw error;
    return { kind: "refused", because: error.message, isWarned };
  }
}
