/**
 * Brings one blob from the source to the target, or finds that it is there.
 *
 * The GET and the POST go out together: they wait for different machines. A stream cannot be sent twice, so
 * what breaks in the middle of an upload begins again from the question whether the target has it.
 */

import type { Digest } from "../../../image/digest.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Descriptor } from "../../client/manifest.ts";
import { RegistryError } from "../../client/registry-error.ts";
import type { Repository, Upload } from "../../client/repository/repository.ts";
import type { RegistryResponse } from "../../http/transport.ts";
import { CopyError, toCopyError, withSide } from "../copy-error.ts";
import { UploadUnanswered } from "./upload-unanswered.ts";
import { DigestMismatch, VerifiedBlobStream } from "./verified-blob-stream.ts";

export type BlobTransfer = {
  readonly source: Repository;
  readonly target: Repository;
  readonly clock: Clock;
  /** Ask the target first. Not where the answer is known. */
  readonly askTarget: boolean;
  /** A repository at the target's registry that may hold the blob. */
  readonly mountFrom?: string | undefined;
  /** Bytes that are already here: an index, an empty config. */
  readonly bytesOf?: (digest: Digest) => Uint8Array | undefined;
  readonly onBytes?: (bytes: number) => void;
};

const TRIES_MAX = 3;
/** Each costs minutes of waiting, and the whole blob. */
const UNANSWERED_TRIES_MAX = 2;
const PAUSE_MS = 500;
/** So small that a stream costs more than the bytes: fetched whole, checked, and sent from memory. */
const SMALL_BYTES = 64 * 1024;

/** Moves a blob, verified in flight. Throws CopyError, or the signal's reason. */
export async function transferBlob(
  route: BlobTransfer,
  blob: Descriptor,
  signal: AbortSignal,
): Promise<"moved" | "skipped" | "mounted"> {
  let again: Again = { askTarget: route.askTarget, fresh: false };
  for (let attempt = 1; ; attempt++) {
    try {
      return await transferOnce(route, blob, again, signal);
    } catch (error) {
      signal.throwIfAborted();
      const refusal = error instanceof CopyError ? error.refusal : undefined;
      // A token that ran out on the way is renewed by now; that, too, is said to pass.
      const isUnanswered = refusal?.cause instanceof UploadUnanswered;
      if (
        attempt >= (isUnanswered ? UNANSWERED_TRIES_MAX : TRIES_MAX) ||
        refusal === undefined ||
        !(refusal.transient || isLostUpload(refusal))
      )
        throw error;
      again = { askTarget: true, fresh: refusal.status === undefined };
      const asked = (refusal.retryAfterSeconds ?? 0) * 1000;
      await route.clock.sleep(asked + PAUSE_MS * 2 ** attempt, signal);
    }
  }
}

/** An upload that its registry has forgotten on the way: it ran out, or another instance has it. The next one is new. */
function isLostUpload({ codes }: RegistryError): boolean {
  return codes.includes("BLOB_UPLOAD_UNKNOWN");
}

/** What a try knows from the one before. */
type Again = {
  readonly askTarget: boolean;
  /** It met no answer: the upload gets a connection of its own. */
  readonly fresh: boolean;
};

async function transferOnce(
  route: BlobTransfer,
  blob: Descriptor,
  { askTarget, fresh }: Again,
  signal: AbortSignal,
): Promise<"moved" | "skipped" | "mounted"> {
  const { source, target, mountFrom } = route;
  const { digest } = blob;
  if (askTarget && (await withSide("target", digest, target.hasBlob(digest, signal)))) return "skipped";
  const begin = (): Promise<Upload> =>
    withSide("target", digest, target.beginUpload(digest, mountFrom, signal));
  const bytes = route.bytesOf?.(digest);
  // Where a mount may spare the bytes, its answer comes first.
  const early = mountFrom === undefined && bytes === undefined ? undefined : await begin();
  if (early?.kind === "mounted") return "mounted";
  const begun = early === undefined ? begin() : Promise.resolve(early);

  if (bytes !== undefined || blob.size <= SMALL_BYTES) {
    const fetched = bytes === undefined ? fetchSmall(route, blob, signal) : Promise.resolve(bytes);
    const [content, upload] = await allOrCleanUp(fetched, begun, target, () => {});
    const put = withSide("target", digest, target.putBlob(upload, blob, content, signal, fresh));
    await orGivenUp(target, upload, put);
    route.onBytes?.(blob.size);
    return "moved";
  }
  const opened = openAt(source, blob, 0, signal);
  const [first, upload] = await allOrCleanUp(opened, begun, target, ({ body }) => body.destroy());
  await orGivenUp(target, upload, stream(route, blob, first, { upload, fresh }, signal));
  return "moved";
}

/** What was begun and not brought to its end is given up there, also where the copy was stopped. */
async function orGivenUp(target: Repository, upload: URL, put: Promise<void>): Promise<void> {
  try {
    await put;
  } catch (error) {
    await target.cancelUpload(upload);
    throw error;
  }
}

async function stream(
  { source, target, clock, onBytes }: BlobTransfer,
  blob: Descriptor,
  first: RegistryResponse,
  { upload, fresh }: { readonly upload: URL; readonly fresh: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { digest, size } = blob;
  const open = (offset: number): Promise<RegistryResponse> => openAt(source, blob, offset, signal);
  const body = new VerifiedBlobStream(
    { digest, size, open, clock, ...(onBytes === undefined ? {} : { onBytes }) },
    first,
  );
  body.on("error", () => {});
  try {
    await target.putBlob(upload, blob, body, signal, fresh);
    if (!body.readableEnded) await assertStored(target, digest, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (body.errored === null)
      throw error instanceof RegistryError ? toCopyError("target", digest, error) : error;
    throw brokenSource(source, digest, body.errored);
  } finally {
    body.destroy();
  }
}

/** A yes before the last byte may be true, of a blob that the target had; it is not taken on trust. */
async function assertStored(target: Repository, digest: Digest, signal: AbortSignal): Promise<void> {
  if (await target.hasBlob(digest, signal)) return;
  const message = `PUT blob ${target.host}/${target.path}@${digest}: said yes before the blob had come, and has it not`;
  throw new RegistryError(message, { kind: "malformed", host: target.host });
}

function brokenSource(source: Repository, digest: Digest, cause: Error): Error {
  if (cause instanceof CopyError) return cause;
  const named = `blob ${source.host}/${source.path}@${digest}: ${cause.message}`;
  if (cause instanceof DigestMismatch) {
    return new CopyError(`source: ${named}`, { kind: "mismatch", side: "source", digest }, { cause });
  }
  const fields = { kind: "unavailable", host: source.host, transient: false } as const;
  return toCopyError("source", digest, new RegistryError(named, fields, { cause }));
}

async function openAt(
  source: Repository,
  { digest, size }: Descriptor,
  offset: number,
  signal: AbortSignal,
): Promise<RegistryResponse> {
  const asked = source.openBlob(digest, offset, signal, size > SMALL_BYTES);
  const answer = await withSide("source", digest, asked);
  if (answer !== undefined) return answer;
  const message = `source: ${source.host}/${source.path} has no blob ${digest}, which its manifest names`;
  throw new CopyError(message, { kind: "absent", side: "source", digest });
}

async function fetchSmall(
  { source, clock }: BlobTransfer,
  blob: Descriptor,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { digest, size } = blob;
  const first = await openAt(source, blob, 0, signal);
  const open = (offset: number): Promise<RegistryResponse> => openAt(source, blob, offset, signal);
  const body = new VerifiedBlobStream({ digest, size, open, clock }, first);
  const onAbort = (): void => void body.destroy(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof Error ? brokenSource(source, digest, error) : error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** Both answers, or the one failure with the other side tidied up: no body left open, no upload left begun. */
async function allOrCleanUp<T>(
  fetched: Promise<T>,
  begun: Promise<Upload>,
  target: Repository,
  letGo: (fetched: T) => void,
): Promise<[T, URL]> {
  const [content, upload] = await Promise.allSettled([fetched, begun]);
  const url = upload.status === "fulfilled" && upload.value.kind === "open" ? upload.value.url : undefined;
  if (content.status === "fulfilled" && url !== undefined) return [content.value, url];
  if (content.status === "fulfilled") letGo(content.value);
  if (url !== undefined) await target.cancelUpload(url);
  throw content.status === "rejected" ? content.reason : (upload as PromiseRejectedResult).reason;
}
