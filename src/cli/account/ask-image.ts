/**
 * What a public registry says of an image without a login: a HEAD, which is not a pull. An image's name may come
 * from a stranger's file, so only well-known registries are asked.
 */

import type { AskImage, OpeningImages } from "../../aws/diagnosis/account-reads.ts";
import { type Download, openingImages } from "../../aws/diagnosis/image-config.ts";
import { tryParseReference } from "../../image/reference.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import { createRegistries } from "../../oci/client/registries.ts";
import { RegistryError, type RegistryErrorKind } from "../../oci/client/registry-error.ts";
import { httpTransport } from "../../oci/http/http-transport.ts";
import { parseEndpoints } from "../../oci/http/registry-endpoints.ts";
import { readBody } from "../../oci/http/response-body.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { CommandIo } from "../io.ts";

const PUBLIC_HOSTS = new Set([
  "ghcr.io",
  "quay.io",
  "gcr.io",
  "registry.k8s.io",
  "mcr.microsoft.com",
  "registry.gitlab.com",
]);
const REQUEST_SECONDS = 15;

const ANSWER_OF: Readonly<Partial<Record<RegistryErrorKind, "refused" | "limited" | "absent">>> = {
  unauthorized: "refused",
  denied: "refused",
  "rate-limited": "limited",
  absent: "absent",
};

/** A config is a few kilobytes; its history may make it longer. */
const CONFIG_BYTES_MAX = 4 * 1024 * 1024;

export type AskingImages = { readonly ask: AskImage; readonly opening: OpeningImages; close(): void };

export function askingImages(io: CommandIo): AskingImages {
  const transport = httpTransport({ clock: systemClock, proxyEnv: io.env });
  const send = io.outgoing?.sending(transport) ?? transport;
  const endpoints = parseEndpoints(io.env.REPULL_REGISTRY_ENDPOINTS);
  const registries = createRegistries({
    send,
    clock: systemClock,
    endpoints,
    requestSeconds: REQUEST_SECONDS,
  });
  const asked = new Map<string, ReturnType<AskImage>>();
  const ask: AskImage = async (image) => {
    const reference = tryParseReference(image);
    const host = reference?.host ?? "";
    if (reference === undefined || (registryOf(host).kind === "other" && !PUBLIC_HOSTS.has(host)))
      return {
        kind: "unknown",
        because: `${host || image} is not asked: it is not one of the public registries`,
      };
    try {
      const head = await registries.headManifest(reference, io.signal);
      return { kind: head === undefined ? "absent" : "found" };
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      const kind = ANSWER_OF[error.kind];
      return kind === undefined ? { kind: "unknown", because: error.message.slice(0, 200) } : { kind };
    }
  };
  const download: Download = async (url) => {
    const { signal } = io;
    const answer = await send({ method: "GET", url, headers: {}, signal });
    const bytes =
      answer.status === 200 ? await readBody(answer, CONFIG_BYTES_MAX, systemClock, signal) : undefined;
    answer.body.destroy();
    if (bytes === undefined) throw new Error(`${url.host} answers ${answer.status}, or more than a config`);
    return bytes;
  };
  return {
    opening: openingImages(download),
    ask: (image) => {
      const answer = asked.get(image) ?? ask(image);
      asked.set(image, answer);
      return answer;
    },
    close: () => transport.close(),
  };
}
