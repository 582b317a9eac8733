/** The webhook's certificates over time, in a Secret and a configuration of the sandbox's cluster; the certificates are real. */

import { deepEqual, equal, rejects } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, test } from "vitest";
import {
  type CertificatePass,
  keepCertificates,
} from "../../../src/cluster/certificates/keep-certificates.ts";
import { ClusterError } from "../../../src/cluster/cluster-error.ts";
import { createSandboxCluster } from "../../../src/sandbox/kubernetes/sandbox-cluster.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function world(data: Readonly<Record<string, string>> | undefined = undefined) {
  const cluster = createSandboxCluster();
  let now = Date.UTC(2026, 10, 29);
  cluster.put("secrets", {
    metadata: { namespace: "repull", name: "repull-tls", labels: { kept: "yes" } },
    ...(data === undefined ? {} : { data }),
  } as never);
  cluster.put("mutatingwebhookconfigurations", {
    metadata: { name: "repull" },
    webhooks: ["a", "b"].map((name) => ({ name, clientConfig: { service: { name: "repull-webhook" } } })),
  } as never);
  const secret = async () => {
    const held = await cluster.get("secrets", { namespace: "repull", name: "repull-tls" });
    return { ...held, text: (name: string) => Buffer.from(held?.data?.[name] ?? "", "base64").toString() };
  };
  return {
    cluster,
    secret,
    after: (passed: number) => {
      now += passed;
    },
    pass: (): Promise<CertificatePass> =>
      keepCertificates({
        cluster,
        clock: { now: () => now },
        namespace: "repull",
        secret: "repull-tls",
        service: "repull-webhook",
        configuration: "repull",
      }),
    bundles: async () => {
      const found = await cluster.get("mutatingwebhookconfigurations", { name: "repull" });
      const webhooks = (found?.webhooks ?? []) as readonly { clientConfig: { caBundle?: string } }[];
      return webhooks.map(({ clientConfig }) => clientConfig.caBundle);
    },
    serving: async () => new X509Certificate((await secret()).text("tls.crt")),
    authorities: async () =>
      ((await secret()).text("ca.crt").match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g) ?? []).map(
        (pem) => new X509Certificate(pem),
      ),
  };
}

const changesOf = (pass: CertificatePass) => (pass.kind === "kept" ? pass.changed : pass.code);

describe("keepCertificates", () => {
  test("fills an empty Secret, and every entry of the configuration", async () => {
    const it = world();
    deepEqual(changesOf(await it.pass()), ["authority-added", "serving-renewed", "bundle-written"]);
    const [authority] = await it.authorities();
    const serving = await it.serving();
    equal(authority !== undefined && serving.verify(authority.publicKey), true);
    equal(serving.checkHost("repull-webhook.repull.svc"), "repull-webhook.repull.svc");
    equal(serving.checkHost("repull-webhook.other.svc"), undefined);
    equal(serving.ca, false);
    equal(serving.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
    const bundle = (await it.secret()).data?.["ca.crt"];
    deepEqual(await it.bundles(), [bundle, bundle]);
    deepEqual((await it.secret()).metadata?.labels, { kept: "yes" });
  });

  test("writes nothing where nothing is due", async () => {
    const it = world();
    await it.pass();
    it.cluster.onWrite = () => {
      throw new Error("written");
    };
    it.after(30 * DAY);
    deepEqual(changesOf(await it.pass()), []);
  });

  test("changes the authority in four passes, and each certificate is trusted by the bundle before and after", async () => {
    const it = world();
    await it.pass();
    it.after(200 * DAY);
    await it.pass();
    it.after(44 * DAY);
    const steps: unknown[] = [];
    for (const wait of [0, 1, HOUR, 25 * HOUR, 0]) {
      it.after(wait);
      steps.push(changesOf(await it.pass()));
      const serving = await it.serving();
      equal(
        (await it.authorities()).some(({ publicKey }) => serving.verify(publicKey)),
        true,
      );
    }
    deepEqual(steps, [
      ["authority-added", "bundle-written"],
      [],
      ["serving-renewed"],
      ["authority-removed", "bundle-written"],
      [],
    ]);
  });

  test("writes the bundle again where another version of the chart took it away", async () => {
    const it = world();
    await it.pass();
    it.cluster.put("mutatingwebhookconfigurations", {
      metadata: { name: "repull" },
      webhooks: [{ name: "c", clientConfig: {} }],
    } as never);
    deepEqual(changesOf(await it.pass()), ["bundle-written"]);
    deepEqual(await it.bundles(), [(await it.secret()).data?.["ca.crt"]]);
  });

  // biome-ignore format: a table is read by its columns
  const unreadable: readonly (readonly [title: string, data: Record<string, string>])[] = [
    ["nothing of a certificate", { "ca.crt": "AAAA", "ca.key": "AAAA", "tls.crt": "AAAA", "tls.key": "AAAA" }],
    ["half a certificate",       { "ca.crt": Buffer.from("-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----").toString("base64") }],
    ["no base64",                { "ca.crt": "%%%%" }],
  ];
  for (const [title, data] of unreadable)
    test(`makes all anew where the Secret has ${title}`, async () => {
      deepEqual(changesOf(await world(data).pass()), [
        "authority-added",
        "serving-renewed",
        "bundle-written",
      ]);
    });

  test("makes a serving certificate anew where its key is another's", async () => {
    const it = world();
    const other = world();
    await it.pass();
    await other.pass();
    const { text: _, ...held } = await it.secret();
    const data = { ...held.data, "tls.key": (await other.secret()).data?.["tls.key"] ?? "" };
    it.cluster.put("secrets", { ...held, data } as never);
    deepEqual(changesOf(await it.pass()), ["serving-renewed"]);
  });

  test("says what is missing, and makes neither", async () => {
    const it = world();
    it.cluster.remove("mutatingwebhookconfigurations", { name: "repull" });
    equal(changesOf(await it.pass()), "no-configuration");
    it.cluster.remove("secrets", { namespace: "repull", name: "repull-tls" });
    equal(changesOf(await it.pass()), "no-secret");
    equal(it.cluster.all("secrets").length, 0);
  });

  test("leaves the Secret to another leader that wrote in between", async () => {
    const it = world();
    it.cluster.fault = ({ verb, kind }) =>
      verb === "replace" && kind === "secrets" ? new ClusterError(409, "Conflict", "modified") : undefined;
    equal(changesOf(await it.pass()), "conflict");
    deepEqual(await it.bundles(), [undefined, undefined]);
  });

  test("finishes in the next pass what died between the two writes", async () => {
    const it = world();
    it.cluster.fault = ({ verb }) =>
      verb === "patch" ? new ClusterError(0, "Unreachable", "gone") : undefined;
    await rejects(it.pass(), ClusterError);
    it.cluster.fault = undefined;
    deepEqual(changesOf(await it.pass()), ["bundle-written"]);
  });
});
