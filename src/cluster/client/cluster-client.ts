/** The port to a cluster, over HTTP. */

import type { Clock, Timer } from "../../runtime/clock.ts";
import { ClusterError } from "../cluster-error.ts";
import type { ClusterPort, ObjectName, WriteOptions } from "../cluster-port.ts";
import { KINDS, type Kind, type Objects } from "../kinds.ts";
import type { Connection } from "./connection.ts";
import { follow } from "./follow.ts";
import { completed, listPages } from "./list-pages.ts";
import { groupPathOf, objectionToName, pathOf, type Query } from "./paths.ts";
import { createRequests } from "./requests.ts";

const JSON_TYPE = "application/json";

export function createClusterClient(connection: Connection, clock: Clock & Timer): ClusterPort {
  const requests = createRequests(connection, clock);

  const get = async <K extends Kind>(kind: K, name: ObjectName, signal?: AbortSignal) => {
    check(kind, name);
    try {
      const found = await requests.ask({ method: "GET", path: pathOf(kind, name) }, signal);
      return found as Objects[K];
    } catch (error) {
      if (isReason(error, "NotFound")) return undefined;
      throw error;
    }
  };

  const write = async <K extends Kind>(
    method: "POST" | "PUT",
    kind: K,
    at: Partial<ObjectName>,
    object: Objects[K],
    options: WriteOptions | undefined,
  ) => {
    const path = pathOf(kind, at, queryOf(options));
    const body = JSON.stringify(completed(kind, object));
    const call = { method, path, body, contentType: JSON_TYPE } as const;
    return (await requests.ask(call, undefined, options?.warned)) as Objects[K];
  };

  return {
    get,

    list: async (kind, selection = {}, signal) =>
      (await listPages(requests, kind, selection, (object) => object, signal)).objects,

    follow: (kind, selection, keep, signal) => follow(requests, clock, { kind, selection, keep }, signal),

    create: async (kind, object, options) => {
      const { namespace, name, generateName } = object.metadata;
      const { name: _, ...at } = check(kind, { namespace, name: name ?? generateName });
      return await write("POST", kind, at, object, options);
    },

    replace: async (kind, object, options) => {
      const { namespace, name, resourceVersion } = object.metadata;
      const at = check(kind, { namespace, name });
      // Without it some kinds would be overwritten, and a Lease even made.
      if (resourceVersion === undefined || resourceVersion === "")
        throw new ClusterError(0, "BadRequest", `${kind} ${name}: the version that was read is missing`);
      return await write("PUT", kind, at, object, options);
    },

    patch: async <K extends Kind>(
      kind: K,
      name: ObjectName,
      operations: readonly unknown[],
      options?: WriteOptions,
    ) => {
      check(kind, name);
      const call = { method: "PATCH", path: pathOf(kind, name, queryOf(options)) } as const;
      const contentType = "application/json-patch+json";
      const body = JSON.stringify(operations);
      return (await requests.ask({ ...call, contentType, body }, undefined, options?.warned)) as Objects[K];
    },

    delete: async (kind, name, options) => {
      check(kind, name);
      try {
        await requests.ask({ method: "DELETE", path: pathOf(kind, name, queryOf(options)) });
      } catch (error) {
        if (!isReason(error, "NotFound")) throw error;
      }
    },

    version: async () => {
      const said = (await requests.ask({ method: "GET", path: "/version" })) as { gitVersion?: string };
      return said.gitVersion ?? "";
    },

    isServed: async (kind) => {
      try {
        const said = await requests.ask({ method: "GET", path: groupPathOf(kind) });
        const { resources = [] } = said as { resources?: readonly { name: string; kind: string }[] };
        return resources.some(({ name }) => name === kind);
      } catch (error) {
        if (isReason(error, "NotServed")) return false;
        throw error;
      }
    },

    close: () => connection.close(),
  };
}

function queryOf(options: WriteOptions | undefined): Query {
  return { dryRun: options?.dryRun === true ? "All" : undefined };
}

function check(
  kind: Kind,
  { namespace, name }: { readonly namespace?: string | undefined; readonly name?: string | undefined },
): ObjectName {
  const at = {
    name: name ?? "",
    ...(namespace === undefined || !KINDS[kind].isNamespaced ? {} : { namespace }),
  };
  const objection = objectionToName(kind, at);
  if (objection !== undefined) throw new ClusterError(0, "BadRequest", objection);
  return at;
}

function isReason(error: unknown, reason: ClusterError["reason"]): boolean {
  return error instanceof ClusterError && error.reason === reason;
}
