/** The command line behind a company's proxy, with a private certificate authority: as processes, over real sockets. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, test } from "vitest";
import { pushLayout } from "../../../bench/push-layout.ts";
import { makeCertificate } from "../../support/certificate.ts";
import { type DockerRegistry, startDockerRegistry } from "../../support/registries/docker-registry.ts";
import { OciLayout } from "../../support/registries/oci-layout.ts";

const NAME = "registry.example";
const root = new URL("../../../", import.meta.url).pathname;

let folder: string;
let authority: string;
let source: DockerRegistry;
let target: DockerRegistry;
let proxy: http.Server;
/** What was asked of the proxy, and how it was signed. */
const asked: { readonly where: string; readonly who: string | undefined }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-proxy-"));
  const { certificatePath, keyPath, certificate } = await makeCertificate(folder, NAME);
  authority = certificatePath;
  [source, target] = await Promise.all([
    startDockerRegistry({ tls: { certificate: certificatePath, key: keyPath } }),
    startDockerRegistry(),
  ]);
  const layout = new OciLayout(join(folder, "image"));
  await layout.tag(await layout.image({ os: "linux", architecture: "amd64" }, [300_000, 1000]), "v1");
  await pushLayout(layout, { url: source.url, repository: "team/app", ca: certificate }, "v1");
  proxy = http.createServer((_, response) => response.writeHead(500).end());
  proxy.on("connect", (request: http.IncomingMessage, near: net.Socket) => {
    asked.push({ where: request.url ?? "", who: request.headers["proxy-authorization"] });
    // The only host that it knows; the name means nothing to this machine.
    const far = net.connect(Number(source.host.split(":")[1]), "127.0.0.1", () => {
      near.write("HTTP/1.1 200 OK\r\n\r\n");
      near.pipe(far).pipe(near);
    });
    for (const socket of [near, far]) socket.on("error", () => socket.destroy());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
});

afterAll(async () => {
  proxy.close();
  proxy.closeAllConnections();
  await Promise.all([source.stop(), target.stop()]);
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => {
  asked.length = 0;
});

function mirror(path: string, env: NodeJS.ProcessEnv): Promise<{ status: number; words: string }> {
  const args = ["src/cli/main.ts", "mirror", `${NAME}/team/app:v1`, `${target.host}/${path}:v1`];
  const given = { PATH: process.env.PATH, HOME: folder, ...env };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root, env: given }, (error, out, err) => {
      resolve({ status: typeof error?.code === "number" ? error.code : 0, words: out + err });
    });
  });
}

const proxyUrl = (login = "") => `http://${login}127.0.0.1:${(proxy.address() as AddressInfo).port}`;

describe("behind a proxy", () => {
  test("HTTPS_PROXY leads to the source, and loopback is not asked of it", async () => {
    const { status, words } = await mirror("by/proxy", {
      HTTPS_PROXY: proxyUrl("ann:open%20sesame@"),
      HTTP_PROXY: proxyUrl(),
      NODE_EXTRA_CA_CERTS: authority,
    });
    equal(status, 0, words);
    ok(asked.length > 0);
    deepEqual(new Set(asked.map(({ where }) => where)), new Set([`${NAME}:443`]));
    const login = `Basic ${Buffer.from("ann:open sesame").toString("base64")}`;
    deepEqual(new Set(asked.map(({ who }) => who)), new Set([login]));
    const copied = await fetch(`${target.url}/v2/by/proxy/manifests/v1`, {
      headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    equal(copied.status, 200);
    ok(!words.includes("sesame"));
  });

  test("NO_PROXY leaves a host out", async () => {
    const { status } = await mirror("by/stranger", {
      HTTPS_PROXY: proxyUrl(),
      NO_PROXY: NAME,
      NODE_EXTRA_CA_CERTS: authority,
    });
    equal(status, 5);
    deepEqual(asked, []);
  });

  test("a certificate of an unknown authority is refused, whatever the proxy", async () => {
    const { status, words } = await mirror("by/stranger", { HTTPS_PROXY: proxyUrl() });
    equal(status, 5);
    match(words, /self-signed certificate/);
    equal((await fetch(`${target.url}/v2/by/stranger/manifests/v1`)).status, 404);
  });
});
