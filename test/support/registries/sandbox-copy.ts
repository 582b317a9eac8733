/** The copier between two registries of the sandbox: in memory, or served over HTTP under their own names. */

import { parseReference } from "../../../src/image/reference.ts";
import { basicCredentials, type FindCredentials } from "../../../src/oci/auth/credentials.ts";
import { createRegistries } from "../../../src/oci/client/registries.ts";
import { createCopier } from "../../../src/oci/copy/copier.ts";
import { CopyError } from "../../../src/oci/copy/copy-error.ts";
import type { CopyOptions, CopyRequest, CopyResult } from "../../../src/oci/copy/types.ts";
import { httpTransport } from "../../../src/oci/http/http-transport.ts";
import type { Endpoint } from "../../../src/oci/http/registry-address.ts";
import type { RegistryRequest, Send } from "../../../src/oci/http/transport.ts";
import { createInternet } from "../../../src/sandbox/network.ts";
import type { RegistryBehaviour } from "../../../src/sandbox/registry/behaviour.ts";
import { serveRegistry } from "../../../src/sandbox/registry/http-server.ts";
import {
  createRegistry,
  type RegistrySettings,
  type SandboxRegistry,
} from "../../../src/sandbox/registry/registry.ts";
import { FastClock } from "../fast-clock.ts";

export const ECR_HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
/** Where the copier calls from. */
export const ADDRESS = "203.0.113.1";

export type SandboxCopy = {
  readonly source: SandboxRegistry;
  readonly target: SandboxRegistry;
  readonly clock: FastClock;
  /** Every request, redirected ones too; in memory only. */
  readonly sent: RegistryRequest[];
  copy(
    source: string,
    target: string,
    more?: Partial<CopyRequest>,
    options?: CopyOptions,
  ): Promise<CopyResult>;
  /** `copied`, `already there`, or `<side> <kind>: <message>`. */
  outcome(source: string, target: string, more?: Partial<CopyRequest>): Promise<string>;
  stop(): Promise<void>;
};

type Way = {
  readonly served?: boolean;
  readonly source?: Partial<RegistrySettings>;
  readonly target?: Partial<RegistrySettings>;
  readonly credentials?: FindCredentials;
};

/** Two registries without ways of their own, `source.example` and `target.example` by default. */
export async function sandboxCopy({ served = false, ...way }: Way = {}): Promise<SandboxCopy> {
  const clock = new FastClock();
  const source = createRegistry({ kind: "plain", host: "source.example", clock, ...way.source });
  const target = createRegistry({ kind: "plain", host: "target.example", clock, ...way.target });
  const ends: (() => unknown)[] = [];
  const sent: RegistryRequest[] = [];
  const endpoints = new Map<string, Endpoint>();
  let send: Send;
  if (served) {
    for (const registry of [source, target]) {
      const server = await serveRegistry(registry, { address: ADDRESS });
      endpoints.set(registry.host, { url: server.url, sendCredentials: true });
      ends.push(() => server.close());
    }
    const transport = httpTransport({ clock });
    ends.unshift(transport.close);
    send = transport;
  } else {
    const internet = createInternet([source, target]).from(ADDRESS);
    send = async (request) => {
      sent.push(request);
      return internet(request);
    };
  }
  const { credentials = async () => undefined } = way;
  const registries = createRegistries({ send, clock, credentials, endpoints });
  const copier = createCopier({ registries, clock });
  const copy: SandboxCopy["copy"] = (from, to, more = {}, options = {}) =>
    copier.copy({ source: parseReference(from), target: parseReference(to), ...more }, options);
  return {
    source,
    target,
    clock,
    sent,
    copy,
    outcome: async (from, to, more) => {
      try {
        return (await copy(from, to, more)).alreadyPresent ? "already there" : "copied";
      } catch (error) {
        if (!(error instanceof CopyError)) throw error;
        return `${error.side} ${error.kind}: ${error.message}`;
      }
    },
    stop: async () => {
      for (const end of ends) await end();
    },
  };
}

/** From Docker Hub, with its limit and its CDN, into an account's ECR with its real ways. */
export async function hubToEcr(
  ways: Partial<RegistryBehaviour> = {},
  more: { readonly served?: boolean; readonly hub?: Partial<RegistrySettings> } = {},
): Promise<SandboxCopy> {
  let header = "";
  const world = await sandboxCopy({
    ...(more.served === undefined ? {} : { served: more.served }),
    source: { kind: "docker-hub", host: "registry-1.docker.io", ...more.hub },
    target: { kind: "ecr", host: ECR_HOST, behaviour: ways },
    credentials: async (host) => (host === ECR_HOST ? { kind: "basic", header } : undefined),
  });
  const issued = basicCredentials("AWS", world.target.issuePassword().password);
  if (issued.kind === "basic") header = issued.header;
  return world;
}

/** Whether the target has a manifest and everything below it, byte for byte as the source has it. */
export function differences(
  world: Pick<SandboxCopy, "source" | "target">,
  from: string,
  to: string,
  digest: string,
): readonly string[] {
  const theirs = world.source.manifest(from, digest);
  const ours = world.target.manifest(to, digest);
  if (theirs === undefined) return [`the source has no ${digest}`];
  if (ours === undefined) return [`no manifest ${digest}`];
  const same = Buffer.from(ours.bytes).equals(theirs.bytes) && ours.mediaType === theirs.mediaType;
  const {
    config,
    layers = [],
    manifests = [],
  } = JSON.parse(new TextDecoder().decode(ours.bytes)) as {
    config?: { digest: `sha256:${string}` };
    layers?: { digest: `sha256:${string}`; mediaType: string }[];
    manifests?: { digest: string }[];
  };
  const carried = layers.filter(({ mediaType }) => !/foreign|nondistributable/.test(mediaType));
  const blobs = [...(config === undefined ? [] : [config]), ...carried].filter(
    (blob) => world.target.blob(blob.digest) === undefined,
  );
  return [
    ...(same ? [] : [`other bytes under ${digest}`]),
    ...blobs.map((blob) => `no blob ${blob.digest}`),
    ...manifests.flatMap((child) => differences(world, from, to, child.digest)),
  ];
}
