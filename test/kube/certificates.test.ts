/** The webhook's certificates with the rights that the chart gives, on a real API server, and checked by Go's own TLS. */

import { deepEqual, equal, match } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keepCertificates } from "../../src/cluster/certificates/keep-certificates.ts";
import { ClusterError } from "../../src/cluster/cluster-error.ts";
import type { ClusterPort } from "../../src/cluster/cluster-port.ts";
import { clusterSource } from "../../src/cluster/cluster-source.ts";
import { openCluster } from "../../src/cluster/open-cluster.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type ControlPlane, startControlPlane } from "../support/kube/control-plane.ts";

const CHART = join(import.meta.dirname, "../../infra/helm/repull");
const NAME = "repull-webhook.repull.svc";

let plane: ControlPlane;
/** With the token of the controller's account. */
let cluster: ClusterPort;

beforeAll(async () => {
  plane = await startControlPlane({ controllers: true });
  await plane.kubectl(["create", "namespace", "repull"]);
  await plane.helm([
    "install",
    "repull",
    CHART,
    "-n",
    "repull",
    "--values",
    join(CHART, "ci/webhook-values.yaml"),
  ]);
  const kubeconfig = await plane.accountKubeconfig("repull", "repull");
  cluster = openCluster(await clusterSource({ kubeconfig }, {}), systemClock);
});
afterAll(async () => {
  cluster?.close();
  await plane?.stop();
});

const pass = () =>
  keepCertificates({
    cluster,
    clock: systemClock,
    namespace: "repull",
    secret: "repull-tls",
    service: "repull-webhook",
    configuration: "repull",
  });

test("the controller's account fills the Secret and the configuration, and then leaves them", async () => {
  const first = await pass();
  deepEqual(first.kind === "kept" && first.changed, ["authority-added", "serving-renewed", "bundle-written"]);
  const second = await pass();
  deepEqual(second.kind === "kept" && second.changed, []);
});

test("Go's verifier takes the certificate for the Service's name, by the bundle in the configuration, and for no other", async () => {
  const { data } = await plane.kubectl.json(["get", "secret", "repull-tls", "-n", "repull"]);
  const { webhooks } = await plane.kubectl.json(["get", "mutatingwebhookconfiguration", "repull"]);
  const text = (name: string) => Buffer.from(data[name], "base64").toString();
  const server = createServer({ cert: text("tls.crt"), key: text("tls.key") }, (_, response) =>
    response.end("here"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const bundle = join(plane.folder, "bundle.crt");
    await writeFile(bundle, Buffer.from(webhooks[0].clientConfig.caBundle, "base64"));
    const ask = (name: string, authority: string) =>
      plane.kubectl(
        [
          ...["--server", `https://127.0.0.1:${(server.address() as AddressInfo).port}`],
          ...["--tls-server-name", name, "--certificate-authority", authority, "get", "--raw", "/"],
        ],
        { mayFail: true },
      );
    equal((await ask(NAME, bundle)).stdout, "here");
    match((await ask("repull-webhook.other.svc", bundle)).stderr, /certificate is valid for/);
    match((await ask(NAME, plane.authority.certificatePath)).stderr, /unknown authority/);
  } finally {
    server.close();
  }
});

// biome-ignore format: a table is read by its columns
const refused: readonly (readonly [title: string, ask: () => Promise<unknown>])[] = [
  ["another Secret of its namespace",      () => cluster.get("secrets", { namespace: "repull", name: "other" })],
  ["a Secret of the same name elsewhere",  () => cluster.get("secrets", { namespace: "default", name: "repull-tls" })],
  ["the list of its namespace's Secrets",  () => cluster.list("secrets", { namespace: "repull" })],
  ["another webhook's configuration",      () => cluster.get("mutatingwebhookconfigurations", { name: "other" })],
  ["a new ConfigMap",                      () => cluster.create("configmaps", { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "repull", name: "new" } })],
  ["the fence of the account itself",      () => cluster.delete("validatingadmissionpolicies", { name: "repull-pods" })],
  ["lifting a pause",                      () => cluster.patch("configmaps", { namespace: "repull", name: "repull-writes" }, [{ op: "add", path: "/data/paused", value: "" }])],
];
for (const [title, ask] of refused)
  test(`the controller's account is refused ${title}`, async () => {
    await expect(ask()).rejects.toSatisfy(
      (error) => error instanceof ClusterError && error.reason === "Forbidden",
    );
  });
