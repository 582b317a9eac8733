/** The copier against real registries that want tokens, as Docker Hub does, and over TLS. */

import { deepEqual, equal, match } from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, test } from "vitest";
import { parseReference } from "../../../src/image/reference.ts";
import { basicCredentials } from "../../../src/oci/auth/credentials.ts";
import { createRegistries, type RegistriesOptions } from "../../../src/oci/client/registries.ts";
import { type CopierOptions, createCopier } from "../../../src/oci/copy/copier.ts";
import type { CopyError } from "../../../src/oci/copy/copy-error.ts";
import { httpTransport } from "../../../src/oci/http/http-transport.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { makeCertificate } from "../../support/certificate.ts";
import { type DockerRegistry, startDockerRegistry } from "../../support/registries/docker-registry.ts";
import { OciLayout } from "../../support/registries/oci-layout.ts";
import { startTokenRealm, type TokenRealm } from "../../support/registries/token-realm.ts";

const LOGIN = basicCredentials("ann", "s3cret");
const names = { issuer: "the test", service: "registry.test" };
let folder: string;
let realm: TokenRealm;
let guarded: DockerRegistry;
let sealed: DockerRegistry;
let digest: string;
let send: ReturnType<typeof httpTransport>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-guarded-"));
  const certificate = await makeCertificate(folder);
  const { certificatePath, keyPath } = certificate;
  realm = await startTokenRealm(certificate, names, LOGIN.kind === "basic" ? LOGIN.header : "");
  guarded = await startDockerRegistry({
    token: { ...names, realm: realm.url, certificate: certificatePath },
  });
  sealed = await startDockerRegistry({ tls: { certificate: certificatePath, key: keyPath } });
  send = httpTransport({ ca: [certificate.certificate] });
  const layout = new OciLayout(join(folder, "image"));
  const image = await layout.image({ os: "linux", architecture: "amd64" }, [300_000, 100_000, 10]);
  digest = image.digest;
  await layout.tag(image, "v1");
  await pushLayout(layout, `${sealed.host}/team/app:v1`);
});

async function pushLayout({ folder: from }: OciLayout, to: string): Promise<void> {
  const paths = [`oci:${from}:v1`, `docker://${to}`];
  await promisify(execFile)("skopeo", ["copy", "-q", "--dest-tls-verify=false", ...paths]);
}

afterAll(async () => {
  send.close();
  await Promise.all([realm.stop(), guarded.stop(), sealed.stop()]);
  await rm(folder, { recursive: true, force: true });
});

function copy(source: string, target: string, more: Partial<RegistriesOptions & CopierOptions> = {}) {
  // The registry over TLS is named as it would be in the world; a setting says where it is.
  const endpoints = new Map(["sealed.example", "other.example"].map((host) => [host, sealed.url]));
  const registries = createRegistries({ send, clock: systemClock, endpoints, ...more });
  const { concurrency = () => 16 } = more;
  const copier = createCopier({ registries, clock: systemClock, concurrency });
  return copier.copy({ source: parseReference(source), target: parseReference(target) });
}

test("an image goes over TLS into a registry with tokens, one token for all of it", async () => {
  const before = realm.asked.length;
  const result = await copy("sealed.example/team/app:v1", `${guarded.host}/mirror/app:v1`, {
    credentials: async (host) => (host === guarded.host ? LOGIN : undefined),
  });
  equal(result.digest, digest);
  deepEqual(realm.asked.slice(before), ["repository:mirror/app:pull,push"]);
});

test("a copied image comes out again without a login, by an anonymous token", async () => {
  const result = await copy(`${guarded.host}/mirror/app:v1`, "sealed.example/back/app:v1");
  deepEqual([result.digest, result.blobsMoved], [digest, 4]);
});

test("without the right to push, the target says unauthorized, and is asked no further", async () => {
  const refused = await copy("sealed.example/team/app:v1", `${guarded.host}/theirs/app:v1`).catch(
    (error) => error,
  );
  const { kind, side } = refused as CopyError;
  deepEqual([kind, side], ["unauthorized", "target"]);
});

test.each([1, 2, 3])(
  "more layers than connections (%s) go over TLS, each connection used again",
  async (concurrency) => {
    const layout = new OciLayout(join(folder, `layers-${concurrency}`));
    const image = await layout.image({ os: "linux", architecture: "amd64" }, [
      ...Array<number>(4).fill(25_000_000),
      ...Array<number>(4).fill(200_000),
    ]);
    await layout.tag(image, "v1");
    const name = `team/layers-${concurrency}`;
    await pushLayout(layout, `${sealed.host}/${name}:v1`);
    const result = await copy(`sealed.example/${name}:v1`, `other.example/copy/${concurrency}:v1`, {
      concurrency: () => concurrency,
    });
    deepEqual([result.digest, result.bytesSkipped], [image.digest, 0]);
  },
);

test("a certificate of an unknown authority is not trusted", async () => {
  const strangers = httpTransport();
  const failure = await copy("sealed.example/team/app:v1", `${guarded.host}/mirror/app:v2`, {
    send: strangers,
    credentials: async () => LOGIN,
  }).catch((error) => error);
  strangers.close();
  match((failure as CopyError).message, /^source: .*self-signed certificate/);
});
