/**
 * What a reference means: the digests that may replace an image, judged from the world's own records.
 *
 * A deployment fixes its meaning: where ECS has pinned a digest, that one counts, whatever the tag means by now. The
 * records of the sandbox are read, never a port.
 */

import type { Digest } from "../../../src/image/digest.ts";
import { normalizePlatform } from "../../../src/image/platform.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import type { DeploymentRecord, ServiceRecord } from "../../../src/sandbox/ecs/state.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import { IMAGE_NAMES, placeOf, WINDOWS_IMAGE } from "../world/images.ts";

/** What a task asks for of an image: `10.0.20348` of Windows, which nothing else runs on. */
type Host = { readonly os: string; readonly architecture: string; readonly build?: string };

const BUILDS: Readonly<Record<string, string>> = { 2019: "10.0.17763", 2022: "10.0.20348" };

const MINUTE = 60_000;

export type Meanings = ReturnType<typeof createMeanings>;

export function createMeanings(world: World) {
  const { dockerHub } = world.registries;
  /** Image → what its tag has meant since the beginning, the newest last. */
  const history = new Map<string, Digest[]>();
  const deployments = new Map<string, { readonly service: ServiceRecord; readonly one: DeploymentRecord }>();

  const now = (image: string): Digest | undefined => {
    const { path, tag } = placeOf(image);
    return dockerHub.manifest(path, tag)?.digest;
  };
  const note = (image: string): void => {
    const digest = now(image);
    const known = history.get(image) ?? [];
    history.set(image, known);
    if (digest !== undefined && known.at(-1) !== digest) known.push(digest);
  };
  for (const image of [...IMAGE_NAMES, WINDOWS_IMAGE]) note(image);

  /** What a digest is made of never changes. */
  const known = new Map<string, ReadonlySet<string>>();
  /** The digest itself and, of an index, the parts of it that run on the host. */
  const fitting = (image: string, digest: string, host: Host): ReadonlySet<string> => {
    const key = `${image} ${digest} ${host.os} ${host.architecture} ${host.build}`;
    const found = known.get(key) ?? partsFor(image, digest, host);
    known.set(key, found);
    return found;
  };
  const partsFor = (image: string, digest: string, host: Host): ReadonlySet<string> => {
    const { path } = placeOf(image);
    const manifest = dockerHub.manifest(path, digest);
    if (manifest === undefined) return new Set([digest]);
    const { manifests = [] } = jsonOf(manifest.bytes) as { manifests?: readonly JsonObject[] };
    const parts = manifests.filter((part) =>
      runsOn(part.platform ?? configOf(path, String(part.digest)), host),
    );
    return new Set([digest, ...parts.map((part) => String(part.digest))]);
  };
  const configOf = (path: string, digest: string): unknown => {
    const manifest = dockerHub.manifest(path, digest);
    const { config } = jsonOf(manifest?.bytes) as { config?: { digest: Digest } };
    return jsonOf(config === undefined ? undefined : dockerHub.blob(config.digest));
  };

  const all = (digests: readonly string[], image: string, host: Host): ReadonlySet<string> =>
    new Set(digests.flatMap((digest) => [...fitting(image, digest, host)]));

  return {
    /** Remembers what runs where: a deployment that ECS shows no more is remembered still. */
    look(): void {
      for (const service of world.cluster.services())
        for (const one of service.deployments) deployments.set(one.id, { service, one });
    },
    deployment: (id: string) => deployments.get(id),
    /** Container → digest, as ECS has pinned them for a deployment up to now. */
    pins(id: string): ReadonlyMap<string, Digest> {
      return new Map(deployments.get(id)?.one.resolved);
    },
    /** What earlier deployments of the same revision to the same service have pinned: what a rollback may mean as well. */
    earlierPins(id: string, container: string): readonly Digest[] {
      const found = deployments.get(id);
      if (found === undefined) return [];
      return [...deployments.values()]
        .filter(
          ({ service, one }) => service === found.service && one.taskDefinition === found.one.taskDefinition,
        )
        .flatMap(({ one }) => one.resolved.get(container) ?? []);
    },
    /** Whether a deployment has ever brought a revision to a service. */
    hasRun: (service: ServiceRecord, revision: string): boolean =>
      [...deployments.values()].some(
        (each) => each.service === service && each.one.taskDefinition === revision,
      ),
    /** Deployments of one minute brought the service's revision, and do not pin the same: dates cannot distinguish them. */
    isAmbiguous(service: ServiceRecord): boolean {
      const [primary] = service.deployments;
      const near = [...deployments.values()].filter(
        (each) =>
          each.service === service &&
          each.one.taskDefinition === primary?.taskDefinition &&
          Math.abs(each.one.createdAt - primary.createdAt) <= MINUTE,
      );
      return new Set(near.map(({ one }) => JSON.stringify([...one.resolved].sort()))).size > 1;
    },
    fitting,
    now: (image: string, host: Host) => all([now(image) ?? []].flat(), image, host),
    // What no tag of the generator's names means what its registry says.
    ever: (image: string, host: Host) => all(history.get(image) ?? [now(image) ?? []].flat(), image, host),
    tagMoved: note,
    /** Whether a deployment that is under way has pinned other bytes than the tag means now. */
    isPinnedOtherwise(image: string): boolean {
      return [...deployments.values()].some(({ service, one }) => {
        if (!service.deployments.includes(one)) return false;
        const containers = containersOf(world, one.taskDefinition);
        return containers.some((container) => {
          const pinned = container.image === image ? one.resolved.get(String(container.name)) : undefined;
          return pinned !== undefined && pinned !== now(image);
        });
      });
    },
  };
}

/** What a revision's tasks run on; a revision that names nothing runs on the sandbox's x86_64 machines. */
export function hostOf(definition: JsonObject): Host {
  const { operatingSystemFamily = "LINUX", cpuArchitecture = "X86_64" } = (definition.runtimePlatform ??
    {}) as Record<string, string>;
  const build = Object.entries(BUILDS).find(([year]) => operatingSystemFamily.includes(year))?.[1];
  return {
    os: operatingSystemFamily.startsWith("WINDOWS") ? "windows" : "linux",
    architecture: cpuArchitecture === "ARM64" ? "arm64" : "amd64",
    ...(build === undefined ? {} : { build }),
  };
}

export function containersOf(world: World, revision: string): readonly JsonObject[] {
  return (world.definitions.describe(revision)?.taskDefinition.containerDefinitions ??
    []) as readonly JsonObject[];
}

function runsOn(stated: unknown, { os, architecture, build }: Host): boolean {
  const platform = (stated ?? {}) as Record<string, string>;
  if (platform.os === undefined || platform.architecture === undefined) return false;
  const offered = normalizePlatform({ os: platform.os, architecture: platform.architecture });
  const isBuild = build === undefined || platform["os.version"]?.startsWith(`${build}.`) === true;
  return offered.os === os && offered.architecture === architecture && isBuild;
}

function jsonOf(bytes: Uint8Array | undefined): object {
  return bytes === undefined ? {} : (JSON.parse(Buffer.from(bytes).toString()) as object);
}
