/** Task definitions of ECS: as they are registered, as they are described, and the list of containers alone. */

import { isMembers, membersOf } from "../../../runtime/json.ts";
import { listOf, type Pointer, type SourceDocument } from "../documents/document.ts";
import type { FoundImage } from "../found-image.ts";
import { imageAt } from "./document-reader.ts";

export function taskDefinitionImages(document: SourceDocument): readonly FoundImage[] {
  return containerLists(document.value, []).flatMap(({ list, at }) =>
    listOf(list).flatMap((container, index) => {
      const { name } = membersOf(container);
      const place = [...at, typeof name === "string" ? name : index, "image"].join(".");
      return imageAt(document, [...at, index, "image"], { place });
    }),
  );
}

/** A list that only ECS has: of containers, one of them with a member that nothing else calls so. Products have names, images and memory, too. */
export function isContainerList(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((one) => isMembers(one) && typeof one.image === "string" && typeof one.name === "string") &&
    value.map(membersOf).some(
      ({ essential, portMappings, logConfiguration, mountPoints, memoryReservation, cpu, memory }) =>
        typeof essential === "boolean" ||
        Array.isArray(portMappings) ||
        Array.isArray(mountPoints) ||
        isMembers(logConfiguration) ||
        typeof memoryReservation === "number" ||
        // ECS counts CPU units and MiB: a product or a machine has fewer.
        (isAtLeast(cpu, 10) && isAtLeast(memory, 100)),
    )
  );
}

function isAtLeast(value: unknown, least: number): boolean {
  return Number(value) >= least;
}

type ContainerList = { readonly list: unknown; readonly at: Pointer };

function containerLists(value: unknown, at: Pointer): readonly ContainerList[] {
  if (isContainerList(value)) return [{ list: value, at }];
  if (Array.isArray(value)) return value.flatMap((one, index) => containerLists(one, [...at, index]));
  const { containerDefinitions, taskDefinition } = membersOf(value);
  if (containerDefinitions !== undefined)
    return [{ list: containerDefinitions, at: [...at, "containerDefinitions"] }];
  const inner = membersOf(taskDefinition).containerDefinitions;
  return inner === undefined ? [] : [{ list: inner, at: [...at, "taskDefinition", "containerDefinitions"] }];
}
