/**
 * GitHub Actions: a workflow's job containers, service containers and `docker://` steps, a Docker action's own image, and the
 * images that Docker's set-up actions use.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax (read 2026-11)
 */

import { membersOf } from "../../../runtime/json.ts";
import { listOf, type Pointer, type SourceDocument, type SourceScalar } from "../documents/document.ts";
import type { FoundImage } from "../found-image.ts";
import { alternativesOf, type Contexts } from "../github-contexts.ts";
import { foundImage } from "../pieces.ts";
import { imageAt, partOf } from "./document-reader.ts";

const DOCKER = "docker://";

export function githubActionsImages(document: SourceDocument): readonly FoundImage[] {
  const { jobs, runs } = membersOf(document.value);
  return [
    ...Object.entries(membersOf(jobs)).flatMap(([name, job]) =>
      jobImages(document, ["jobs", name], membersOf(job)),
    ),
    ...imageAt(document, ["runs", "image"], { prefix: DOCKER }),
    ...stepImages(document, ["runs", "steps"], membersOf(runs).steps, { env: [] }),
  ];
}

function jobImages(
  document: SourceDocument,
  at: Pointer,
  job: Readonly<Record<string, unknown>>,
): readonly FoundImage[] {
  const matrix = [...at, "strategy", "matrix"];
  const container = (pointer: Pointer): readonly FoundImage[] =>
    containerImage(document, pointer, { env: [], matrix });
  return [
    ...container([...at, "container"]),
    ...container([...at, "container", "image"]),
    ...Object.keys(membersOf(job.services)).flatMap((service) =>
      container([...at, "services", service, "image"]),
    ),
    ...stepImages(document, [...at, "steps"], job.steps, { env: [[...at, "env"], ["env"]], matrix }),
  ];
}

function stepImages(
  document: SourceDocument,
  at: Pointer,
  steps: unknown,
  job: Contexts,
): readonly FoundImage[] {
  return listOf(steps).flatMap((step, index) => {
    const uses = String(membersOf(step).uses);
    const contexts = { ...job, env: [[...at, index, "env"], ...job.env] };
    const input = (name: string): Pointer => [...at, index, "with", name];
    return [
      ...imageAt(document, [...at, index, "uses"], { prefix: DOCKER }),
      ...(/^docker\/setup-qemu-action@/.test(uses) ? containerImage(document, input("image"), contexts) : []),
      ...(/^docker\/setup-buildx-action@/.test(uses)
        ? driverImages(document, input("driver-opts"), contexts)
        : []),
    ];
  });
}

/**
 * The runner takes `docker://` away before a container's image.
 * https://github.com/actions/runner/blob/main/src/Runner.Worker/Container/ContainerInfo.cs (read 2026-11)
 */
function containerImage(document: SourceDocument, at: Pointer, contexts: Contexts): readonly FoundImage[] {
  const scalar = document.scalarAt(at);
  if (scalar === undefined) return [];
  const prefix = /^docker:\/\//i.exec(scalar.text)?.[0] ?? "";
  return imagesOf(document, partOf(scalar, prefix.length), at, contexts);
}

/** A list of options, one on each line. */
function driverImages(document: SourceDocument, at: Pointer, contexts: Contexts): readonly FoundImage[] {
  const scalar = document.scalarAt(at);
  if (scalar === undefined) return [];
  return [...scalar.text.matchAll(/^[ \t]*image=(.*)$/gm)].flatMap(({ index, 0: line, 1: name = "" }) =>
    imagesOf(document, partOf(scalar, index + line.length - name.length, index + line.length), at, contexts),
  );
}

function imagesOf(
  document: SourceDocument,
  scalar: SourceScalar,
  at: Pointer,
  contexts: Contexts,
): readonly FoundImage[] {
  const range = scalar.at(0, scalar.text.length) ?? scalar.range;
  return alternativesOf(document, scalar, contexts).flatMap(
    (pieces) => foundImage({ pieces, written: scalar.text.trim(), range, place: at.join(".") }) ?? [],
  );
}
