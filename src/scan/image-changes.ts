/**
 * The images to change in the source, and what each change takes off the worst six hours: the one that is pulled most
 * comes first. Changing the first few of them may be enough never to meet the limit.
 */

import { optional } from "../ecs/json-fields.ts";
import { familiarName, tryParseReference } from "../image/reference.ts";
import type { Exposure } from "./exposure.ts";
import type { LikelySubstitute } from "./likely-substitutes.ts";
import { type EgressInfo, type EgressLoad, pullsByEgress } from "./peak-pulls.ts";

export type ImageChange = {
  /** As people write it: `nginx:1.27`, however the task definitions write it. */
  readonly image: string;
  /** Where the same image probably is; absent where the policy names no place. */
  readonly to?: LikelySubstitute;
  readonly clusters: readonly string[];
  /** `CLUSTER/NAME` of what runs it. */
  readonly workloads: readonly string[];
  /** Of the worst six hours, by all addresses, with and without an account. */
  readonly pulls: number;
  /** Anonymous pulls that the busiest address still needs once this image and all before it are changed. */
  readonly busiestAddressAfter: number;
};

/** One for each image, the most pulled first; an image that has no other place comes after those that have one. */
export function imageChanges(exposures: readonly Exposure[], ways: EgressInfo): readonly ImageChange[] {
  const uses = exposures.flatMap((exposure) =>
    exposure.images.map((image) => ({ exposure, to: image.first, name: nameOf(image.image) })),
  );
  const changes = [...Map.groupBy(uses, ({ name }) => name)]
    .map(([image, of]) => ({
      image,
      ...optional("to", of.find(({ to }) => to !== undefined)?.to),
      clusters: distinct(of.map(({ exposure }) => exposure.cluster)),
      workloads: distinct(of.map(({ exposure }) => `${exposure.cluster}/${exposure.name}`)),
      pulls: of.reduce((sum, { exposure }) => sum + exposure.expectedStarts, 0),
    }))
    .toSorted(
      (one, other) =>
        Number(one.to === undefined) - Number(other.to === undefined) ||
        other.pulls - one.pulls ||
        one.image.localeCompare(other.image),
    );
  const changed = new Set<string>();
  return changes.map((change) => {
    if (change.to !== undefined) changed.add(change.image);
    const left = exposures.map((exposure) => without(exposure, changed));
    return {
      ...change,
      busiestAddressAfter: busiestAddress(pullsByEgress(left, ways))?.pullsPerAddress ?? 0,
    };
  });
}

/** The address at which a limit would strike first; subnets without a way out have none. */
export function busiestAddress(addresses: readonly EgressLoad[]): EgressLoad | undefined {
  return addresses
    .filter(({ kind }) => kind !== "none")
    .toSorted((one, other) => other.pullsPerAddress - one.pullsPerAddress)[0];
}

function without(exposure: Exposure, changed: ReadonlySet<string>): Exposure {
  const images = exposure.images.filter(({ image }) => !changed.has(nameOf(image)));
  const anonymous = images.filter(({ pulledAs }) => pulledAs === "anonymous").length;
  return { ...exposure, images, anonymousPulls: exposure.expectedStarts * anonymous };
}

function nameOf(image: string): string {
  const reference = tryParseReference(image);
  return reference === undefined ? image : familiarName(reference);
}

function distinct(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted((one, other) => one.localeCompare(other, "en", { numeric: true }));
}
