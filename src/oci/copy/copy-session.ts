/** A copy's hands: how it asks, how it has blobs moved, and how it puts names on things. */

import { type Digest, digestOf, isDigest } from "../../image/digest.ts";
import { manifestName } from "../../image/reference.ts";
import type { Clock } from "../../runtime/clock.ts";
import { forEachConcurrently } from "../../runtime/for-each-concurrently.ts";
import type { Descriptor } from "../client/manifest.ts";
import type { Repositories } from "../client/registries.ts";
import { RegistryError } from "../client/registry-error.ts";
import type { Repository } from "../client/repository/repository.ts";
import type { Manifest, ManifestHead } from "../client/types.ts";
import { CopyBlobs, type CopyStats } from "./blobs/copy-blobs.ts";
import { CopyError, toCopyError, withSide } from "./copy-error.ts";
import { fetchManifest, type GraphReader, type ManifestGraph, readGraph } from "./manifest-graph.ts";
import { EMPTY_CONFIG } from "./retained-index.ts";
import type { CopyOptions, CopyRequest, CopyResult } from "./types.ts";

/** Where and how fast a copy runs. */
export type CopyEnvironment = {
  readonly registries: Repositories;
  readonly clock: Clock;
  /** Blobs at once. */
  readonly concurrency: number;
};

const MANIFESTS_AT_ONCE = 8;

export class CopySession {
  readonly request: CopyRequest;
  readonly source: Repository;
  readonly target: Repository;
  readonly signal: AbortSignal;
  readonly #manifests: Map<Digest, Manifest>;
  readonly #heads = new Map<string, ManifestHead>();
  readonly #blobs: CopyBlobs;
  #root: Digest | undefined;
  #asksTarget: boolean;

  constructor(
    request: CopyRequest,
    options: CopyOptions,
    { registries, clock, concurrency }: CopyEnvironment,
  ) {
    const { source, target, targetIsEmpty, mountFrom: asked } = request;
    const { signal = new AbortController().signal, manifests = new Map<Digest, Manifest>() } = options;
    const samePlace = source.host === target.host && source.path !== target.path;
    const mountFrom = asked ?? (samePlace ? source.path : undefined);
    this.request = request;
    this.signal = signal;
    this.#manifests = manifests;
    this.#asksTarget = targetIsEmpty !== true;
    this.source = registries.open(source, "pull");
    this.target = registries.open(target, "push", mountFrom === undefined ? [] : [mountFrom]);
    const between = { source: this.source, target: this.target, mountFrom, clock, concurrency };
    this.#blobs = new CopyBlobs(between, options, signal);
    this.remember(digestOf(EMPTY_CONFIG), EMPTY_CONFIG);
  }

  /** Whether the target's word is asked for, and taken. */
  get asksTarget(): boolean {
    return this.#asksTarget;
  }

  /** Forgets what was taken on the target's word; what this copy has brought there itself is there. */
  distrustTarget(): void {
    this.#asksTarget = false;
    this.#blobs.distrustTarget();
  }

  /** The words for a copy that was stopped: what is left to do. */
  aborted(reason: unknown): CopyError {
    const { left } = this.#blobs;
    const bytes = left.reduce((sum, { size }) => sum + size, 0);
    const blobs = left.length === 1 ? "1 blob" : `${left.length} blobs`;
    const words = left.length === 0 ? "no blob was left" : `${blobs} of ${bytes} bytes left`;
    const fields = { kind: "aborted", side: "source" } as const;
    return new CopyError(`the copy was stopped, ${words}`, fields, { cause: reason });
  }

  /** The digest of the source's name, without a counted pull. */
  async headSource(): Promise<Digest> {
    const { source } = this.request;
    const name = manifestName(source);
    const head = await withSide("source", undefined, this.source.headManifest(name, this.signal));
    if (head !== undefined) return head.digest;
    const message = `source: ${source.host}/${source.path} has no manifest ${name}`;
    throw new CopyError(message, { kind: "absent", side: "source" });
  }

  /** The digest of a name at the target, requested once. */
  async headTarget(name: string): Promise<ManifestHead | undefined> {
    const known = this.#heads.get(name);
    if (known !== undefined) return known;
    const asked = this.target.headManifest(name, this.signal);
    const head = await withSide("target", isDigest(name) ? name : undefined, asked);
    if (head !== undefined) this.#heads.set(name, head);
    return head;
  }

  /** The manifest at the root of the source, fetched once. */
  async fetchRoot(trusted: Digest | undefined): Promise<Manifest> {
    const root = await this.fetch(trusted ?? this.#root ?? manifestName(this.request.source));
    this.#root = root.digest;
    return root;
  }

  /** A manifest that this run has fetched already. */
  fetched(digest: Digest): Manifest | undefined {
    return this.#manifests.get(digest);
  }

  fetch(name: string): Promise<Manifest> {
    return fetchManifest(this.#reader(), name, this.signal);
  }

  readGraph(root: Manifest): Promise<ManifestGraph> {
    return readGraph(this.#reader(), root, this.signal);
  }

  /**
   * The media type of a manifest that the target has under its name; undefined where it has not. One that it has
   * without the name gets it: what a registry holds by digest it holds whole, and a counted source is not asked.
   */
  async ensureTagged(digest: Digest, tag: string | undefined): Promise<string | undefined> {
    if (!this.asksTarget) return undefined;
    const head = await this.headTarget(tag ?? digest);
    if (head?.digest === digest) return head.mediaType;
    if (tag === undefined) return undefined;
    const existing = await withSide("target", digest, this.target.getManifest(digest, this.signal));
    if (existing === undefined) return undefined;
    await this.pushManifest(existing, tag);
    return existing.mediaType;
  }

  /** The tag for what is copied: computed from it, or the target's own. */
  tagFor(digest: Digest): string | undefined {
    const { tagFor, target } = this.request;
    return tagFor === undefined ? target.tag : tagFor(digest);
  }

  /** Keeps bytes at hand that a blob would otherwise be fetched for. */
  remember(digest: Digest, bytes: Uint8Array): void {
    this.#blobs.remember(digest, bytes);
  }

  /** Moves what a tree needs, the biggest first, and reports its progress. */
  async moveBlobs(tree: Pick<ManifestGraph, "root" | "blobs">): Promise<void> {
    await this.#blobs.move(tree, this.#asksTarget);
  }

  /** Moves a blob that is not part of the image, and is not counted with it. */
  async pushAuxiliaryBlob(blob: Descriptor): Promise<void> {
    await this.#blobs.pushAuxiliaryBlob(blob, this.#asksTarget);
  }

  /** Children by their digests, then what names them; the root by its tag. */
  async pushManifests(tree: ManifestGraph, tag: string | undefined): Promise<void> {
    for (const level of tree.levels) {
      await forEachConcurrently(
        level,
        MANIFESTS_AT_ONCE,
        (manifest, signal) =>
          this.pushManifest(manifest, manifest.digest === tree.root ? tag : undefined, signal),
        this.signal,
      );
    }
  }

  /** Stores one manifest under a tag, or under its digest. An equal digest under an immutable tag is success. */
  async pushManifest(manifest: Manifest, tag: string | undefined, signal = this.signal): Promise<void> {
    const name = tag ?? manifest.digest;
    try {
      if (await this.target.putManifest(name, manifest, signal)) return;
      const existing = await this.target.headManifest(name, signal);
      if (existing?.digest === manifest.digest) return;
      const { host, path } = this.target;
      const message = `PUT manifest ${host}/${path} ${name}: answered success, but has ${existing?.digest ?? "no such manifest"}`;
      throw new RegistryError(message, { kind: "malformed", host });
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      const refused = toCopyError("target", manifest.digest, error);
      if (tag === undefined || !["malformed", "denied"].includes(error.kind)) throw refused;
      // ECR refuses even the manifest that the tag already names: TAG_INVALID.
      const asked = this.target.headManifest(tag, signal);
      const holds = await asked.catch(() => undefined);
      if (holds?.digest === manifest.digest) return;
      if (holds === undefined || !isImmutable(error)) throw refused;
      const message = `target: tag ${tag} is ${holds.digest} and cannot be moved to ${manifest.digest}`;
      const fields = { kind: "tag-taken", side: "target", digest: manifest.digest } as const;
      throw new CopyError(message, fields, { cause: error });
    }
  }

  /** The account of what was done. */
  result(copied: {
    readonly digest: Digest;
    readonly mediaType: string;
    readonly sourceDigest: Digest;
    readonly tag: string | undefined;
    readonly alreadyPresent: boolean;
    readonly foreign?: readonly Descriptor[];
  }): CopyResult {
    const { tag, foreign = [], ...rest } = copied;
    // As it was first asked for: before this copy set it.
    const before = tag === undefined ? undefined : this.#heads.get(tag)?.digest;
    return {
      ...rest,
      ...this.stats(),
      ...(tag === undefined ? {} : { tag }),
      ...(before === undefined || before === copied.digest ? {} : { tagMovedFrom: before }),
      ...(foreign.length === 0 ? {} : { foreignLayers: foreign.map(({ digest }) => digest) }),
    };
  }

  /** What has been asked and moved so far. */
  stats(): CopyStats & Pick<CopyResult, "requests" | "quota"> {
    const { quota } = this.source;
    return {
      ...this.#blobs.tally,
      requests: { source: this.source.requests, target: this.target.requests },
      ...(quota === undefined ? {} : { quota }),
    };
  }

  #reader(): GraphReader {
    const { source, target, asksTarget: askTarget } = this;
    return { source, target, fetched: this.#manifests, askTarget };
  }
}

function isImmutable(error: RegistryError): boolean {
  return error.codes.includes("TAG_INVALID") || /immutable|already exists/i.test(error.message);
}
