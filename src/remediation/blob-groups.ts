/**
 * Which blobs of a copy are moved by one durable step.
 *
 * A step costs a checkpoint, and a checkpoint a round trip to Lambda: nothing beside a blob of many megabytes, and more
 * than a blob of three kilobytes. So big ones have a step each, and small ones share a few, dealt out so that as many
 * are under way at once as both registries bear.
 */

import type { Descriptor } from "../oci/manifest.ts";

const MIB = 1024 * 1024;
/** A quarter of a second in Lambda's network (40 MB/s and more at this memory): ten checkpoints and more. */
const ALONE_BYTES = 8 * MIB;
/** What small blobs of one step may come to: a second or two that would be asked for again. */
const GROUP_BYTES = 64 * MIB;

/** The blobs in groups, the biggest first. */
export function blobGroups(blobs: readonly Descriptor[], atOnce: number): readonly (readonly Descriptor[])[] {
  const bySize = [...blobs].sort((a, b) => b.size - a.size);
  const alone = bySize.filter(({ size }) => size >= ALONE_BYTES);
  const small = bySize.slice(alone.length);
  const smallBytes = small.reduce((sum, { size }) => sum + size, 0);
  const count = Math.min(small.length, Math.max(atOnce, Math.ceil(smallBytes / GROUP_BYTES)));
  const shared = Array.from({ length: count }, (_, first) =>
    small.filter((_, index) => index % count === first),
  );
  return [...alone.map((blob) => [blob]), ...shared];
}
