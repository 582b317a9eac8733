/** An image at the sandbox's Docker Hub, and the mirror workflow over it: by a network that takes its time, and that dies. */

import { type Digest, digestOf } from "../../../src/image/digest.ts";
import { basicCredentials } from "../../../src/oci/auth/credentials.ts";
import { createRegistries } from "../../../src/oci/client/registries.ts";
import { createCopier } from "../../../src/oci/copy/copier.ts";
import type { RegistryRequest, RegistryResponse, Send } from "../../../src/oci/http/transport.ts";
import { mirror } from "../../../src/remediation/mirror/mirror-workflow.ts";
import type { Ports } from "../../../src/remediation/ports/ports.ts";
import { type CrashPoint, runInProcess, type StepRecord } from "../../../src/runtime/in-process-steps.ts";
import { connectionError } from "../../../src/sandbox/registry/api/response.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { DEFAULT_POLICY, type Policy } from "../../../src/substitution/policy/policy.ts";
import { differences } from "./sandbox-copy.ts";

const OCI = "application/vnd.oci.image";
const PATH = "library/app";
const COPY = `${DEFAULT_POLICY.mirrorPrefix}/docker.io/${PATH}`;

export type ImageWorld = Awaited<ReturnType<typeof imageWorld>>;

/** An image of so many platforms, each with layers of these sizes; `note` is written into each manifest. */
export async function imageWorld(platforms: number, layerBytes: readonly number[], note = () => "") {
  const world = await createWorld({ services: [] });
  const hub = world.registries.dockerHub;
  const put = (bytes: Uint8Array, mediaType: string) => ({
    mediaType,
    digest: hub.putBlob(PATH, bytes),
    size: bytes.byteLength,
  });
  const store = (document: object, mediaType: string) => {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...document }));
    return { mediaType, digest: hub.putManifest(PATH, bytes, mediaType), size: bytes.byteLength };
  };
  const manifests = Array.from({ length: platforms }, (_, platform) => {
    const architecture = ["amd64", "arm64"][platform] ?? `cpu${platform}`;
    const config = put(Buffer.from(JSON.stringify({ os: "linux", architecture })), `${OCI}.config.v1+json`);
    const layers = layerBytes.map((size, layer) =>
      put(Buffer.alloc(size, `${platform} ${layer} `), `${OCI}.layer.v1.tar+gzip`),
    );
    const manifest = store({ config, layers, annotations: { note: note() } }, `${OCI}.manifest.v1+json`);
    return { ...manifest, platform: { os: "linux", architecture } };
  });
  const index = store({ manifests }, `${OCI}.index.v1+json`);
  const { account, region } = world.home;
  return {
    world,
    request: {
      kind: "copy",
      source: `docker.io/${PATH}:1`,
      digest: index.digest,
      target: `${account}.dkr.ecr.${region}.amazonaws.com/${COPY}:1`,
    },
    index: index.digest,
    platforms: manifests.map(({ digest }) => digest),
    /** Pulls that Docker Hub has counted. */
    pulls: () => 100 - (hub.pullsLeft({ address: world.addresses.repull }) ?? Number.NaN),
    missing: (digest: Digest) =>
      differences({ source: hub, target: world.registries.ecr }, PATH, COPY, digest),
  };
}

/** What comes between the copier and the registries; answers undefined where it lets a request pass. */
export type Between = (
  request: RegistryRequest,
  send: Send,
) => Promise<RegistryResponse | undefined> | undefined;

/** The world's ports, whose copier goes by another network. */
export function portsOver(world: World, between: Between, concurrency = 1): Ports {
  const internet = world.internet.from(world.addresses.repull);
  const send: Send = async (request) => (await between(request, internet)) ?? (await internet(request));
  const { account, region } = world.home;
  const ecr = `${account}.dkr.ecr.${region}.amazonaws.com`;
  const registries = createRegistries({
    send,
    clock: world.clock,
    credentials: async (host) =>
      host === ecr ? basicCredentials("AWS", world.registries.ecr.issuePassword().password) : undefined,
  });
  return {
    ...world.ports,
    copier: createCopier({ registries, clock: world.clock, concurrency: () => concurrency }),
  };
}

/** Whether a request asks a source for a blob's bytes, or a manifest's. */
export const asksFor = (what: "blobs" | "manifests", { method, url }: RegistryRequest): boolean =>
  method === "GET" && url.pathname.includes(`/${what}/sha256:`);

/** A network on which each blob of the source takes so many seconds. */
export function slowly(world: World, seconds: number): Between {
  return async (request, send) => {
    if (!asksFor("blobs", request)) return undefined;
    const answered = await send(request);
    await world.clock.sleep(seconds * 1000, request.signal);
    return answered;
  };
}

/** A source of which one blob comes, and then nothing for longer than the copier's own tries for the next. */
export function oneByOne(): Between {
  let asked = 0;
  return (request) => {
    if (!asksFor("blobs", request)) return undefined;
    asked += 1;
    return asked % 40 === 1 ? undefined : Promise.reject(connectionError("ECONNRESET", "cdn"));
  };
}

/** What is left of an invocation of so many minutes; asked with little more than a minute left, it is the next one's. */
export function invocationsOf(minutes: number, clock: Pick<Ports["clock"], "now">) {
  let until = 0;
  let count = 0;
  return {
    count: () => count,
    left: (): number => {
      const left = until - clock.now();
      if (left > 121_000) return left;
      until = clock.now() + minutes * 60_000;
      count += 1;
      return minutes * 60_000;
    },
  };
}

/** Runs the workflow on the twin; answers its result, or what it threw. */
export async function inTwin(
  world: World,
  request: object,
  options: {
    readonly ports?: Ports;
    readonly left?: () => number;
    readonly crashesAt?: (death: CrashPoint) => boolean;
    readonly log?: StepRecord[];
    readonly policy?: Policy;
    /** Given up after so many seconds, as a process is that was killed. */
    readonly secondsMax?: number;
  } = {},
): Promise<unknown> {
  const { ports = world.ports, policy = DEFAULT_POLICY, left, secondsMax = 24 * 3600, ...rest } = options;
  let ended: { result: unknown } | undefined;
  world.clock.schedule(world.clock.now(), async () => {
    const result = await runInProcess((steps) => mirror(request, ports, policy, steps, left), {
      clock: world.clock,
      ...rest,
    }).catch((error: unknown) => error);
    ended = { result };
  });
  await world.runUntil(() => ended !== undefined, secondsMax);
  return ended?.result;
}

/** A text that no compression makes much shorter. */
export function incompressible(characters: number, seed: string): string {
  let text = "";
  for (let piece = 0; text.length < characters; piece++) text += digestOf(`${seed} ${piece}`).slice(7);
  return text.slice(0, characters);
}
