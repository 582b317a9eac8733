/** The registries and wires that the copies run between; everything ends with the world. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Certificate, makeCertificate } from "../test/support/certificate.ts";
import { type DockerRegistry, startDockerRegistry } from "../test/support/registries/docker-registry.ts";
import { startWorker } from "./process.ts";
import type { Wire } from "./rows.ts";

/** Round trips in milliseconds: Docker Hub from somewhere, ECR from the same region. */
export const ROUND_TRIPS = { source: 20, target: 1 };

/** A registry, seen through a wire. */
export type Site = {
  readonly registry: DockerRegistry;
  readonly secure: boolean;
  /** Where the tools find it: the wire's near end. */
  readonly host: string;
  stop(): Promise<void>;
};

export class World {
  readonly folder: string;
  readonly certificate: Certificate;
  readonly #open = new Set<{ stop(): Promise<void> }>();

  private constructor(folder: string, certificate: Certificate) {
    this.folder = folder;
    this.certificate = certificate;
  }

  static async make(): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), "repull-bench-"));
    return new World(folder, await makeCertificate(folder));
  }

  async registry(secure: boolean): Promise<DockerRegistry> {
    const { certificatePath: certificate, keyPath: key } = this.certificate;
    const registry = await startDockerRegistry({
      accessLog: true,
      ...(secure ? { tls: { certificate, key } } : {}),
    });
    return this.#kept(registry);
  }

  /** A way to a registry. Stopping it leaves the registry. */
  async reach(registry: DockerRegistry, side: "source" | "target", wire: Wire): Promise<Site> {
    const secure = registry.url.startsWith("https:");
    if (wire === "loopback") return { registry, secure, host: registry.host, stop: async () => {} };
    const port = registry.host.split(":")[1] ?? "";
    const proxy = this.#kept(startWorker("delay-proxy.ts", [port, String(ROUND_TRIPS[side])]));
    const host = `127.0.0.1:${await proxy.next()}`;
    return { registry, secure, host, stop: proxy.stop };
  }

  /** What every tool is started with: nothing of the person who runs the bench, and the certificate. */
  environment(): NodeJS.ProcessEnv {
    const { certificatePath } = this.certificate;
    return {
      PATH: process.env.PATH,
      HOME: this.folder,
      SSL_CERT_FILE: certificatePath,
      NODE_EXTRA_CA_CERTS: certificatePath,
    };
  }

  async end(): Promise<void> {
    await Promise.all([...this.#open].map((one) => one.stop()));
    await rm(this.folder, { recursive: true, force: true });
  }

  #kept<T extends { stop(): Promise<void> }>(one: T): T {
    const kept = {
      ...one,
      stop: async () => {
        if (!this.#open.delete(kept)) return;
        await one.stop();
      },
    };
    this.#open.add(kept);
    return kept;
  }
}
