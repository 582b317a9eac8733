/**
 * GitHub Actions: a workflow's job containers, service containers and `docker://` steps, a Docker action's own image, and the
 * images that Docker's set-up actions are told to use.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax (read 2026-11)
 */

import { listOf, membersOf, type Pointer, type SourceDocument } from "../documents/document.ts";
import type { FoundImage } from "../found-image.ts";
import { imageAt } from "./document-reader.ts";

const DOCKER = "docker://";

export function githubActionsImages(document: SourceDocument): readonly FoundImage[] {
  const { jobs, runs } = membersOf(document.value);
  return [
    ...Object.entries(membersOf(jobs)).flatMap(([name, job]) =>
      jobImages(document, ["jobs", name], membersOf(job)),
    ),
    ...imageAt(document, ["runs", "image"], { prefix: DOCKER }),
    ...stepImages(document, ["runs", "steps"], membersOf(runs).steps),
  ];
}

function jobImages(
  document: SourceDocument,
  at: Pointer,
  job: Readonly<Record<string, unknown>>,
): readonly FoundImage[] {
  return [
    ...imageAt(document, [...at, "container"]),
    ...imageAt(document, [...at, "container", "image"]),
    ...Object.keys(membersOf(job.services)).flatMap((service) =>
      imageAt(document, [...at, "services", service, "image"]),
    ),
    ...stepImages(document, [...at, "steps"], job.steps),
  ];
}

function stepImages(document: SourceDocument, at: Pointer, steps: unknown): readonly FoundImage[] {
  return listOf(steps).flatMap((step, index) => {
    const uses = String(membersOf(step).uses);
    return [
      ...imageAt(document, [...at, index, "uses"], { prefix: DOCKER }),
      ...(/^docker\/setup-qemu-action@/.test(uses) ? imageAt(document, [...at, index, "with", "image"]) : []),
      ...(/^docker\/setup-buildx-action@/.test(uses)
        ? imageAt(document, [...at, index, "with", "driver-opts"], { prefix: "image=" })
        : []),
    ];
  });
}
