/** The registries and wires that the copies run between; everything ends with the world. */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Certificate, makeCertificate } from "../test/support/certificate.ts";
import { type DockerRegistry, startDockerRegistry } from "../test/support/registries/docker-registry.ts";
import { startWorker } from "./process.ts";
import { LOGIN } from "./redirecting-registry.ts";
import type { Wire } from "./rows.ts";

/** Round trips in milliseconds: Docker Hub from somewhere, ECR from the same region. */
export const ROUND_TRIPS = { source: 20, target: 1 };
/** A good line of an office. */
const NARROW_MEGABITS = 300;

/** A registry, seen through a wire. */
export type Site = {
  readonly registry: Pick<DockerRegistry, "requestCount">;
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
    return new World(folder, await makeCertificate(folder, "localhost"));
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
    const { port, stop } = await this.#wire(registry.host.split(":")[1] ?? "", side, wire);
    return { registry, secure, host: `127.0.0.1:${port}`, stop };
  }

  /** A registry that answers as ECR does, with the image of a layout, and the login for it where all tools look for one. */
  async redirecting(layout: string, wire: Wire): Promise<Site> {
    const { certificatePath, keyPath } = this.certificate;
    const registry = this.#kept(startWorker("redirecting-registry.ts", [certificatePath, keyPath, layout]));
    const [own = "", store = ""] = (await registry.next()).split(" ");
    const [near, far] =
      wire === "loopback"
        ? [{ port: own, stop: async () => {} }, undefined]
        : [await this.#wire(own, "source", wire), await this.#wire(store, "source", wire)];
    if (far !== undefined) await registry.ask(`store ${far.port}`);
    const host = `127.0.0.1:${near.port}`;
    await mkdir(join(this.folder, ".docker"), { recursive: true });
    const logins = JSON.stringify({ auths: { [host]: { auth: LOGIN } } });
    await writeFile(join(this.folder, ".docker", "config.json"), logins);
    const requestCount = async (): Promise<number> => Number(await registry.ask("count"));
    const stop = async (): Promise<void> => {
      await Promise.all([near.stop(), far?.stop()]);
      await registry.stop();
    };
    return { registry: { requestCount }, secure: true, host, stop };
  }

  async #wire(
    port: string,
    side: "source" | "target",
    wire: Wire,
  ): Promise<{ readonly port: string; stop(): Promise<void> }> {
    const width = wire === "narrow" && side === "source" ? [String(NARROW_MEGABITS)] : [];
    const proxy = this.#kept(startWorker("delay-proxy.ts", [port, String(ROUND_TRIPS[side]), ...width]));
    return { port: await proxy.next(), stop: proxy.stop };
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
