/**
 * Copies what refers to an image: signatures, attestations, bills of materials.
 *
 * Three ways lead to them. Registries of OCI 1.1 list whatever names an image as its subject; older ones keep
 * that list as an index under the tag `sha256-<hex>`; and cosign's own tags end in `.sig`, `.att` and `.sbom`.
 * What is found is copied like any image. Where the target keeps no list by itself, the tag is written for it.
 */

import { type Digest, digestOf } from "../../image/digest.ts";
import { type Descriptor, isAttestation } from "../client/manifest.ts";
import { OCI_INDEX } from "../client/media-types.ts";
import type { Repository } from "../client/repository/repository.ts";
import type { Manifest } from "../client/types.ts";
import { CopyError, withSide } from "./copy-error.ts";
import type { CopySession } from "./copy-session.ts";
import { readManifest } from "./manifest-graph.ts";
import type { CopiedReferrer } from "./types.ts";

/** Who signs a signature's bill of materials: a chain that is longer says nothing more. */
const DEPTH_MAX = 3;
/** Far more referrers than images have; each is a request at a source that may count them. */
const REFERRERS_MAX = 256;
const COSIGN_SUFFIXES = [".sig", ".att", ".sbom"];

/** Copies what refers to these manifests, and what refers to that. Throws CopyError. */
export async function copyReferrers(
  session: CopySession,
  subjects: readonly Digest[],
): Promise<readonly CopiedReferrer[]> {
  const copied = new Map<string, CopiedReferrer>();
  const seen = new Set(subjects);
  let due = subjects;
  for (let depth = 0; due.length > 0 && depth < DEPTH_MAX; depth++) {
    const found: Digest[] = [];
    for (const subject of due) {
      for (const referrer of [
        ...(await copyListed(session, subject)),
        ...(await copyTagged(session, subject)),
      ]) {
        copied.set(`${referrer.tag ?? ""}@${referrer.digest}`, referrer);
        found.push(referrer.digest);
      }
      if (copied.size > REFERRERS_MAX) throw tooMany(subject);
    }
    due = [...new Set(found)].filter((digest) => !seen.has(digest));
    for (const digest of due) seen.add(digest);
  }
  return [...copied.values()];
}

/** A copied manifest and, of an index, its platforms: signers name either. What is at the target need not be asked for. */
export async function subjectsOf(session: CopySession, digest: Digest): Promise<readonly Digest[]> {
  const atTarget =
    session.fetched(digest) ??
    (await withSide("target", digest, session.target.getManifest(digest, session.signal)));
  if (atTarget === undefined) return [digest];
  const parsed = readManifest(atTarget);
  if (parsed.kind === "image") return [digest];
  return [digest, ...parsed.children.filter((child) => !isAttestation(child)).map((child) => child.digest)];
}

/** The referrers of this manifest, from the registry's list or from the fallback tag. */
async function copyListed(session: CopySession, subject: Digest): Promise<readonly CopiedReferrer[]> {
  const listed = await referrersAt(session, session.source, "source", subject);
  if (listed.referrers.length > REFERRERS_MAX) throw tooMany(subject);
  const copied: CopiedReferrer[] = [];
  for (const { digest, artifactType } of listed.referrers) {
    const alreadyPresent = await copyOne(session, digest, undefined);
    copied.push({ digest, subject, ...(artifactType === undefined ? {} : { artifactType }), alreadyPresent });
  }
  if (copied.length > 0) await keepList(session, subject, listed);
  return copied;
}

/** cosign's tags, which are made of the digest that was signed. */
async function copyTagged(session: CopySession, subject: Digest): Promise<readonly CopiedReferrer[]> {
  const tags = COSIGN_SUFFIXES.map((suffix) => `${tagOf(subject)}${suffix}`);
  // A HEAD is free where pulls are counted; most images have none of the three.
  const heads = await Promise.all(
    tags.map((tag) => withSide("source", subject, session.source.headManifest(tag, session.signal))),
  );
  const copied: CopiedReferrer[] = [];
  for (const [index, head] of heads.entries()) {
    const tag = tags[index];
    if (head === undefined || tag === undefined) continue;
    const alreadyPresent = await copyOne(session, head.digest, tag);
    copied.push({ digest: head.digest, subject, tag, alreadyPresent });
  }
  return copied;
}

/** Whether it was there already. */
async function copyOne(session: CopySession, digest: Digest, tag: string | undefined): Promise<boolean> {
  if ((await session.ensureTagged(digest, tag)) !== undefined) return true;
  const tree = await session.readGraph(await session.fetch(digest));
  await session.moveBlobs(tree);
  await session.pushManifests(tree, tag);
  return false;
}

type Listed = {
  readonly referrers: readonly Descriptor[];
  /** Whether the registry makes the list itself. */
  readonly byRegistry: boolean;
  /** The list as the tag keeps it. */
  readonly index?: Manifest;
};

async function referrersAt(
  session: CopySession,
  at: Repository,
  side: "source" | "target",
  subject: Digest,
): Promise<Listed> {
  const listed = await withSide(side, subject, at.listReferrers(subject, session.signal));
  if (listed !== undefined) return { referrers: listed, byRegistry: true };
  const tag = tagOf(subject);
  const head = await withSide(side, subject, at.headManifest(tag, session.signal));
  if (head === undefined) return { referrers: [], byRegistry: false };
  const index =
    side === "source"
      ? await session.fetch(head.digest)
      : await withSide(side, subject, at.getManifest(head.digest, session.signal));
  if (index === undefined) return { referrers: [], byRegistry: false };
  const parsed = readManifest(index);
  // A tag of that name that is not a referrers list belongs to the publisher.
  if (parsed.kind !== "index") return { referrers: [], byRegistry: false };
  return { referrers: parsed.children, byRegistry: false, index: { ...index, mediaType: parsed.mediaType } };
}

/** The list under its tag, where the target makes none itself: what is listed there stays listed. */
async function keepList(session: CopySession, subject: Digest, listed: Listed): Promise<void> {
  const atTarget = await referrersAt(session, session.target, "target", subject);
  const known = new Set(atTarget.referrers.map(({ digest }) => digest));
  const added = listed.referrers.filter(({ digest }) => !known.has(digest));
  if (atTarget.byRegistry || added.length === 0) return;
  const asItIs = atTarget.referrers.length === 0 ? listed.index : undefined;
  await session.pushManifest(asItIs ?? indexOf([...atTarget.referrers, ...added]), tagOf(subject));
}

function indexOf(referrers: readonly Descriptor[]): Manifest {
  const manifests = referrers.map(({ data: _embedded, ...described }) => described);
  const document = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  const bytes = Buffer.from(JSON.stringify(document));
  return { digest: digestOf(bytes), bytes, size: bytes.byteLength, mediaType: OCI_INDEX };
}

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema */
function tagOf(subject: Digest): string {
  const [algorithm = "", hex = ""] = subject.split(":");
  return `${algorithm}-${hex.slice(0, 64)}`;
}

function tooMany(digest: Digest): CopyError {
  const fields = { kind: "malformed", side: "source", digest } as const;
  return new CopyError(
    `source: manifest ${digest}: more than ${REFERRERS_MAX} manifests refer to it`,
    fields,
  );
}
