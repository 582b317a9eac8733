/** What a request asks of a registry, read from its method and address as the distribution specification lays them out. */

import type { RegistryRequest } from "../../../oci/http/transport.ts";

/** In words, for counters and faults. */
export type RequestKind =
  | "ping"
  | "token"
  | "manifest-head"
  | "manifest-get"
  | "manifest-put"
  | "manifest-delete"
  | "blob-head"
  | "blob-get"
  | "blob-delete"
  | "upload-start"
  | "upload-status"
  | "upload-patch"
  | "upload-put"
  | "upload-cancel"
  | "tags"
  | "referrers"
  | "catalog"
  /** A blob fetched from where it was redirected to. */
  | "redirected-blob"
  | "unknown";

export type Route = {
  readonly kind: RequestKind;
  /** The repository's path; empty where the request is about none. */
  readonly path: string;
  /** The tag, digest or upload that is named; empty where none is. */
  readonly name: string;
};

const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const UNDER_REPOSITORY = new RegExp(
  `^/v2/(?<path>${COMPONENT}(?:/${COMPONENT})*)/(?:(?<part>manifests|blobs|referrers)/(?<name>[^/]+)|(?<upload>blobs/uploads)/(?<id>[^/]*)|(?<tags>tags/list))$`,
);

const METHODS: Readonly<Record<string, Readonly<Record<string, RequestKind>>>> = {
  manifests: { GET: "manifest-get", HEAD: "manifest-head", PUT: "manifest-put", DELETE: "manifest-delete" },
  blobs: { GET: "blob-get", HEAD: "blob-head", DELETE: "blob-delete" },
  referrers: { GET: "referrers" },
  session: { GET: "upload-status", PATCH: "upload-patch", PUT: "upload-put", DELETE: "upload-cancel" },
  start: { POST: "upload-start" },
  tags: { GET: "tags" },
};

/** Reads a request to the registry's own host. */
export function routeOf({ method, url }: Pick<RegistryRequest, "method" | "url">): Route {
  const pathname = decoded(url.pathname);
  if (pathname === "/v2/" || pathname === "/v2") return { kind: "ping", path: "", name: "" };
  if (pathname === "/v2/_catalog") return { kind: "catalog", path: "", name: "" };
  const { path = "", part, name = "", upload, id = "", tags } = UNDER_REPOSITORY.exec(pathname)?.groups ?? {};
  const resource = part ?? (upload === undefined ? tags && "tags" : id === "" ? "start" : "session");
  const kind = METHODS[resource ?? ""]?.[method] ?? "unknown";
  return { kind, path, name: upload === undefined ? name : id };
}

function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return "";
  }
}

/** Whether the request would change what the registry holds. */
export function isWrite(kind: RequestKind): boolean {
  return kind.startsWith("upload-") || kind.endsWith("-put") || kind.endsWith("-delete");
}
