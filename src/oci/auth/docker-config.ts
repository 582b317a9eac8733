/**
 * What `docker login` left behind: who we are at which registry, or which program knows it.
 *
 * Only reading is done here. Running a credential helper is an effect, which the command line brings.
 * https://docs.docker.com/reference/cli/docker/login/#credential-stores
 */

import { DOCKER_HUB_LOGIN_KEY, isDockerHub, namesOfRegistry } from "../../image/registry-hosts.ts";
import { type Members, membersOf } from "../../runtime/json.ts";
import { basicCredentials, type Credentials } from "./credentials.ts";

export type ConfiguredLogin =
  | { readonly kind: "known"; readonly credentials: Credentials }
  /** `docker-credential-<helper>` is to be asked for `server`. */
  | { readonly kind: "helper"; readonly helper: string; readonly server: string }
  | { readonly kind: "none" }
  /** The file cannot be read, or the entry cannot. */
  | { readonly kind: "unreadable"; readonly because: string };

/** The login that a docker configuration holds for a registry's host, as references name it. Never throws. */
export function loginFor(configText: string, host: string): ConfiguredLogin {
  let config: unknown;
  try {
    config = JSON.parse(configText);
  } catch {
    return { kind: "unreadable", because: "it is not JSON" };
  }
  const { auths, credHelpers, credsStore } = membersOf(config);
  const own = entryFor(membersOf(credHelpers), host);
  if (own !== undefined) return helper(own.value, own.key);
  // Docker itself reads the store before the file: an entry in `auths` of a host with a store is an empty marker.
  const entry = entryFor(membersOf(auths), host);
  const written = entry === undefined ? undefined : loginIn(membersOf(entry.value), host);
  if (written !== undefined) return written;
  if (credsStore === undefined) return { kind: "none" };
  return helper(credsStore, entry?.key ?? (isDockerHub(host) ? DOCKER_HUB_LOGIN_KEY : host));
}

/** What `docker-credential-<helper> get` printed, as credentials; undefined where it has none. */
export function readHelperAnswer(text: string): Credentials | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { Username: user, Secret: secret } = membersOf(document);
  if (typeof user !== "string" || typeof secret !== "string" || secret === "") return undefined;
  // Docker's own mark for a refresh token in the place of a password.
  return user === "<token>" ? { kind: "identity-token", token: secret } : basicCredentials(user, secret);
}

function loginIn(entry: Members, host: string): ConfiguredLogin | undefined {
  const { auth, username, password, identitytoken } = entry;
  if (typeof identitytoken === "string" && identitytoken !== "") {
    return { kind: "known", credentials: { kind: "identity-token", token: identitytoken } };
  }
  if (typeof auth === "string" && auth !== "") {
    const decoded = Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
    const colon = decoded.indexOf(":");
    if (colon < 1) return { kind: "unreadable", because: `"auth" of ${host} is not user:password in base64` };
    const credentials = basicCredentials(decoded.slice(0, colon), decoded.slice(colon + 1));
    return { kind: "known", credentials };
  }
  if (typeof username !== "string" || typeof password !== "string" || username === "") return undefined;
  return { kind: "known", credentials: basicCredentials(username, password) };
}

function helper(name: unknown, server: string): ConfiguredLogin {
  // The name becomes part of a program's name: nothing that could leave the PATH's folders.
  if (typeof name === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    return { kind: "helper", helper: name, server };
  }
  return { kind: "unreadable", because: `the credential helper for ${server} has no usable name` };
}

/** Keys are hosts, or addresses with scheme and path; compared whole, by their host. */
function entryFor(entries: Members, host: string): { key: string; value: unknown } | undefined {
  const names = namesOfRegistry(host);
  const found = Object.entries(entries).find(([key]) => names.includes(hostIn(key)));
  return found === undefined ? undefined : { key: found[0], value: found[1] };
}

function hostIn(key: string): string {
  return key.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
}
