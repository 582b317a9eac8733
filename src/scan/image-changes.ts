/**
 * The images to change in the source, and what each change takes off the worst six hours: the one that is pulled most
 * comes first. Changing the first few of them may be enough never to meet the limit.
 */

import { optional } from "../ecs/json-fields.ts";
import { familiarName, tryParseReference } from "../image/reference.ts";
import { registryOf } from "../image/registry-hosts.ts";
import type { ExposedImage, Exposure } from "./exposure.ts";
import type { LikelySubstitute } from "./likely-substitutes.ts";
import type { EgressLoad } from "./peak-pulls.ts";

export type ImageChange = {
  /** As people write it: `nginx:1.27`, however the task definitions write it. */
  readonly image: string;
  /** Where the same image probably is; absent where the policy names no place. */
  readonly to?: LikelySubstitute;
  readonly clusters: readonly string[];
  /** `CLUSTER/NAME` of what runs it; of several accounts `ACCOUNT/REGION/CLUSTER/NAME`. */
  readonly workloads: readonly string[];
  /** Of the worst six hours, by all addresses, with and without an account. */
  readonly pulls: number;
  /** Anonymous pulls that the busiest address still needs once this image and all before it are changed. */
  readonly busiestAddressAfter: number;
};

/** One for each image, the most pulled first; an image that has no other place comes after those that have one. */
export function imageChanges(
  exposures: readonly Exposure[],
  /** The pulls of some of them by address. */
  loads: (some: readonly Exposure[]) => readonly EgressLoad[],
): readonly ImageChange[] {
  const uses = exposures.flatMap((exposure) =>
    exposure.images.map((image) => ({ exposure, to: image.first, key: keyOf(image, exposure) })),
  );
  const changes = [...Map.groupBy(uses, ({ key }) => key)]
    .map(([key, of]) => ({
      key,
      image: key.split("\n", 1)[0] ?? key,
      ...optional("to", of.find(({ to }) => to !== undefined)?.to),
      clusters: distinct(of.map(({ exposure }) => clusterOf(exposure))),
      workloads: distinct(of.map(({ exposure }) => `${clusterOf(exposure)}/${exposure.name}`)),
      pulls: of.reduce((sum, { exposure }) => sum + exposure.expectedStarts, 0),
    }))
    .toSorted(
      (one, other) =>
        Number(one.to === undefined) - Number(other.to === undefined) ||
        other.pulls - one.pulls ||
        one.image.localeCompare(other.image),
    );
  const changed = new Set<string>();
  return changes.map(({ key, ...change }) => {
    if (change.to !== undefined) changed.add(key);
    const left = exposures.map((exposure) => without(exposure, changed));
    return {
      ...change,
      busiestAddressAfter: busiestAddress(loads(left))?.pullsPerAddress ?? 0,
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
  const images = exposure.images.filter((image) => !changed.has(keyOf(image, exposure)));
  const anonymous = images.filter(({ pulledAs }) => pulledAs === "anonymous").length;
  return { ...exposure, images, anonymousPulls: exposure.expectedStarts * anonymous };
}

/** Where an image of several places goes into an ECR, each has its own change: no account pulls from another's by chance. */
function keyOf({ image, first }: ExposedImage, exposure: Exposure): string {
  const name = nameOf(image);
  const owner = ownerOf(exposure);
  const isOwn = owner !== undefined && registryOf(first?.place.split("/", 1)[0] ?? "").kind === "ecr";
  return isOwn ? `${name}\n${owner}` : name;
}

/** Undefined where one place alone was scanned. */
function ownerOf({ account, region, platform, cluster }: Exposure): string | undefined {
  if (account !== undefined) return `${account} ${region}`;
  return platform === "kubernetes" ? `cluster ${cluster}` : undefined;
}

/** As a report names it: with its account, where there are several. */
function clusterOf({ account, region, cluster }: Exposure): string {
  return account === undefined ? cluster : `${account}/${region}/${cluster}`;
}

function nameOf(image: string): string {
  const reference = tryParseReference(image);
  return reference === undefined ? image : familiarName(reference);
}

function distinct(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted((one, other) => one.localeCompare(other, "en", { numeric: true }));
}
