/** Every form of image into a real docker-registry and out of it again, with what refers to it. */

import { deepEqual, equal } from "node:assert/strict";
import { afterAll, beforeAll, describe, test } from "vitest";
import { parseReference } from "../../../src/image/reference.ts";
import { createRegistries } from "../../../src/oci/client/registries.ts";
import { createCopier } from "../../../src/oci/copy/copier.ts";
import { httpTransport } from "../../../src/oci/http/http-transport.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { type ServedRegistry, serveRegistry } from "../../../src/sandbox/registry/http-server.ts";
import { createRegistry, type SandboxRegistry } from "../../../src/sandbox/registry/registry.ts";
import { type DockerRegistry, startDockerRegistry } from "../../support/registries/docker-registry.ts";
import { IMAGE_FORMS, putForm } from "../../support/registries/image-forms.ts";
import { differences } from "../../support/registries/sandbox-copy.ts";

const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const send = httpTransport();
const registries = createRegistries({ send, clock: systemClock });
const copier = createCopier({ registries, clock: systemClock });
const served: ServedRegistry[] = [];
let source: SandboxRegistry;
let target: SandboxRegistry;
let real: DockerRegistry;

beforeAll(async () => {
  real = await startDockerRegistry();
  const plain = (host: string) => createRegistry({ kind: "plain", host, clock: systemClock });
  source = plain("source.example");
  target = plain("target.example");
  served.push(await serveRegistry(source), await serveRegistry(target));
});

afterAll(async () => {
  send.close();
  await Promise.all([real.stop(), ...served.map((server) => server.close())]);
});

async function thereAndBack(path: string, referrers: boolean) {
  const [first, second] = served.map(({ host }) => host);
  const at = (host: string | undefined) => parseReference(`${host}/${path}:v1`);
  const there = await copier.copy({ source: at(first), target: at(real.host), referrers });
  const back = await copier.copy({ source: at(real.host), target: at(second), referrers });
  return { there, back };
}

describe("every form of image", () => {
  for (const [index, form] of Object.keys(IMAGE_FORMS).entries()) {
    test(`${form} comes back as it went`, async () => {
      const path = `forms/number-${index}`;
      const digest = putForm(source, path, form);
      const { there, back } = await thereAndBack(path, false);
      deepEqual([there.digest, back.digest], [digest, digest]);
      deepEqual(differences({ source, target }, path, path, digest), []);
      const manifest = await registries.getManifest(parseReference(`${real.host}/${path}:v1`));
      equal(manifest?.digest, digest);
    });
  }
});

test("what refers to an image comes back, though this registry lists no referrers", async () => {
  const path = "team/signed";
  const digest = putForm(source, path, "an index with attestations");
  const config = source.putBlob(path, new TextEncoder().encode("{}"));
  const signature = source.putBlob(path, new TextEncoder().encode("signature"));
  const document = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: "application/x-signature",
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: config, size: 2 },
    layers: [{ mediaType: "text/plain", digest: signature, size: 9 }],
  };
  const put = (one: object, tag?: string) =>
    source.putManifest(path, new TextEncoder().encode(JSON.stringify(one)), OCI_MANIFEST, tag);
  const referring = put({ ...document, subject: { mediaType: OCI_MANIFEST, digest, size: 1 } });
  const tag = `${digest.replace(":", "-")}.sig`;
  const tagged = put(document, tag);
  const { there, back } = await thereAndBack(path, true);
  for (const { referrers } of [there, back]) {
    deepEqual(
      referrers?.map((one) => one.digest),
      [referring, tagged],
    );
  }
  deepEqual(differences({ source, target }, path, path, referring), []);
  equal(target.tags(path)[tag], tagged);
});
