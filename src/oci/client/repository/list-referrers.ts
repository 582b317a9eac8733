/** The manifests that have one manifest as their subject: signatures, attestations, bills of materials. */

import type { Digest } from "../../../image/digest.ts";
import { InvalidInput } from "../../../image/invalid-input.ts";
import { type Descriptor, MANIFEST_BYTES_MAX, parseManifest } from "../manifest.ts";
import { bareMediaType, OCI_INDEX } from "../media-types.ts";
import type { ReadAnswer, RepositoryRequests } from "./repository-requests.ts";

const REFERRER_PAGES_MAX = 16;

/**
 * The registry's own list, all pages; undefined where the registry keeps none.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
 */
export async function listReferrers(
  requests: RepositoryRequests,
  subject: Digest,
  signal?: AbortSignal,
): Promise<readonly Descriptor[] | undefined> {
  const attempted = `GET referrers ${requests.named(subject)}`;
  const referrers: Descriptor[] = [];
  let url: URL | undefined = requests.url(`referrers/${subject}`);
  let came = 0;
  for (let page = 0; url !== undefined; page++) {
    if (page >= REFERRER_PAGES_MAX) throw requests.malformed(`${attempted}: the list has no end`);
    const { answer, bytes }: ReadAnswer = await requests.sendAndRead(
      {
        method: "GET",
        url,
        headers: { accept: OCI_INDEX },
        attempted,
        accepts: [200, 400, 404, 405],
        signal,
      },
      MANIFEST_BYTES_MAX,
    );
    const isList = answer.status === 200 && bareMediaType(answer.headers["content-type"]) === OCI_INDEX;
    if (!isList) return undefined;
    if (bytes === undefined) throw requests.malformed(`${attempted}: the list is over 4 MiB`);
    came += bytes.byteLength;
    if (came > 2 * MANIFEST_BYTES_MAX) throw requests.malformed(`${attempted}: the list is over 8 MiB`);
    referrers.push(...listIn(requests, bytes, attempted));
    const next = /<([^>]+)>\s*;[^,]*\brel="?next"?/i.exec(answer.headers.link ?? "")?.[1];
    url = next === undefined ? undefined : requests.client.resolve(next, url, attempted);
  }
  return referrers;
}

function listIn(requests: RepositoryRequests, bytes: Uint8Array, attempted: string): readonly Descriptor[] {
  try {
    const list = parseManifest(bytes, OCI_INDEX);
    return list.kind === "index" ? list.children : [];
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw requests.malformed(`${attempted}: ${error.message}`);
  }
}
