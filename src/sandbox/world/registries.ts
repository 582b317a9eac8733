/** The registries of a world file: built, filled, with what is left of their quotas. */

import { shortDigest } from "../../image/digest.ts";
import { ecrHost } from "../../image/ecr-hosts.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { parsePlatform, platformMatches } from "../../image/platform.ts";
import { canonicalName, type ImageReference, parseReference, repositoryName } from "../../image/reference.ts";
import {
  DOCKER_HUB_HOST,
  DOCKER_HUB_SERVER,
  ECR_PUBLIC_HOST,
  isDockerHub,
  isDockerHubFront,
} from "../../image/registry-hosts.ts";
import type { Crash } from "../ecs/state.ts";
import type { AwsLocation } from "../example-location.ts";
import type { RegistryBehaviour, RegistryKind } from "../registry/behaviour.ts";
import { type BuiltImage, buildImage, seedImage } from "../registry/image-builder.ts";
import { createRegistry, type SandboxRegistry } from "../registry/registry.ts";
import type { VirtualClock } from "../virtual-clock.ts";
import type { ImageEntry, RegistryEntry } from "./registry-entry.ts";
import type { WorldFile } from "./world-file.ts";

/** Docker Hub counts pulls for six hours. */
export const WINDOW_MS = 6 * 3_600_000;

/** Where calls come from. */
export type Addresses = { readonly tasks: string; readonly repull: string };

export type WorldRegistries = {
  readonly all: readonly SandboxRegistry[];
  readonly ecr: SandboxRegistry;
  readonly dockerHub: SandboxRegistry;
  readonly ecrPublic: SandboxRegistry;
  /** By the host that references name. */
  readonly byHost: ReadonlyMap<string, SandboxRegistry>;
  /** How containers of an image end by themselves: `repository@digest` → crash. */
  readonly crashes: ReadonlyMap<string, Crash>;
  /** Uses up the quotas; to be called when the clock shows the time of the use. */
  readonly quotasToSpend: readonly { readonly at: number; readonly spend: () => void }[];
};

/** @param startsAt when the story begins: quotas were spent before */
export function createWorldRegistries(
  file: WorldFile,
  home: AwsLocation,
  clock: VirtualClock,
  startsAt: number,
  addresses: Addresses,
  ways: Partial<Record<RegistryKind, Partial<RegistryBehaviour>>> = {},
): WorldRegistries {
  const ecrName = ecrHost(home.account, home.region);
  const entries = new Map<string, RegistryEntry>([
    [DOCKER_HUB_HOST, {}],
    [ECR_PUBLIC_HOST, {}],
    [ecrName, {}],
    ...Object.entries(file.registries ?? {})
      .filter(([host]) => !isDockerHub(host))
      .map(([host, entry]): [string, RegistryEntry] => [host === "ecr" ? ecrName : host, entry]),
    [DOCKER_HUB_HOST, dockerHubIn(file)],
  ]);

  const byHost = new Map<string, SandboxRegistry>();
  for (const [host, entry] of entries) {
    const kind = kindOf(host, ecrName);
    byHost.set(
      host,
      createRegistry({
        kind,
        host: kind === "docker-hub" ? DOCKER_HUB_SERVER : host,
        clock,
        // A vanity host fronts Docker Hub, and its limit counts.
        behaviour: { ...(kind === "plain" && isDockerHubFront(host) ? { counts: true } : {}), ...ways[kind] },
        ...(entry.quota?.limit === undefined ? {} : { anonymousPulls: entry.quota.limit }),
        accounts: Object.entries(entry.accounts ?? {}).map(([user, { password, limit }]) => ({
          user,
          password,
          ...(limit === undefined ? {} : { pullsMax: limit }),
        })),
      }),
    );
  }
  const registryAt = (host: string): SandboxRegistry => {
    const found = byHost.get(host);
    if (found === undefined) throw new InvalidInput(`registries.${host}`, "a registry of this world");
    return found;
  };

  const crashes = new Map<string, Crash>();
  fill(entries, registryAt, crashes, startsAt, clock);
  const quotasToSpend = [...entries].map(([host, entry]) => ({
    at: startsAt - WINDOW_MS + (entry.quota?.resetsInSeconds ?? WINDOW_MS / 1000) * 1000,
    spend: () => spendQuotas(registryAt(host), entry, addresses),
  }));
  for (const [host, { trouble }] of entries) {
    if (trouble !== undefined && trouble !== "silent")
      registryAt(host).fail({ on: "any", as: TROUBLES[trouble] });
  }
  return {
    all: [...byHost.values()],
    ecr: registryAt(ecrName),
    dockerHub: registryAt(DOCKER_HUB_HOST),
    ecrPublic: registryAt(ECR_PUBLIC_HOST),
    byHost,
    crashes,
    quotasToSpend,
  };
}

/** Docker Hub as the file has it: one registry under all its names, which behaves as docker.io's entry says. */
function dockerHubIn({ registries = {} }: WorldFile): RegistryEntry {
  const named = Object.entries(registries).filter(([host]) => isDockerHub(host));
  const own = registries[DOCKER_HUB_HOST] ?? named[0]?.[1] ?? {};
  const images = named.map(([, entry]) => entry.images ?? {});
  return named.length < 2 ? own : { ...own, images: Object.assign({}, ...images, own.images) };
}

const DAY_MS = 86_400_000;

/** Most images that people run are built for both. */
const PLATFORMS_DEFAULT = ["linux/amd64", "linux/arm64"];

const TROUBLES = {
  "abuse-limit": { kind: "abuse-limit" },
  unreachable: { kind: "refused" },
  "server-error": { kind: "status", status: 500 },
} as const;

function kindOf(host: string, ecrName: string): RegistryKind {
  if (host === DOCKER_HUB_HOST) return "docker-hub";
  if (host === ECR_PUBLIC_HOST) return "ecr-public";
  return host === ecrName ? "ecr" : "plain";
}

type Placed = { readonly reference: ImageReference; readonly entry: ImageEntry; readonly where: string };

/** Images with bytes of their own first, so that those that are the same as others find them. */
function fill(
  entries: ReadonlyMap<string, RegistryEntry>,
  registryAt: (host: string) => SandboxRegistry,
  crashes: Map<string, Crash>,
  startsAt: number,
  clock: VirtualClock,
): void {
  const placed: Placed[] = [];
  for (const [host, { images = {}, repositories = [], privateRepositories = [] }] of entries) {
    for (const path of repositories) registryAt(host).createRepository(path);
    for (const path of privateRepositories) registryAt(host).createRepository(path, { private: true });
    for (const [name, entry] of Object.entries(images)) {
      const where = `registries.${host}.images.${name}`;
      placed.push({ reference: parseReference(`${host}/${name}`), entry, where });
    }
  }
  const built = new Map<string, BuiltImage>();
  for (const { reference, entry, where } of placed.toSorted(ownBytesFirst)) {
    const image = imageOf(reference, entry, where, built);
    built.set(canonicalName(reference), image);
    const registry = registryAt(reference.host);
    const { copied } = entry;
    const tag = reference.tag ?? "latest";
    const digest = seedImage(
      registry,
      reference.path,
      copied === undefined ? tag : `${tag}-${shortDigest(image.digest)}`,
      image,
    );
    if (copied !== undefined)
      for (const one of [digest, ...image.manifests.map((manifest) => manifest.digest)]) {
        const { daysAgo, pulledDaysAgo } = copied;
        registry.setTimes(reference.path, one, {
          pushedAt: startsAt - daysAgo * DAY_MS,
          ...(pulledDaysAgo === undefined ? {} : { pulledAt: startsAt - pulledDaysAgo * DAY_MS }),
        });
      }
    if (entry.archived === true) registry.setImageStatus(reference.path, digest, "archived");
    if (entry.exits === undefined) continue;
    const crash = { exitCode: entry.exits, afterSeconds: entry.exitsAfterSeconds ?? 5 };
    for (const one of [digest, ...image.manifests.map((manifest) => manifest.digest)]) {
      crashes.set(`${repositoryName(reference)}@${one}`, crash);
    }
  }
  for (const { reference, entry, where } of placed) {
    if (entry.moves === undefined) continue;
    const { to, afterMinutes } = entry.moves;
    const next = built.get(canonicalName({ ...reference, tag: to }));
    if (next === undefined)
      throw new InvalidInput(`${where}.moves.to`, `a tag of ${repositoryName(reference)} in this file`);
    clock.after(startsAt + afterMinutes * 60_000 - clock.now(), () => {
      seedImage(registryAt(reference.host), reference.path, reference.tag ?? "latest", next);
    });
  }
}

function ownBytesFirst(one: Placed, other: Placed): number {
  return Number(one.entry.sameAs !== undefined) - Number(other.entry.sameAs !== undefined);
}

function imageOf(
  reference: ImageReference,
  {
    platforms,
    osVersions,
    namesNoPlatforms,
    nested,
    kilobytes = 64,
    empty = false,
    sameAs,
    onlyPlatform,
  }: ImageEntry,
  where: string,
  built: ReadonlyMap<string, BuiltImage>,
): BuiltImage {
  if (sameAs === undefined) {
    const bytes = Math.ceil((kilobytes * 1024) / 2);
    return buildImage({
      name: canonicalName(reference),
      platforms: platforms ?? PLATFORMS_DEFAULT,
      bytes,
      ...(osVersions === undefined ? {} : { osVersions }),
      ...(namesNoPlatforms === undefined ? {} : { namesNoPlatforms }),
      ...(nested === undefined ? {} : { nested }),
      ...(empty ? { layers: 0 } : {}),
    });
  }
  const whole = built.get(canonicalName(parseReference(sameAs)));
  if (whole === undefined)
    throw new InvalidInput(`${where}.sameAs`, "an image of this world with bytes of its own");
  if (onlyPlatform === undefined) return whole;
  const wanted = parsePlatform(onlyPlatform);
  const only = whole.manifests.find(
    ({ platform }) => platform !== undefined && platformMatches(wanted, platform),
  );
  if (only === undefined) throw new InvalidInput(`${where}.onlyPlatform`, `a platform of ${sameAs}`);
  return { digest: only.digest, mediaType: only.mediaType, manifests: [only], blobs: whole.blobs };
}

function spendQuotas(
  registry: SandboxRegistry,
  { quota, accounts = {} }: RegistryEntry,
  addresses: Addresses,
): void {
  const spendDownTo = (
    source: Parameters<SandboxRegistry["spend"]>[0],
    remaining: number | undefined,
  ): void => {
    const left = registry.pullsLeft(source);
    if (remaining !== undefined && left !== undefined && left > remaining)
      registry.spend(source, left - remaining);
  };
  spendDownTo({ address: addresses.tasks }, quota?.remaining);
  spendDownTo({ address: addresses.repull }, quota?.remainingForRepull);
  for (const [user, { remaining }] of Object.entries(accounts)) spendDownTo({ user }, remaining);
}
