/** What a refresh has brought into ECR: the images to deploy where a service is to follow its tag. */

import { canonicalName, pinToDigest, repositoryName } from "../../image/reference.ts";
import { copiesOf } from "../copies.ts";
import type { ImageStore } from "../ports.ts";
import { sourcesOfCopy } from "../source-of-copy.ts";
import type { CopiedTag } from "./copied-tags.ts";
import type { CopyTold } from "./copy-queue.ts";

/** By the source's name: images of this account, by digest. */
export type NewImages = ReadonlyMap<string, readonly string[]>;

export async function newImages(
  tags: readonly { readonly tag: CopiedTag }[],
  told: ReadonlyMap<string, CopyTold>,
  host: string,
  store: Pick<ImageStore, "images">,
): Promise<NewImages> {
  const found = new Map<string, readonly string[]>();
  const copied = tags.flatMap(({ tag }) => (told.get(tag.name)?.kind === "copied" ? tag : []));
  for (const [repository, those] of Map.groupBy(copied, (tag) => tag.repository)) {
    const images = await store.images(repository);
    if ("unread" in images) continue;
    const now = copiesOf(repository, images, new Map());
    for (const { name, source, copies } of those) {
      const before = new Set(copies.map(({ copy }) => copy.digest));
      const added = now.filter((copy) => {
        const from = sourcesOfCopy({ source: repositoryName(source) }, copy);
        return !before.has(copy.digest) && from.some(({ tag }) => tag !== undefined && tag === source.tag);
      });
      found.set(
        name,
        added.map(({ digest }) => canonicalName(pinToDigest({ host, path: repository }, digest))),
      );
    }
  }
  return found;
}
