/** A world whose copies are refreshed: its ECR as the refresh reads it, its uses as a test says, and its records in memory. */

import { type Digest, digestOf } from "../../src/image/digest.ts";
import { ecrHost } from "../../src/image/ecr-hosts.ts";
import type { AccountUses, ImageUse } from "../../src/mirrors/facts.ts";
import type { RefreshReport } from "../../src/mirrors/refresh/refresh-report.ts";
import { type RefreshPorts, runRefresh } from "../../src/mirrors/refresh/run-refresh.ts";
import type { SourceRecord } from "../../src/mirrors/refresh/source-record.ts";
import type { Logins, Registries, TagLists } from "../../src/oci/client/registries.ts";
import { serveWorkflows } from "../../src/sandbox/install-repull.ts";
import { createWorld, type World } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import { imageStoreOf } from "./image-store.ts";
import { readPolicy, type SaidPolicy } from "./policy.ts";

const HOUR = 3600;
const SIZE = { kilobytes: 20 };

export const NO_USES: AccountUses = {
  uses: {
    services: [],
    "service-revisions": [],
    "task-definitions": [],
    tasks: [],
    functions: [],
    "job-definitions": [],
    "build-projects": [],
  },
  clusters: [],
  schedules: [],
};

export type RefreshWorld = {
  readonly world: World;
  policy: SaidPolicy;
  /** What services run: images as they are written. */
  used: string[];
  uses: AccountUses;
  stopped: string | undefined;
  readonly records: Map<string, ReadonlyMap<string, SourceRecord>>;
  /** What a copy is made of, in the registry's repository. */
  tagsOf(repository: string): readonly string[];
  /** Points a tag of Docker Hub at the image of another one. */
  move(path: string, tag: string, to: string): Digest;
  remove(path: string, tag: string): void;
  refresh(more?: {
    readonly isDryRun?: boolean;
    readonly ports?: Partial<RefreshPorts>;
    readonly run?: string;
    readonly hasTime?: () => boolean;
  }): Promise<RefreshReport>;
  /** Copies that began, by how they ended. */
  copies(): readonly (string | undefined)[];
  /** HEADs and GETs of manifests at Docker Hub since the start. */
  asked(): { readonly heads: number; readonly pulls: number };
};

export async function refreshWorld(registries: object = {}, policy: SaidPolicy = {}): Promise<RefreshWorld> {
  const images = Object.fromEntries(["1", "2", "3", "4"].map((tag) => [`acme/web:${tag}`, SIZE]));
  const world = await createWorld(readWorldFile({ registries: { "docker.io": { images }, ...registries } }));
  const hub = world.registries.dockerHub;
  const { ecr } = world.registries;
  const host = ecrHost(world.home.account, world.home.region);
  let lock: string | undefined;
  const taskDefinitions = new Map<string, readonly string[]>();
  const played: RefreshWorld = {
    world,
    policy,
    used: [],
    uses: NO_USES,
    stopped: undefined,
    records: new Map(),
    tagsOf: (repository) => Object.keys(ecr.repositories().includes(repository) ? ecr.tags(repository) : {}),
    move(path, tag, to) {
      const manifest = hub.manifest(path, to);
      if (manifest === undefined) throw new Error(`no ${path}:${to}`);
      return hub.putManifest(path, manifest.bytes, manifest.mediaType, tag);
    },
    remove(path, tag) {
      hub.putManifest(path, Buffer.from("{}"), "application/json", tag);
    },
    async refresh({ isDryRun = false, ports = {}, run = "run", hasTime } = {}) {
      const wholePolicy = readPolicy(played.policy);
      serveWorkflows(world, { policy: wholePolicy });
      const services = played.used.map(
        (image, index): ImageUse => ({ place: "services", by: `service/${index}`, image }),
      );
      const input = { policy: wholePolicy, host, run, isDryRun };
      const all: RefreshPorts = {
        executions: world.ports.executions,
        clock: world.ports.clock,
        registries: world.ports.registries,
        tagLists: world.ports.registries as Registries & TagLists,
        logins: world.ports.registries as Registries & Logins,
        publish: async () => {},
        stopped: async () => played.stopped,
        reader: { read: async () => ({ ...played.uses, uses: { ...played.uses.uses, services } }) },
        store: imageStoreOf(world),
        records: {
          async lock(by) {
            if (lock !== undefined) return undefined;
            lock = by;
            return async () => {
              lock = undefined;
            };
          },
          read: async () => ({ sources: new Map(played.records), known: taskDefinitions }),
          writeSources: async (repository, records) => void played.records.set(repository, records),
          writeKnown: async () => {},
        },
        ...ports,
      };
      const done = runRefresh(input, all, hasTime);
      await world.run(HOUR);
      return await done;
    },
    copies: () =>
      world.executions.records
        .filter(({ workflow }) => workflow === "mirror")
        .map(({ result, status }) => (result as { readonly kind?: string } | undefined)?.kind ?? status),
    asked() {
      const counted = hub.requests();
      return { heads: counted["manifest-head"] ?? 0, pulls: counted["manifest-get"] ?? 0 };
    },
  };
  return played;
}

/** The world of a tag that was copied because the policy wants it, and that a service runs. */
export async function copiedWorld(registries: object = {}): Promise<RefreshWorld> {
  const played = await refreshWorld(registries, WANTED);
  await played.refresh();
  played.used = ["acme/web:1"];
  return played;
}

export const WANTED: SaidPolicy = { mirrors: { images: [{ image: "acme/web", tags: ["1"] }] } };
export const REPOSITORY = "repull/docker.io/acme/web";
export const OTHER = digestOf("other bytes");
