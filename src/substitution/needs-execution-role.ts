/** Whether the tasks of a plan pull with their execution role: ECR and secrets are opened with it. */

import { parseReference, repositoryOf } from "../image/reference.ts";
import { registryOf } from "../image/registry-hosts.ts";
import type { ImagePlan } from "./plan-types.ts";

export function needsExecutionRole({ substitute }: ImagePlan): boolean {
  const reference = plannedReference(substitute);
  if (reference === undefined) return false;
  return (
    substitute?.candidate.secret !== undefined || registryOf(parseReference(reference).host).kind === "ecr"
  );
}

/** What the containers will run; of a copy still to be made, the bytes that it leaves in its target. */
export function plannedReference(substitute: ImagePlan["substitute"]): string | undefined {
  if (substitute?.copy === undefined) return substitute?.writes;
  const { source, target } = substitute.copy;
  const { digest } = parseReference(source);
  return digest === undefined ? target : `${repositoryOf(target)}@${digest}`;
}
