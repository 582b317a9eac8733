/** An outcome as a person reads it: how it ended, what changed, what to do next. */

import { shortDigest } from "../image/digest.ts";
import { registryOf } from "../image/hosts.ts";
import { DOCKER_HUB_HOST, referenceIn } from "../image/reference.ts";
import { OUTCOMES } from "../remediation/outcome.ts";
import { revisionName } from "../workload/arn.ts";
import type { Replayed } from "./replay.ts";

/** The lines of an outcome, indented by two. */
export function outcomeInWords(replayed: Replayed): readonly string[] {
  if (replayed.outcome === "invalid") return [`  invalid: ${replayed.because}`, ""];
  const { outcome, because, formerTaskDefinition, newTaskDefinition, images, nextSteps } = replayed;
  const changed =
    formerTaskDefinition === undefined || newTaskDefinition === undefined
      ? []
      : [
          `  changed: ${revisionName(formerTaskDefinition)} → ${revisionName(newTaskDefinition)}`,
          ...images.flatMap(({ image, containers, substitute, proof }) =>
            substitute === undefined
              ? []
              : [`    ${containers.join(", ")}: ${image} → ${shortened(substitute)} (${proof})`],
          ),
        ];
  return [
    `  ${outcome}: ${because}`,
    `  (${OUTCOMES[outcome]})`,
    ...changed,
    ...nextSteps.map((step) => `  next: ${step}`),
    "",
  ];
}

/** With the digest's first digits, and ECR for a private registry's host: for reading, not for pasting. */
export function shortened(image: string): string {
  const reference = referenceIn(image);
  if (reference === undefined) return image;
  const { host, path, tag, digest } = reference;
  const place =
    registryOf(host).kind === "ecr"
      ? `ECR ${path}`
      : host === DOCKER_HUB_HOST
        ? image.split("@")[0]
        : `${host}/${path}`;
  const name = tag === undefined || host === DOCKER_HUB_HOST ? place : `${place}:${tag}`;
  return digest === undefined ? `${name}` : `${name}@${shortDigest(digest)}…`;
}
