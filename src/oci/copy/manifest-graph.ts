/**
 * Everything that belongs to an image, read from its root down: manifests first, their blobs from them.
 *
 * A manifest is fetched once, and not at all where the target has it: a target that has a manifest has what it names, and
 * a source that counts pulls counts every GET of a manifest.
 */

import type { Digest } from "../../image/digest.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { forEachConcurrently } from "../../runtime/for-each-concurrently.ts";
import { blobsOf, type Descriptor, type ParsedManifest, parseManifest } from "../client/manifest.ts";
import { isForeignLayer } from "../client/media-types.ts";
import { RegistryError } from "../client/registry-error.ts";
import type { Repository } from "../client/repository/repository.ts";
import type { Manifest } from "../client/types.ts";
import { CopyError, toCopyError, withSide } from "./copy-error.ts";

export type ManifestGraph = {
  readonly root: Digest;
  /** By their distance from the blobs: what is named comes before what names it. */
  readonly levels: readonly (readonly Manifest[])[];
  /** What the manifests need, each once, the biggest first. */
  readonly blobs: readonly Descriptor[];
  /** Layers that stay at their publisher's address. */
  readonly foreign: readonly Descriptor[];
  /** Manifests that the target has already. */
  readonly presentCount: number;
};

export type GraphReader = {
  readonly source: Repository;
  readonly target: Repository;
  /** Every manifest that was fetched, in this run or before it: none is fetched twice. */
  readonly fetched: Map<Digest, Manifest>;
  /** Whether a manifest at the target may be taken for the whole of what it names. */
  readonly askTarget: boolean;
};

/** Indexes inside indexes: two levels are seen in the wild. */
const DEPTH_MAX = 4;
const MANIFESTS_MAX = 1024;
/** The biggest images of many platforms have one or two; read, they take several times as much. */
const MANIFEST_BYTES_ALL_MAX = 16 * 1024 * 1024;
/** Of all that one copy fetches: some platforms' trees, and what refers to them. */
const FETCHED_BYTES_MAX = 2 * MANIFEST_BYTES_ALL_MAX;
/** Each is a question to either side at least: what has more would go on for days. */
const BLOBS_MAX = 20_000;
const MANIFESTS_AT_ONCE = 8;

type Node = { readonly manifest: Manifest; readonly parsed: ParsedManifest };

/** Reads the tree under a manifest that is already here. Throws CopyError. */
export async function readGraph(
  reader: GraphReader,
  root: Manifest,
  signal?: AbortSignal,
): Promise<ManifestGraph> {
  const nodes = new Map<Digest, Node>();
  const present = new Set<Digest>();
  let bytes = 0;
  let due: readonly Digest[] = [root.digest];
  reader.fetched.set(root.digest, root);
  for (let depth = 0; due.length > 0; depth++) {
    if (depth > DEPTH_MAX)
      throw limitExceeded(root.digest, `more than ${DEPTH_MAX} indexes inside one another`);
    const found: Descriptor[] = [];
    await forEachConcurrently(
      due,
      MANIFESTS_AT_ONCE,
      async (digest, poolSignal) => {
        const isHere = reader.fetched.has(digest);
        if (!isHere && reader.askTarget) {
          const asked = reader.target.headManifest(digest, poolSignal);
          if ((await withSide("target", digest, asked)) !== undefined) {
            present.add(digest);
            return;
          }
        }
        const manifest = await fetchManifest(reader, digest, poolSignal);
        bytes += manifest.size;
        if (bytes > MANIFEST_BYTES_ALL_MAX) throw limitExceeded(root.digest, "more than 16 MiB of manifests");
        const parsed = readManifest(manifest);
        nodes.set(digest, { manifest, parsed });
        if (parsed.kind === "index") found.push(...parsed.children);
      },
      signal,
    );
    due = [...new Set(found.map(({ digest }) => digest))].filter(
      (digest) => !nodes.has(digest) && !present.has(digest),
    );
    if (nodes.size + due.length > MANIFESTS_MAX)
      throw limitExceeded(root.digest, `more than ${MANIFESTS_MAX} manifests`);
  }
  return {
    root: root.digest,
    levels: levelsOf(nodes),
    blobs: blobsIn(nodes.values()),
    foreign: foreignIn(nodes),
    presentCount: present.size,
  };
}

/** A manifest from the source, from memory where it has been fetched before. */
export async function fetchManifest(
  { source, fetched }: Pick<GraphReader, "source" | "fetched">,
  name: string,
  signal?: AbortSignal,
): Promise<Manifest> {
  const known = fetched.get(name as Digest);
  if (known !== undefined) return known;
  const quota = source.spentQuota;
  if (quota !== undefined) {
    // Its own headers say so: asking would be one more refused pull, and it counts at some registries.
    const message = `GET manifest ${source.host}/${source.path}@${name}: not asked, the quota is used up`;
    const refusal = new RegistryError(message, {
      kind: "rate-limited",
      host: source.host,
      quota,
    });
    throw toCopyError("source", undefined, refusal);
  }
  const asked = source.getManifest(name, signal, true).catch((error: unknown) => {
    signal?.throwIfAborted();
    // Asked for again where it broke off on the way, unless it is counted: then the first one was a pull.
    const isFree = source.quota === undefined && error instanceof RegistryError;
    if (isFree && error.status === 200 && error.transient) return source.getManifest(name, signal, true);
    throw error;
  });
  const manifest = await withSide("source", undefined, asked);
  if (manifest === undefined) {
    const message = `source: ${source.host}/${source.path} has no manifest ${name}`;
    throw new CopyError(message, { kind: "absent", side: "source" });
  }
  const bytes = [...fetched.values()].reduce((sum, { size }) => sum + size, manifest.size);
  if (bytes > FETCHED_BYTES_MAX)
    throw limitExceeded(manifest.digest, "more than 32 MiB of manifests in one copy");
  fetched.set(manifest.digest, manifest);
  return manifest;
}

/** What a fetched manifest says. Throws CopyError where it cannot be copied. */
export function readManifest(manifest: Manifest): ParsedManifest {
  try {
    return parseManifest(manifest.bytes, manifest.mediaType);
  } catch (cause) {
    if (!(cause instanceof InvalidInput)) throw cause;
    const kind = cause.path === "schemaVersion" ? "unsupported" : "malformed";
    const message = `source: manifest ${manifest.digest}: ${cause.message}`;
    throw new CopyError(message, { kind, side: "source", digest: manifest.digest }, { cause });
  }
}

function levelsOf(nodes: ReadonlyMap<Digest, Node>): readonly (readonly Manifest[])[] {
  const levels: Manifest[][] = [];
  const heights = new Map<Digest, number>();
  const heightOf = (digest: Digest, above: ReadonlySet<Digest>): number => {
    const node = nodes.get(digest);
    const known = heights.get(digest);
    if (node === undefined || node.parsed.kind === "image") return 0;
    if (known !== undefined) return known;
    if (above.has(digest)) throw limitExceeded(digest, "an index that names itself");
    const around = new Set([...above, digest]);
    const height = 1 + Math.max(0, ...node.parsed.children.map((child) => heightOf(child.digest, around)));
    heights.set(digest, height);
    return height;
  };
  for (const [digest, { manifest, parsed }] of nodes) {
    const mediaType = parsed.mediaType;
    const height = heightOf(digest, new Set());
    levels[height] = [...(levels[height] ?? []), { ...manifest, mediaType }];
  }
  return Array.from(levels, (level) => level ?? []);
}

/** The blobs that some manifests need, each once, the biggest first. Throws CopyError. */
export function blobsOfManifests(manifests: readonly Manifest[]): readonly Descriptor[] {
  return blobsIn(manifests.map((manifest) => ({ manifest, parsed: readManifest(manifest) })));
}

function blobsIn(nodes: Iterable<Node>): readonly Descriptor[] {
  const blobs = new Map<Digest, Descriptor>();
  for (const { manifest, parsed } of nodes) {
    for (const blob of parsed.kind === "image" ? blobsOf(parsed) : []) {
      const before = blobs.get(blob.digest);
      if (before !== undefined && before.size !== blob.size) {
        const message = `source: manifest ${manifest.digest}: blob ${blob.digest} has two sizes`;
        throw new CopyError(message, { kind: "malformed", side: "source", digest: blob.digest });
      }
      blobs.set(blob.digest, blob);
    }
    if (blobs.size > BLOBS_MAX)
      throw limitExceeded(manifest.digest, `more than ${BLOBS_MAX} blobs with those before it`);
  }
  return [...blobs.values()].sort((a, b) => b.size - a.size);
}

function foreignIn(nodes: ReadonlyMap<Digest, Node>): readonly Descriptor[] {
  const foreign = new Map<Digest, Descriptor>();
  for (const { parsed } of nodes.values()) {
    for (const layer of parsed.kind === "image" ? parsed.layers : []) {
      if (isForeignLayer(layer.mediaType)) foreign.set(layer.digest, layer);
    }
  }
  return [...foreign.values()];
}

function limitExceeded(digest: Digest, because: string): CopyError {
  return new CopyError(`source: manifest ${digest}: ${because}`, {
    kind: "malformed",
    side: "source",
    digest,
  });
}
