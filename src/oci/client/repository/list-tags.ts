/**
 * The tags of a repository, a page after the other; no registry counts it as a pull.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags
 */

import { isTag } from "../../../image/reference.ts";
import { MANIFEST_BYTES_MAX } from "../manifest.ts";
import type { RepositoryRequests } from "./repository-requests.ts";

const PAGES_MAX = 20;
const TAGS_OF_A_PAGE = 1000;

/** `isWhole`: the registry sent its whole list. */
export type TagList = { readonly tags: readonly string[]; readonly isWhole: boolean };

/** Undefined where the registry has no such repository. What is not a tag, such as a path, is left out. Throws RegistryError. */
export async function listTags(
  requests: RepositoryRequests,
  signal?: AbortSignal,
): Promise<TagList | undefined> {
  const attempted = `GET tags of ${requests.host}/${requests.path}`;
  const tags: string[] = [];
  let url: URL | undefined = requests.url("tags/list");
  url.searchParams.set("n", String(TAGS_OF_A_PAGE));
  for (let page = 0; url !== undefined; page++) {
    if (page >= PAGES_MAX) return { tags, isWhole: false };
    const asked = { method: "GET", url, attempted, accepts: [200, 404], signal } as const;
    const { answer, bytes } = await requests.sendAndRead(asked, MANIFEST_BYTES_MAX);
    if (answer.status === 404) return undefined;
    if (bytes === undefined) throw requests.malformed(`${attempted}: the list is over 4 MiB`);
    tags.push(...tagsIn(requests, bytes, attempted));
    const next: string | undefined = /<([^>]+)>\s*;[^,]*\brel="?next"?/i.exec(answer.headers.link ?? "")?.[1];
    url = next === undefined ? undefined : requests.client.resolve(next, url, attempted);
  }
  return { tags, isWhole: true };
}

function tagsIn(requests: RepositoryRequests, bytes: Uint8Array, attempted: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(new TextDecoder().decode(bytes));
    // Some registries write null for an empty list.
    const tags = (list as { readonly tags?: unknown } | null)?.tags ?? [];
    if (Array.isArray(tags) && tags.every((tag) => typeof tag === "string")) return tags.filter(isTag);
  } catch {
    // Reported below.
  }
  throw requests.malformed(`${attempted}: the answer is not a list of tags`);
}
