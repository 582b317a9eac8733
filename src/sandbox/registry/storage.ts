/**
 * What a registry holds: bytes by digest, and for each repository which blobs, manifests and tags are its own.
 *
 * A blob is stored once, but a repository sees only what was pushed or mounted into it, as in the real ones.
 */

import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { type Digest, digestOf, isDigest } from "../../image/digest.ts";
import { isMembers, type Members } from "../../runtime/json.ts";

export type StoredManifest = {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
};

export type Repository = {
  readonly path: string;
  immutableTags: boolean;
  /** Only its owning account can read it. */
  private: boolean;
  readonly blobs: Set<Digest>;
  readonly manifests: Map<Digest, StoredManifest>;
  readonly tags: Map<string, Digest>;
  readonly archived: Set<Digest>;
  /** When each manifest came and was last pulled, in milliseconds since the epoch. */
  readonly pushedAt: Map<Digest, number>;
  readonly pulledAt: Map<Digest, number>;
};

export type RepositoryOptions = { readonly immutableTags?: boolean; readonly private?: boolean };

/** The members of a manifest that name other content. */
export type ManifestLinks = {
  readonly blobs: readonly Digest[];
  readonly children: readonly Digest[];
  readonly subject: Digest | undefined;
};

export type Contents = ReturnType<typeof createContents>;

/** An empty registry's content. */
export function createContents() {
  const blobs = new Map<Digest, Uint8Array>();
  const repositories = new Map<string, Repository>();

  function createRepository(path: string, options: RepositoryOptions = {}): "created" | "present" {
    if (repositories.has(path)) return "present";
    repositories.set(path, {
      path,
      immutableTags: options.immutableTags ?? false,
      private: options.private ?? false,
      blobs: new Set(),
      manifests: new Map(),
      tags: new Map(),
      archived: new Set(),
      pushedAt: new Map(),
      pulledAt: new Map(),
    });
    return "created";
  }

  /** The repository, which must exist. */
  function existing(path: string): Repository {
    const found = repositories.get(path);
    assert(found !== undefined, `no repository ${path}`);
    return found;
  }

  return {
    createRepository,
    repository: (path: string): Repository | undefined => repositories.get(path),
    repositories: (): readonly string[] => [...repositories.keys()].sort(),

    /** Bytes that the repository owns from now on. */
    putBlob(path: string, bytes: Uint8Array, digest: Digest = digestOf(bytes)): Digest {
      blobs.set(digest, bytes);
      existing(path).blobs.add(digest);
      return digest;
    },
    putManifest(
      path: string,
      bytes: Uint8Array,
      mediaType: string,
      digest: Digest = digestOf(bytes),
    ): Digest {
      existing(path).manifests.set(digest, { digest, mediaType, bytes });
      return digest;
    },
    blob: (digest: Digest): Uint8Array | undefined => blobs.get(digest),
    /** The blob as this repository sees it. */
    blobIn(path: string, digest: Digest): Uint8Array | undefined {
      return repositories.get(path)?.blobs.has(digest) === true ? blobs.get(digest) : undefined;
    },
    /** The manifest that a tag or a digest names. */
    manifest(path: string, name: string): StoredManifest | undefined {
      const repository = repositories.get(path);
      const digest = isDigest(name) ? name : repository?.tags.get(name);
      return digest === undefined ? undefined : repository?.manifests.get(digest);
    },
    /** The manifests of a repository whose `subject` is this digest, in the order of their digests. */
    referrers(path: string, subject: Digest): readonly StoredManifest[] {
      const all = [...(repositories.get(path)?.manifests.values() ?? [])];
      const referring = all.filter(({ bytes }) => linksOf(parsed(bytes) ?? {}).subject === subject);
      return referring.sort((one, other) => (one.digest < other.digest ? -1 : 1));
    },
  };
}

/** Whether the bytes are what the digest says, by its own algorithm. */
export function matches(digest: Digest, bytes: Uint8Array): boolean {
  const [algorithm = "", hex] = digest.split(":");
  return createHash(algorithm).update(bytes).digest("hex") === hex;
}

/** The JSON object in a manifest's bytes, or undefined where there is none. */
export function parsed(bytes: Uint8Array): Members | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isMembers(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

/** What a manifest names. Foreign layers, which are fetched elsewhere, are not counted. */
export function linksOf(manifest: Members): ManifestLinks {
  const layers = descriptors(manifest.layers).filter(
    ({ urls, mediaType }) => !(Array.isArray(urls) || /foreign|nondistributable/.test(String(mediaType))),
  );
  return {
    blobs: digestsOf([...descriptors([manifest.config]), ...layers]),
    children: digestsOf(descriptors(manifest.manifests)),
    subject: digestsOf(descriptors([manifest.subject]))[0],
  };
}

function descriptors(list: unknown): readonly Members[] {
  return Array.isArray(list) ? list.filter(isMembers) : [];
}

function digestsOf(list: readonly Members[]): readonly Digest[] {
  return [...new Set(list.map(({ digest }) => digest).filter(isDigest))];
}
