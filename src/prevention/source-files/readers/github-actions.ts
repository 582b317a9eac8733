/**
 * GitHub Actions: a workflow's job containers, service containers and `docker://` steps, a Docker action's own image, and the
 * images that Docker's set-up actions are told to use.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax (read 2026-11)
 */

import { listOf, membersOf, type Pointer, type SourceDocument } from "../documents/document.ts";
import type { FoundImage } from "../found-image.ts";
import { foundImage } from "../pieces.ts";
import { imageAt, partOf, piecesOf } from "./document-reader.ts";

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
    ...containerImage(document, [...at, "container"]),
    ...containerImage(document, [...at, "container", "image"]),
    ...Object.keys(membersOf(job.services)).flatMap((service) =>
      containerImage(document, [...at, "services", service, "image"]),
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
        ? driverImages(document, [...at, index, "with", "driver-opts"])
        : []),
    ];
  });
}

/**
 * The runner takes `docker://` away before a container's image.
 * https://github.com/actions/runner/blob/main/src/Runner.Worker/Container/ContainerInfo.cs (read 2026-11)
 */
function containerImage(document: SourceDocument, at: Pointer): readonly FoundImage[] {
  const text = document.scalarAt(at)?.text ?? "";
  return imageAt(document, at, { prefix: /^docker:\/\//i.exec(text)?.[0] ?? "" });
}

/** A list of options, one on each line. */
function driverImages(document: SourceDocument, at: Pointer): readonly FoundImage[] {
  const scalar = document.scalarAt(at);
  if (scalar === undefined) return [];
  return [...scalar.text.matchAll(/^[ \t]*image=(.*)$/gm)].flatMap(({ index, 0: line, 1: name = "" }) => {
    const image = partOf(scalar, index + line.length - name.length, index + line.length);
    const range = image.at(0, image.text.length) ?? scalar.range;
    const place = at.join(".");
    return foundImage({ pieces: piecesOf(image), written: image.text.trim(), range, place }) ?? [];
  });
}
