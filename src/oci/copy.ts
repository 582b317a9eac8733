/**
 * Brings one image from any registry to any other, byte for byte.
 *
 * First it finds out what is there already; then it reads every manifest, moves the blobs of all platforms
 * in one pool, and names things last and from below: a name at the target always stands for a whole image.
 */

import { type Digest, isDigest } from "../image/digest.ts";
import { registryOf } from "../image/hosts.ts";
import { InvalidInput } from "../image/invalid-input.ts";
import { type Platform, platformMatches, printPlatform } from "../image/platform.ts";
import type { ImageReference } from "../image/reference.ts";
import { manifestName } from "../image/reference.ts";
import type { Clock } from "../runtime/clock.ts";
import { moveBlob } from "./blob-move.ts";
import { CopyError, onSide, refusedOn } from "./copy-error.ts";
import { fetchManifest, type ImageTree, readManifest, readTree } from "./image-tree.ts";
import { proofOf } from "./index-proof.ts";
import { childFor, type Descriptor, isAttestation, MANIFEST_BYTES_MAX, parseManifest } from "./manifest.ts";
import { inPool } from "./pool.ts";
import type { Quota } from "./rate-limit.ts";
import type { Manifest, ManifestHead, Repositories } from "./registry.ts";
import { RegistryError } from "./registry-error.ts";
import type { Repository } from "./repository.ts";

export type CopyRequest = {
  /** With a digest, exactly those bytes. */
  readonly source: ImageReference;
  /** Repository, and the tag to set; without a tag, and with `tagFor` absent, only digests are pushed. */
  readonly target: ImageReference;
  /** Computes the tag from the digest that is copied: `<tag>-<first 12>` in ECR. Wins over the target's own. */
  readonly tagFor?: (copied: Digest) => string;
  /** Absent: the whole image. Else only these: one platform becomes its own manifest, by its own digest. */
  readonly platforms?: readonly Platform[];
  /** The target repository was just created: nothing in it needs to be asked for. */
  readonly targetIsEmpty?: boolean;
  /** A repository of the target's registry that may hold the same blobs; the source's own where both are one registry. */
  readonly mountFrom?: string;
};

export type CopyResult = {
  /** What was copied: the source's digest for a whole image, the child's for one platform (of several, the first's). */
  readonly digest: Digest;
  /** The source's digest: an index whose child `digest` is, or `digest` itself. */
  readonly sourceDigest: Digest;
  readonly mediaType: string;
  readonly tag?: string;
  readonly alreadyPresent: boolean;
  readonly bytesMoved: number;
  readonly bytesSkipped: number;
  readonly blobsMoved: number;
  readonly blobsSkipped: number;
  readonly blobsMounted: number;
  readonly requests: { readonly source: number; readonly target: number };
  readonly quota?: Quota;
  /** One for each platform that was chosen. */
  readonly platforms?: readonly CopiedPlatform[];
  /** Layers that were left at their publisher's address, as the specification wants it. */
  readonly foreignLayers?: readonly Digest[];
  /** Whether the target also holds the index that vouches for the platform; absent where nothing needs it. */
  readonly proof?: "kept" | "refused";
};

export type CopiedPlatform = { readonly platform: string; readonly digest: Digest; readonly tag?: string };

export type CopyProgress = {
  readonly blob: Digest;
  readonly state: "started" | "moving" | "done" | "skipped" | "mounted";
  /** Of this blob. */
  readonly bytesDone: number;
  readonly bytesAll: number;
};

/** What a copy is about to do, once its manifests are read. */
export type CopyPlan = { readonly digest: Digest; readonly blobs: number; readonly bytes: number };

export type CopyOptions = {
  readonly onPlan?: (plan: CopyPlan) => void;
  readonly onProgress?: (progress: CopyProgress) => void;
  readonly signal?: AbortSignal;
};

export type CopierOptions = {
  readonly registries: Repositories;
  readonly clock: Clock;
  /** Blobs at once, for a target's host. Default: `concurrencyFor`. */
  readonly concurrency?: (targetHost: string) => number;
};

/**
 * How many blobs at once. Sixteen is the knee under latency (measured 2026-11: eight to sixteen, nothing gained
 * beyond). ECR's sockets fail under many parallel uploads (dotnet/sdk-container-builds#279); Docker's engine
 * pushes five at a time to it every day.
 */
export function concurrencyFor(targetHost: string): number {
  return registryOf(targetHost).kind === "ecr" ? 5 : 16;
}

const MANIFESTS_AT_ONCE = 8;

/** A copier over some registries. `copy` throws CopyError; nothing of it is under way once it has settled. */
export function createCopier(options: CopierOptions): {
  copy(request: CopyRequest, options?: CopyOptions): Promise<CopyResult>;
} {
  return {
    copy: async (request, copyOptions = {}) => {
      const run = new Run(request, copyOptions, options);
      try {
        return await run.copy(true);
      } catch (error) {
        if (copyOptions.signal?.aborted === true) throw run.aborted(copyOptions.signal.reason);
        if (!lacksWhatItHas(error)) throw error;
        // The target said that it has something which it has not. Once more, and nothing is taken on its word.
        return await run.copy(false);
      }
    },
  };
}

/** A manifest refused for want of what the target had said to hold. */
function lacksWhatItHas(error: unknown): boolean {
  if (!(error instanceof CopyError) || error.side !== "target") return false;
  const codes = error.refusal?.codes ?? [];
  return codes.some((code) =>
    ["BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_UNKNOWN", "MANIFEST_INVALID"].includes(code),
  );
}

type Named = { readonly manifest: Manifest; readonly tag: string | undefined };

/** One copy, from its first question to its last name. */
class Run {
  readonly #request: CopyRequest;
  readonly #options: CopyOptions;
  readonly #clock: Clock;
  readonly #concurrency: number;
  readonly #source: Repository;
  readonly #target: Repository;
  readonly #mountFrom: string | undefined;
  readonly #fetched = new Map<Digest, Manifest>();
  readonly #heads = new Map<string, ManifestHead>();
  readonly #bytes = new Map<Digest, Uint8Array>();
  readonly #tally = { bytesMoved: 0, bytesSkipped: 0, blobsMoved: 0, blobsSkipped: 0, blobsMounted: 0 };
  readonly #settled = new Set<Digest>();
  readonly #skipped = new Set<Digest>();
  #root: Digest | undefined;
  #due: readonly Descriptor[] = [];
  #trustTarget = true;

  constructor(request: CopyRequest, options: CopyOptions, { registries, clock, concurrency }: CopierOptions) {
    const { source, target } = request;
    this.#request = request;
    this.#options = options;
    this.#clock = clock;
    this.#concurrency = (concurrency ?? concurrencyFor)(target.host);
    const samePlace = source.host === target.host && source.path !== target.path;
    this.#mountFrom = request.mountFrom ?? (samePlace ? source.path : undefined);
    this.#source = registries.open(source, "pull");
    this.#target = registries.open(target, "push", this.#mountFrom === undefined ? [] : [this.#mountFrom]);
  }

  async copy(trustTarget: boolean): Promise<CopyResult> {
    this.#trustTarget = trustTarget && this.#request.targetIsEmpty !== true;
    if (!trustTarget) this.#doubt();
    const { platforms } = this.#request;
    return platforms === undefined ? this.#whole() : this.#chosen(platforms);
  }

  /** Forgets what was taken on the target's word; what this run has brought there itself is there. */
  #doubt(): void {
    for (const digest of this.#skipped) this.#settled.delete(digest);
    this.#skipped.clear();
    this.#tally.blobsSkipped = 0;
    this.#tally.bytesSkipped = 0;
  }

  aborted(reason: unknown): CopyError {
    const left = this.#due.filter(({ digest }) => !this.#settled.has(digest));
    const bytes = left.reduce((sum, { size }) => sum + size, 0);
    const words =
      left.length === 0 ? "before or after its blobs" : `${left.length} blobs of ${bytes} bytes left`;
    return new CopyError(
      `the copy was stopped, ${words}`,
      { kind: "aborted", side: "source" },
      { cause: reason },
    );
  }

  async #whole(): Promise<CopyResult> {
    const known = await this.#presentWhole();
    if (known.present !== undefined)
      return this.#result(known.present, known.present.digest, known.tag, true);
    const root = await this.#fetchRoot(known.trusted);
    const tag = this.#tagFor(root.digest);
    const tree = await readTree(this.#reader(), root, this.#signal);
    await this.#moveBlobs(tree);
    await this.#nameAll(tree, tag);
    return this.#result({ ...root, mediaType: readManifest(root).mediaType }, root.digest, tag, false, tree);
  }

  async #fetchRoot(trusted: Digest | undefined): Promise<Manifest> {
    const name = trusted ?? this.#root ?? manifestName(this.#request.source);
    const root = await fetchManifest(this.#reader(), name, this.#signal);
    this.#root = root.digest;
    return root;
  }

  /** Whether the target has it: at most one question to the source, and that one free. */
  async #presentWhole(): Promise<{
    readonly trusted?: Digest;
    readonly present?: { readonly digest: Digest; readonly mediaType: string };
    readonly tag?: string;
  }> {
    const { source, tagFor } = this.#request;
    if (!this.#trustTarget) return source.digest === undefined ? {} : { trusted: source.digest };
    const isTagKnown = tagFor === undefined || source.digest !== undefined;
    const early = isTagKnown ? await this.#targetHas(source.digest) : undefined;
    if (isTagKnown && early === undefined)
      return source.digest === undefined ? {} : { trusted: source.digest };
    const trusted = source.digest ?? (await this.#headSource());
    const found = isTagKnown ? early : await this.#targetHas(trusted);
    if (found?.digest !== trusted) return { trusted };
    const tag = this.#tagFor(trusted);
    return { trusted, present: found, ...(tag === undefined ? {} : { tag }) };
  }

  async #targetHas(digest: Digest | undefined): Promise<ManifestHead | undefined> {
    const name = (digest === undefined ? this.#request.target.tag : this.#tagFor(digest)) ?? digest;
    return name === undefined ? undefined : this.#headTarget(name);
  }

  /** What a name stands for at the target, asked once. */
  async #headTarget(name: string): Promise<ManifestHead | undefined> {
    const known = this.#heads.get(name);
    if (known !== undefined) return known;
    const asked = this.#target.headManifest(name, this.#signal);
    const head = await onSide("target", isDigest(name) ? name : undefined, asked);
    if (head !== undefined) this.#heads.set(name, head);
    return head;
  }

  async #headSource(): Promise<Digest> {
    const { source } = this.#request;
    const head = await onSide(
      "source",
      undefined,
      this.#source.headManifest(manifestName(source), this.#signal),
    );
    if (head !== undefined) return head.digest;
    const message = `source: ${source.host}/${source.path} has no manifest ${manifestName(source)}`;
    throw new CopyError(message, { kind: "absent", side: "source" });
  }

  async #chosen(platforms: readonly Platform[]): Promise<CopyResult> {
    const { root, isKept } = await this.#rootForPlatforms();
    const parsed = readManifest(root);
    if (parsed.kind === "image") {
      await this.#checkPlatform(root, parsed.config, platforms);
      return this.#whole();
    }
    const children = platforms.map((platform) => {
      const child = childFor(parsed, platform);
      if (child !== undefined) return { platform: printPlatform(platform), child };
      const offered = parsed.children
        .filter((one) => !isAttestation(one))
        .flatMap((one) => (one.platform ? [printPlatform(one.platform)] : []));
      throw this.#platformAbsent(root.digest, platform, offered.join(", "));
    });

    const copied: CopiedPlatform[] = [];
    const trees: { tree: ImageTree; tag: string | undefined }[] = [];
    for (const { platform, child } of children) {
      const tag = this.#platformTag(child.digest, platform, platforms.length);
      copied.push({ platform, digest: child.digest, ...(tag === undefined ? {} : { tag }) });
      const held = this.#trustTarget ? await this.#headTarget(tag ?? child.digest) : undefined;
      if (held?.digest === child.digest) continue;
      const manifest = await fetchManifest(this.#reader(), child.digest, this.#signal);
      trees.push({ tree: await readTree(this.#reader(), manifest, this.#signal), tag });
    }

    const all = merged(trees.map(({ tree }) => tree));
    if (all !== undefined) await this.#moveBlobs(all);
    // Before the name: whoever finds the name finds the proof as well.
    const proof = isKept ? "kept" : await this.#keepProof({ ...root, mediaType: parsed.mediaType });
    for (const { tree, tag } of trees) await this.#nameAll(tree, tag);
    const first = children[0]?.child;
    const named = first === undefined ? root : { digest: first.digest, mediaType: first.mediaType };
    return {
      ...this.#result(named, root.digest, copied[0]?.tag, trees.length === 0, all),
      platforms: copied,
      proof,
    };
  }

  /** The index, from the proof that an earlier copy left at the target where there is one: the source is not asked for it. */
  async #rootForPlatforms(): Promise<{ root: Manifest; isKept: boolean }> {
    const { source, target, tagFor } = this.#request;
    let trusted = source.digest;
    if (this.#trustTarget) {
      if (trusted === undefined) {
        // A tag that the target does not have yet cannot have a proof worth asking the source about first.
        const name = tagFor === undefined ? target.tag : undefined;
        const isNew = name !== undefined && (await this.#headTarget(name)) === undefined;
        if (!isNew) trusted = await this.#headSource();
      }
      const kept = trusted === undefined ? undefined : await this.#keptIndex(trusted);
      if (kept !== undefined) return { root: kept, isKept: true };
    }
    const root = await this.#fetchRoot(trusted);
    return { root, isKept: false };
  }

  async #keptIndex(digest: Digest): Promise<Manifest | undefined> {
    const asked = this.#target.getBlob(digest, MANIFEST_BYTES_MAX, this.#signal);
    const bytes = await onSide("target", digest, asked).catch((error: unknown) => {
      this.#signal?.throwIfAborted();
      if (error instanceof CopyError) return undefined;
      throw error;
    });
    if (bytes === undefined) return undefined;
    try {
      const { mediaType } = parseManifest(bytes);
      return { digest, bytes, size: bytes.byteLength, mediaType };
    } catch (error) {
      if (error instanceof InvalidInput) return undefined;
      throw error;
    }
  }

  /** Stores the index beside its child. A registry that will not have it costs the proof, not the copy. */
  async #keepProof(index: Manifest): Promise<"kept" | "refused"> {
    const proof = proofOf(index);
    for (const blob of proof.blobs) this.#bytes.set(blob.digest, blob.bytes);
    try {
      for (const blob of proof.blobs) {
        await moveBlob(this.#route(), blob, this.#signal ?? new AbortController().signal);
      }
      await this.#name({ manifest: proof.manifest, tag: proof.tag });
      return "kept";
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (error instanceof CopyError && ["malformed", "denied", "absent", "tag-taken"].includes(error.kind))
        return "refused";
      throw error;
    }
  }

  async #checkPlatform(root: Manifest, config: Descriptor, platforms: readonly Platform[]): Promise<void> {
    const asked = this.#source.getBlob(config.digest, MANIFEST_BYTES_MAX, this.#signal);
    const bytes = await onSide("source", config.digest, asked);
    if (bytes === undefined) {
      const message = `source: ${this.#source.host}/${this.#source.path} has no config ${config.digest}`;
      throw new CopyError(message, { kind: "absent", side: "source", digest: config.digest });
    }
    this.#bytes.set(config.digest, bytes);
    const offered = platformIn(bytes);
    const wrong = platforms.find((platform) => offered === undefined || !platformMatches(platform, offered));
    if (wrong === undefined) return;
    throw this.#platformAbsent(root.digest, wrong, offered === undefined ? "none" : printPlatform(offered));
  }

  #platformAbsent(digest: Digest, platform: Platform, offered: string): CopyError {
    const message = `source: ${this.#source.host}/${this.#source.path}@${digest} is not for ${printPlatform(platform)}; it has ${offered}`;
    return new CopyError(message, { kind: "platform-absent", side: "source", digest });
  }

  async #moveBlobs(tree: ImageTree): Promise<void> {
    this.#due = tree.blobs;
    const bytes = tree.blobs.reduce((sum, { size }) => sum + size, 0);
    this.#options.onPlan?.({ digest: tree.root, blobs: tree.blobs.length, bytes });
    const todo = tree.blobs.filter(({ digest }) => !this.#settled.has(digest));
    await inPool(todo, this.#concurrency, (blob, signal) => this.#moveBlob(blob, signal), this.#signal);
  }

  async #moveBlob(blob: Descriptor, signal: AbortSignal): Promise<void> {
    const { onProgress } = this.#options;
    let bytesDone = 0;
    const tell = (state: CopyProgress["state"]): void =>
      onProgress?.({ blob: blob.digest, state, bytesDone, bytesAll: blob.size });
    const onBytes = (bytes: number): void => {
      bytesDone += bytes;
      tell("moving");
    };
    tell("started");
    const route = this.#route(onProgress === undefined ? undefined : onBytes);
    const outcome = await moveBlob(route, blob, signal);
    this.#settled.add(blob.digest);
    bytesDone = blob.size;
    if (outcome === "moved") {
      this.#tally.blobsMoved += 1;
      this.#tally.bytesMoved += blob.size;
      tell("done");
    } else {
      this.#tally.bytesSkipped += blob.size;
      if (outcome === "mounted") this.#tally.blobsMounted += 1;
      else {
        this.#tally.blobsSkipped += 1;
        this.#skipped.add(blob.digest);
      }
      tell(outcome);
    }
  }

  /** Children by their digests, then what names them; the root by its tag. */
  async #nameAll(tree: ImageTree, tag: string | undefined): Promise<void> {
    for (const level of tree.levels) {
      await inPool(
        level,
        MANIFESTS_AT_ONCE,
        (manifest, signal) =>
          this.#name({ manifest, tag: manifest.digest === tree.root ? tag : undefined }, signal),
        this.#signal,
      );
    }
  }

  async #name({ manifest, tag }: Named, signal = this.#signal): Promise<void> {
    try {
      await this.#target.putManifest(tag ?? manifest.digest, manifest, signal);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      const refused = refusedOn("target", manifest.digest, error);
      if (tag === undefined || !["malformed", "denied"].includes(error.kind)) throw refused;
      // An immutable tag refuses even the manifest that it already stands for (ECR: TAG_INVALID).
      const holds = await onSide("target", manifest.digest, this.#target.headManifest(tag, signal)).catch(
        () => undefined,
      );
      if (holds?.digest === manifest.digest) return;
      if (holds === undefined || !isImmutable(error)) throw refused;
      const message = `target: tag ${tag} stands for ${holds.digest} and cannot be moved to ${manifest.digest}`;
      throw new CopyError(
        message,
        { kind: "tag-taken", side: "target", digest: manifest.digest },
        { cause: error },
      );
    }
  }

  #tagFor(digest: Digest): string | undefined {
    const { tagFor, target } = this.#request;
    return tagFor === undefined ? target.tag : tagFor(digest);
  }

  /** One tag cannot stand for several platforms: each gets its own. */
  #platformTag(digest: Digest, platform: string, count: number): string | undefined {
    const tag = this.#tagFor(digest);
    if (tag === undefined || count === 1 || this.#request.tagFor !== undefined) return tag;
    return `${tag}-${platform.replaceAll("/", "-")}`;
  }

  get #signal(): AbortSignal | undefined {
    return this.#options.signal;
  }

  #reader(): Parameters<typeof readTree>[0] {
    return {
      source: this.#source,
      target: this.#target,
      fetched: this.#fetched,
      askTarget: this.#trustTarget,
    };
  }

  #route(onBytes?: (bytes: number) => void): Parameters<typeof moveBlob>[0] {
    return {
      source: this.#source,
      target: this.#target,
      clock: this.#clock,
      askTarget: this.#trustTarget,
      mountFrom: this.#mountFrom,
      bytesOf: (digest) => this.#bytes.get(digest),
      ...(onBytes === undefined ? {} : { onBytes }),
    };
  }

  #result(
    copied: { readonly digest: Digest; readonly mediaType: string },
    sourceDigest: Digest,
    tag: string | undefined,
    alreadyPresent: boolean,
    tree?: ImageTree,
  ): CopyResult {
    const { quota } = this.#source;
    return {
      digest: copied.digest,
      sourceDigest,
      mediaType: copied.mediaType,
      alreadyPresent,
      ...this.#tally,
      requests: { source: this.#source.requests, target: this.#target.requests },
      ...(tag === undefined ? {} : { tag }),
      ...(quota === undefined ? {} : { quota }),
      ...(tree === undefined || tree.foreign.length === 0
        ? {}
        : { foreignLayers: tree.foreign.map(({ digest }) => digest) }),
    };
  }
}

function isImmutable(error: RegistryError): boolean {
  return error.codes.includes("TAG_INVALID") || /immutable|already exists/i.test(error.message);
}

function platformIn(config: Uint8Array): Platform | undefined {
  try {
    const { os, architecture, variant } = JSON.parse(new TextDecoder().decode(config)) as Record<
      string,
      unknown
    >;
    if (typeof os !== "string" || typeof architecture !== "string") return undefined;
    return { os, architecture, ...(typeof variant === "string" && variant !== "" ? { variant } : {}) };
  } catch {
    return undefined;
  }
}

/** Several platforms share what they share: one pool over the blobs of all. */
function merged(trees: readonly ImageTree[]): ImageTree | undefined {
  const first = trees[0];
  if (first === undefined) return undefined;
  const unique = new Map(trees.flatMap(({ blobs }) => blobs).map((blob) => [blob.digest, blob]));
  return {
    ...first,
    blobs: [...unique.values()].sort((a, b) => b.size - a.size),
    foreign: trees.flatMap(({ foreign }) => foreign),
  };
}
