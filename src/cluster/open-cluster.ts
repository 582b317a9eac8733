/** Opens a cluster as a kubeconfig describes it, or the one that we run in. */

import { readFileSync } from "node:fs";
import { KubeConfig } from "@kubernetes/client-node";
import type { Clock, Timer } from "../runtime/clock.ts";
import { createClusterClient } from "./client/cluster-client.ts";
import { createConnection, type Login } from "./client/connection.ts";
import { ClusterError } from "./cluster-error.ts";
import type { ClusterPort } from "./cluster-port.ts";

/** Also what the server calls the writer of a field, in `managedFields`. */
const USER_AGENT = "repull";

export type ClusterSource =
  /** The service account of the pod that we are. */
  | { readonly from: "service-account" }
  /** Files as kubectl reads them: of what several say, the first counts. */
  | { readonly from: "kubeconfig"; readonly files: readonly string[]; readonly context?: string };

/** @throws ClusterError BadRequest where the files, the context or the service account cannot be used */
export function openCluster(source: ClusterSource, clock: Clock & Timer): ClusterPort {
  return createClusterClient(createConnection(loginOf(source), USER_AGENT), clock);
}

/** The certificates by which clients know the API server, as PEM; empty where they go by the machine's own. */
export function certificateAuthorityOf(source: ClusterSource): string {
  const { caData, caFile } = read(source).getCurrentCluster() ?? {};
  if (caData !== undefined) return Buffer.from(caData, "base64").toString("latin1");
  return caFile === undefined ? "" : readFileSync(caFile, "latin1");
}

function loginOf(source: ClusterSource): Login {
  const config = read(source);
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new ClusterError(
      0,
      "BadRequest",
      source.from === "kubeconfig" && source.context !== undefined
        ? `the kubeconfig has no context ${source.context} with a cluster: it has ${namesOf(config)}`
        : `the kubeconfig names no context to use: it has ${namesOf(config)}`,
    );
  return {
    server: cluster.server,
    hasProxy: cluster.proxyUrl !== undefined,
    complete: (options) => config.applyToHTTPSOptions(options),
  };
}

function read(source: ClusterSource): KubeConfig {
  try {
    const config = new KubeConfig();
    if (source.from === "service-account") config.loadFromCluster();
    else {
      const [first = "", ...others] = source.files;
      config.loadFromFile(first);
      for (const file of others) {
        const more = new KubeConfig();
        more.loadFromFile(file);
        config.mergeConfig(more);
      }
      if (source.context !== undefined) config.setCurrentContext(source.context);
    }
    return config;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const words = code === "ENOENT" ? "there is no such file" : (message ?? String(error));
    const what = source.from === "service-account" ? "the service account" : source.files.join(", ");
    throw new ClusterError(0, "BadRequest", `${what} cannot be used: ${words}`, { cause: error });
  }
}

function namesOf(config: KubeConfig): string {
  return (
    config
      .getContexts()
      .map(({ name }) => name)
      .join(", ") || "none"
  );
}
