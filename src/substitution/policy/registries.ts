/** The policy's settings for registries: which may be queried, which endpoints replace them, and whose private images may be copied. */

import * as z from "zod/mini";
import { WELL_KNOWN } from "../../image/known-registries.ts";

const LIST_MAX = 200;

/** A host as references write it, with its port where it has one; IPv6 in brackets. */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;
const hostOrPattern = z.string().check(
  z.maxLength(260),
  z.refine(
    (text) => text === WELL_KNOWN || HOST.test(text.replace(/^\*\./, "")),
    `a registry's host such as registry.example.com, *.example.com, or ${WELL_KNOWN}`,
  ),
);

const endpoint = z.strictObject({
  host: z.string().check(z.maxLength(260), z.regex(HOST, "a registry's host such as docker.io")),
  url: z
    .string()
    .check(
      z.maxLength(400),
      z.refine(
        isAddress,
        "an http or https address without a password, ? or #, such as https://mirror.example.com",
      ),
    ),
  sendCredentials: z._default(z.boolean(), false),
});

export const registriesSchema = z.strictObject({
  allowed: z._default(z.array(hostOrPattern).check(z.maxLength(LIST_MAX)), [WELL_KNOWN]),
  endpoints: z._default(
    z.array(endpoint).check(
      z.maxLength(20),
      z.refine((rows) => new Set(rows.map(({ host }) => host)).size === rows.length, "each host once"),
    ),
    [],
  ),
  privateImages: z._default(
    z.array(z.string().check(z.minLength(1), z.maxLength(300))).check(z.maxLength(LIST_MAX)),
    [],
  ),
  /** A task is given the Docker Hub account although it is not known whether its role can read the secret. */
  allowUnverifiedSecretAccess: z._default(z.boolean(), false),
});

export type RegistrySettings = z.infer<typeof registriesSchema>;

/** What each key says, for people. */
export function formatRegistries({
  allowed,
  endpoints,
  privateImages,
  allowUnverifiedSecretAccess,
}: RegistrySettings): string {
  return [
    allowed.length === 0 ? "no registry is asked but this account's ECR" : `asked: ${allowed.join(", ")}`,
    ...endpoints.map(
      ({ host, url, sendCredentials }) =>
        `${url} is used for ${host}${sendCredentials ? ", AND IS SENT ITS CREDENTIALS" : ""}`,
    ),
    privateImages.length === 0
      ? "no private image of Docker Hub is copied"
      : `private images that may be copied: ${privateImages.join(", ")}`,
    allowUnverifiedSecretAccess
      ? "tasks get the Docker Hub account EVEN WHERE THEIR ROLE WAS NOT SEEN TO READ IT"
      : "tasks get the Docker Hub account only where their role is known to read its secret",
  ].join("; ");
}

function isAddress(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return false;
  return [url.username, url.password, url.search, url.hash].every((part) => part === "");
}
