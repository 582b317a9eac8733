/** Two loopback registries, a copier between them, and a clock on which waiting costs nothing. */

import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { parseReference } from "../../../src/image/reference.ts";
import type { FindCredentials } from "../../../src/oci/auth/credentials.ts";
import { createRegistries } from "../../../src/oci/client/registries.ts";
import { createCopier } from "../../../src/oci/copy/copier.ts";
import { CopyError } from "../../../src/oci/copy/copy-error.ts";
import type { CopyOptions, CopyRequest, CopyResult } from "../../../src/oci/copy/types.ts";
import { httpTransport } from "../../../src/oci/http/http-transport.ts";
import { type Clock, systemClock, type Timer } from "../../../src/runtime/clock.ts";
import { FastClock } from "../fast-clock.ts";
import { LoopbackRegistry } from "./loopback-registry.ts";

const OCI = "application/vnd.oci.image";
export const OCI_MANIFEST = `${OCI}.manifest.v1+json`;
export const OCI_INDEX = `${OCI}.index.v1+json`;

export type Platforms = { readonly os: string; readonly architecture: string };

/** The time of a world: its waits and limits, and how long its sockets may say nothing. */
export type WorldTime<C extends Clock> = {
  readonly clock: C;
  readonly timer?: Timer;
  readonly uploadAnswerSeconds?: number;
};

export class CopyWorld<C extends Clock = FastClock> {
  readonly source: LoopbackRegistry;
  readonly target: LoopbackRegistry;
  readonly clock: C;
  readonly send: ReturnType<typeof httpTransport>;
  readonly registries: ReturnType<typeof createRegistries>;

  constructor(
    source: LoopbackRegistry,
    target: LoopbackRegistry,
    credentials: FindCredentials | undefined,
    endpoints: ReadonlyMap<string, string> | undefined,
    { clock, timer = systemClock, uploadAnswerSeconds = 1 }: WorldTime<C>,
  ) {
    this.source = source;
    this.target = target;
    this.clock = clock;
    this.send = httpTransport({ clock, timer, idleSeconds: 0.3, uploadAnswerSeconds });
    this.registries = createRegistries({
      send: this.send,
      clock,
      timer,
      ...(credentials === undefined ? {} : { credentials }),
      ...(endpoints === undefined ? {} : { endpoints }),
    });
  }

  static async start(
    credentials?: FindCredentials,
    endpoints?: (source: LoopbackRegistry) => ReadonlyMap<string, string>,
  ) {
    const source = await LoopbackRegistry.start();
    const target = await LoopbackRegistry.start();
    const time = { clock: new FastClock() };
    return new CopyWorld(source, target, credentials, endpoints?.(source), time);
  }

  async stop(): Promise<void> {
    this.send.close();
    await Promise.all([this.source.stop(), this.target.stop()]);
  }

  /** Copies `app:v1` to `copy:v1` by default. */
  copy(request: Partial<CopyRequest> = {}, options?: CopyOptions): Promise<CopyResult> {
    const copier = createCopier({ registries: this.registries, clock: this.clock });
    return copier.copy(
      {
        source: parseReference(`${this.source.host}/app:v1`),
        target: parseReference(`${this.target.host}/copy:v1`),
        ...request,
      },
      options,
    );
  }

  /** How a copy ends, in words: `copied`, or `<side> <kind>: <message>`. */
  async outcome(request: Partial<CopyRequest> = {}, options?: CopyOptions): Promise<string> {
    try {
      const { alreadyPresent } = await this.copy(request, options);
      return alreadyPresent ? "already there" : "copied";
    } catch (error) {
      if (!(error instanceof CopyError)) throw error;
      return `${error.side} ${error.kind}: ${error.message}`;
    }
  }

  /**
   * What the copier has left behind: requests still under way while its transport is open, then connections once
   * it is closed. A moment is left for the sockets to say so.
   */
  async leftBehind(): Promise<readonly string[]> {
    this.source.wake();
    this.target.wake();
    const requests = await settled(async () => [...this.source.underWay, ...this.target.underWay]);
    this.send.close();
    const connections = await settled(async () => {
      const left = (await this.source.connections()) + (await this.target.connections());
      return Array.from({ length: left }, () => "an open connection");
    });
    return [...requests, ...connections];
  }

  /** An image with layers of these sizes at the source; tagged, or only by its digest. */
  addImage(
    layerSizes: readonly number[],
    tag?: string,
    platform: Platforms = { os: "linux", architecture: "amd64" },
  ) {
    const config = this.source.addBlob(
      "app",
      Buffer.from(JSON.stringify({ ...platform, rootfs: { layers: layerSizes } })),
    );
    const layers = layerSizes.map((size) => ({
      mediaType: `${OCI}.layer.v1.tar+gzip`,
      ...this.source.addBlob("app", randomBytes(size)),
    }));
    const manifest = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: `${OCI}.config.v1+json`, ...config },
      layers,
    };
    return { ...this.source.addManifest("app", manifest, OCI_MANIFEST, tag), platform, layers };
  }

  addIndex(
    children: readonly { mediaType: string; digest: string; size: number; platform?: Platforms }[],
    tag?: string,
  ) {
    const manifests = children.map(({ mediaType, digest, size, platform }) => ({
      mediaType,
      digest,
      size,
      platform,
    }));
    return this.source.addManifest(
      "app",
      { schemaVersion: 2, mediaType: OCI_INDEX, manifests },
      OCI_INDEX,
      tag,
    );
  }
}

/** What is left of a list half a second later, or nothing as soon as that is so. */
async function settled(look: () => Promise<readonly string[]>): Promise<readonly string[]> {
  for (let waited = 0; waited < 50; waited++) {
    const left = await look();
    if (left.length === 0) return left;
    await delay(10);
  }
  return look();
}
