/** Puts an OCI layout into a registry, without any of the tools that are compared. */

import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { LayoutDescriptor, OciLayout } from "../test/support/registries/oci-layout.ts";

type Document = {
  readonly manifests?: readonly LayoutDescriptor[];
  readonly config?: LayoutDescriptor;
  readonly layers?: readonly LayoutDescriptor[];
};

type Place = { readonly url: string; readonly repository: string; readonly ca?: string };

/** Pushes blobs, children, root; the root gets the tag. */
export async function pushLayout(layout: OciLayout, place: Place, tag: string): Promise<void> {
  const index = JSON.parse(await readFile(join(layout.folder, "index.json"), "utf8")) as Document;
  const root = index.manifests?.[0];
  if (root === undefined) throw new Error("an empty layout");
  await pushManifest(layout, place, root, tag);
}

async function pushManifest(
  layout: OciLayout,
  place: Place,
  { digest, mediaType }: LayoutDescriptor,
  name: string,
): Promise<void> {
  const path = blobPath(layout, digest);
  const document = JSON.parse(await readFile(path, "utf8")) as Document;
  for (const child of document.manifests ?? []) await pushManifest(layout, place, child, child.digest);
  const blobs = [document.config, ...(document.layers ?? [])].filter((blob) => blob !== undefined);
  for (const blob of blobs) await pushBlob(layout, place, blob.digest);
  await ask(place, "PUT", `${place.url}/v2/${place.repository}/manifests/${name}`, path, mediaType);
}

async function pushBlob(layout: OciLayout, place: Place, digest: string): Promise<void> {
  const upload = new URL(await ask(place, "POST", `${place.url}/v2/${place.repository}/blobs/uploads/`));
  upload.searchParams.set("digest", digest);
  await ask(place, "PUT", upload.href, blobPath(layout, digest), "application/octet-stream");
}

/** Sends a file, or nothing; answers the location. */
async function ask(
  { ca }: Place,
  method: "POST" | "PUT",
  url: string,
  path?: string,
  mediaType?: string,
): Promise<string> {
  const length = path === undefined ? 0 : (await stat(path)).size;
  const headers = {
    "content-length": length,
    ...(mediaType === undefined ? {} : { "content-type": mediaType }),
  };
  const isSecure = url.startsWith("https:");
  const request = isSecure
    ? https.request(url, { method, headers, ca })
    : http.request(url, { method, headers });
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once("response", resolve);
    request.once("error", reject);
  });
  if (path === undefined) request.end();
  else await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), request);
  const answer = await answered;
  answer.resume();
  if (answer.statusCode !== 201 && answer.statusCode !== 202) {
    throw new Error(`${method} ${url}: ${answer.statusCode}`);
  }
  return answer.headers.location ?? "";
}

function blobPath({ folder }: OciLayout, digest: string): string {
  return join(folder, "blobs", ...digest.split(":"));
}
