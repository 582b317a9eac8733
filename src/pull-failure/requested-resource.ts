/**
 * What was asked for when a registry refused: Docker Hub's pull limit counts manifests, its other limit counts every
 * request. (docs.docker.com/docker-hub/usage/pulls, read 2026-11; docker/hub-feedback#1907)
 */

import type { Address, Resource } from "./extract-references.ts";
import { ASKED_FOR } from "./patterns.ts";

/** By the address that answered, else by the step that is named last before the words; undefined where nothing names it. */
export function requestedResource(
  text: string,
  answered: Address | undefined,
  at: number,
): Resource | undefined {
  if (answered?.resource !== undefined) return answered.resource;
  const steps = Object.entries(ASKED_FOR).flatMap(([resource, pattern]) => {
    const last = [...text.slice(0, at).matchAll(pattern)].at(-1);
    return last === undefined ? [] : [{ resource: resource as keyof typeof ASKED_FOR, index: last.index }];
  });
  return steps.toSorted((one, other) => other.index - one.index)[0]?.resource;
}
