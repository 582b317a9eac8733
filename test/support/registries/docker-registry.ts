/** A real docker-registry process on a free loopback port, with its storage in a folder that goes with it. */

import { spawn } from "node:child_process";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../free-ports.ts";
import { stopProcess } from "../stop-process.ts";

export type DockerRegistryOptions = {
  /** A line of an htpasswd file, bcrypt of the least cost: the registry hashes on every request. */
  readonly htpasswd?: string;
  readonly token?: {
    readonly realm: string;
    readonly service: string;
    readonly issuer: string;
    readonly certificate: string;
  };
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Keeps a line for each request, for `requestCount`. */
  readonly accessLog?: boolean;
};

export type DockerRegistry = {
  readonly url: string;
  /** `127.0.0.1:<port>`: what a reference names it by. */
  readonly host: string;
  /** Requests answered so far; needs `accessLog`. */
  requestCount(): Promise<number>;
  stop(): Promise<void>;
};

const START_MILLISECONDS_MAX = 60_000;

/** Starts Debian's docker-registry; deletes are allowed. Throws where the program is missing or does not come up. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "repull-registry-"));
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  await writeFile(join(folder, "config.yml"), configuration(folder, host, options));
  if (options.htpasswd !== undefined) await writeFile(join(folder, "htpasswd"), `${options.htpasswd}\n`);
  const log = await open(join(folder, "log"), "w");
  const registry = spawn("docker-registry", ["serve", join(folder, "config.yml")], {
    // A file, not a pipe: a test that blocks its event loop would fill a pipe and stop the registry.
    stdio: ["ignore", options.accessLog === true ? log.fd : "ignore", log.fd],
    env: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
  });
  registry.once("error", () => {});
  await log.close();
  const stop = async (): Promise<void> => {
    await stopProcess(registry);
    await rm(folder, { recursive: true, force: true });
  };
  const url = `${options.tls === undefined ? "http" : "https"}://${host}`;
  for (let waited = 0; !(await accepts(port)); waited += 25) {
    if (registry.pid === undefined || registry.exitCode !== null || waited > START_MILLISECONDS_MAX) {
      const words = (await readFile(join(folder, "log"), "utf8")).slice(-2000);
      await stop();
      throw new Error(`docker-registry did not come up: ${words}`);
    }
    await delay(25);
  }
  const requestCount = async (): Promise<number> => {
    const lines = await readFile(join(folder, "log"), "utf8");
    return lines.match(/"(?:GET|HEAD|POST|PUT|PATCH|DELETE) \/v2\//g)?.length ?? 0;
  };
  return { url, host, requestCount, stop };
}

function configuration(
  folder: string,
  host: string,
  { token, htpasswd, tls, accessLog }: DockerRegistryOptions,
): string {
  // YAML reads JSON.
  const auth = {
    ...(htpasswd === undefined ? {} : { htpasswd: { realm: "test", path: join(folder, "htpasswd") } }),
    ...(token === undefined
      ? {}
      : {
          token: {
            realm: token.realm,
            service: token.service,
            issuer: token.issuer,
            rootcertbundle: token.certificate,
          },
        }),
  };
  return JSON.stringify({
    version: "0.1",
    log: { level: "error", accesslog: { disabled: accessLog !== true } },
    storage: { filesystem: { rootdirectory: join(folder, "data") }, delete: { enabled: true } },
    http: {
      addr: host,
      secret: "a secret of the test's own",
      ...(tls === undefined ? {} : { tls: { certificate: tls.certificate, key: tls.key } }),
    },
    ...(Object.keys(auth).length === 0 ? {} : { auth }),
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get({ host: "127.0.0.1", port, path: "/v2/", agent: false }, (answer) => {
      answer.resume();
      resolve(true);
    });
    request.once("error", () => resolve(false));
  });
}
