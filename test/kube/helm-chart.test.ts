/**
 * The chart by helm itself, and what a real API server says to it.
 *
 * `repull kubernetes manifests` and `helm template` read one source in two ways: here they are compared, for the sets of values in
 * `ci/` and for random ones.
 */

import { deepEqual, equal, match } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { kubernetesManifests } from "../../src/cli/commands/kubernetes/manifests.ts";
import { commandIo } from "../support/command-io.ts";
import { type ControlPlane, startControlPlane } from "../support/kube/control-plane.ts";
import { runTool } from "../support/kube/kubectl.ts";

const CHART = join(import.meta.dirname, "../../infra/helm/repull");
const SETS = readdirSync(join(CHART, "ci")).map((name) => ({
  name: name.replace("-values.yaml", ""),
  file: join(CHART, "ci", name),
}));
const VERSIONS = ["1.30", "1.36"] as const;

type Manifest = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
};

const helm = (...args: readonly string[]) => runTool("helm", args, { env: {} });

async function rendered(file: string, version: string, namespace = "repull"): Promise<string> {
  const where = ["--namespace", namespace, "--kube-version", version];
  return (await helm("template", "repull", CHART, "--values", file, ...where)).stdout;
}

async function printed(file: string, version: string, namespace = "repull"): Promise<string> {
  const io = commandIo({ [file]: readFileSync(file, "utf8") });
  equal(await kubernetesManifests({ values: [file], namespace, kubeVersion: version }, io), 0);
  return io.printed.out;
}

function objectsIn(yaml: string): Readonly<Record<string, unknown>> {
  // As Helm and kubectl read it.
  const objects = parseAllDocuments(yaml, { version: "1.1" })
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);
  return Object.fromEntries(
    objects.map((one) => [`${one.kind} ${one.metadata.namespace}/${one.metadata.name}`, one]),
  );
}

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-chart-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

for (const { name, file } of SETS) {
  describe(`the values "${name}"`, () => {
    test("have no fault that helm lint finds", async () => {
      match((await helm("lint", "--strict", CHART, "--values", file)).stdout, /0 chart\(s\) failed/);
    });

    for (const version of VERSIONS)
      test(`give the same objects by helm as by repull, on ${version}`, async () => {
        const [theirs, ours] = await Promise.all([
          rendered(file, version, "pulls"),
          printed(file, version, "pulls"),
        ]);
        deepEqual(objectsIn(ours), objectsIn(theirs));
      });
  });
}

test("random values give the same objects by helm as by repull", async () => {
  const host = fc.stringMatching(/^[a-z0-9]{1,9}\.[a-z]{2,5}$/);
  const texts = fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), fc.string({ maxLength: 20 }), {
    maxKeys: 3,
  });
  const values = fc.record(
    {
      image: fc.record({
        repository: host.map((one) => `${one}/repull`),
        tag: fc.constantFrom("", "1.2.3", "v1"),
        digest: fc.constantFrom("", `sha256:${"a".repeat(64)}`),
      }),
      mode: fc.constantFrom("observe", "remediate"),
      admission: fc.constantFrom("auto", "policy", "webhook", "both"),
      allowedRegistries: fc.array(
        fc.oneof(
          host,
          host.map((one) => `${one}/docker/library`),
        ),
        { minLength: 1, maxLength: 4 },
      ),
      certificates: fc.record(
        {
          from: fc.constantFrom("controller", "cert-manager"),
          issuer: fc.constant({ kind: "Issuer", name: "i" }),
        },
        { requiredKeys: ["from"] },
      ),
      policy: fc.record(
        { minimumProof: fc.constantFrom("same-index", "same-platform"), mirrors: fc.record({ tags: texts }) },
        { requiredKeys: [] },
      ),
      aws: fc.record({ enabled: fc.boolean(), region: fc.constantFrom("", "eu-central-1") }),
      webhook: fc.record({ replicas: fc.integer({ min: 1, max: 9 }), hostNetwork: fc.boolean() }),
      serviceAccount: fc.record({ annotations: texts }),
      podAnnotations: texts,
      nodeSelector: texts,
      crd: fc.record({ install: fc.boolean() }),
    },
    { requiredKeys: ["image"] },
  );
  await fc.assert(
    fc.asyncProperty(values, fc.constantFrom(...VERSIONS), async (one, version) => {
      const file = join(folder, "values.yaml");
      await writeFile(file, JSON.stringify(one));
      deepEqual(objectsIn(await printed(file, version)), objectsIn(await rendered(file, version)));
    }),
    { numRuns: 40 },
  );
});

describe("helm refuses what repull refuses", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, values: object, where: RegExp])[] = [
    ["a misspelt value",                           { mod: "observe" },                             /mod/],
    ["a misspelt key of the policy",               { policy: { minimalProof: "same-index" } },     /minimalProof/],
    ["a mode that is none",                        { mode: "enforce" },                            /mode/],
    ["a mode taken away",                          { mode: null },                                 /mode/],
    ["no image",                                   { image: { repository: "" } },                  /repository/],
    ["a registry that breaks out of its CEL text", { allowedRegistries: ['x"] || true || ["'] },   /allowedRegistries/],
    ["a user of Docker Hub as a registry",         { allowedRegistries: ["nginx"] },               /allowedRegistries/],
    ["an empty path in a registry",                { allowedRegistries: ["public.ecr.aws/"] },     /allowedRegistries/],
    ["a step up in a registry's path",             { allowedRegistries: ["public.ecr.aws/a/../b"] }, /allowedRegistries/],
  ];
  for (const [title, values, where] of table)
    test(title, async () => {
      const file = join(folder, "refused.yaml");
      await writeFile(file, JSON.stringify({ image: { repository: "registry.example/repull" }, ...values }));
      const ran = await runTool("helm", ["template", "repull", CHART, "--values", file], {
        env: {},
        mayFail: true,
      });
      equal(ran.status === 0, false);
      match(ran.stderr, where);
    });
});

describe("a real API server", () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await startControlPlane({ controllers: true });
    await plane.kubectl(["create", "namespace", "repull"]);
    // Says of each pod what the strictest Pod Security Standard would refuse.
    await plane.kubectl(["label", "namespace", "repull", "pod-security.kubernetes.io/warn=restricted"]);
    await plane.kubectl.apply(othersDefinitions());
    await plane.kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]);
  });
  afterAll(() => plane?.stop());

  for (const { name, file } of SETS)
    test(`takes every object of the values "${name}", and knows every member`, async () => {
      const yaml = await rendered(file, "1.36");
      const ran = await plane.kubectl(["apply", "--dry-run=server", "--validate=strict", "-f", "-"], {
        stdin: yaml,
      });
      deepEqual(
        ran.stdout.split("\n").filter((line) => line !== "" && !line.endsWith("(server dry run)")),
        [],
      );
      // An expression of CEL that does not compile, a member that is none, or a pod with rights on its node, is a warning.
      const warnings = ran.stderr.split("\n").filter((line) => line !== "");
      const usesHostNetwork = readFileSync(file, "utf8").includes("hostNetwork: true");
      equal(warnings.length, usesHostNetwork ? 1 : 0, ran.stderr);
      for (const warning of warnings)
        match(warning, /restricted:latest.*: host namespaces \(hostNetwork=true\)$/);
    });

  test("takes what repull prints in one call, with nothing of it there before, and nothing differs then", async () => {
    const stdin = await printed(join(CHART, "ci/webhook-values.yaml"), "1.36");
    const apply = (verb: string) => plane.kubectl([verb, "--server-side", "-f", "-"], { stdin });
    await apply("apply");
    equal((await apply("diff")).stdout, "");
    await plane.kubectl(["delete", "-f", "-", "--wait=false"], { stdin });
    await plane.kubectl(["wait", "--for=delete", "crd/imageindexes.repull.dev", "--timeout=30s"]);
  });

  test("keeps through an upgrade the keys, the pause and the authority that the controller wrote", async () => {
    const install = (...more: readonly string[]) =>
      plane.helm([
        "upgrade",
        "--install",
        "repull",
        CHART,
        "--namespace",
        "repull",
        "--values",
        join(CHART, "ci/webhook-values.yaml"),
        ...more,
      ]);
    await install();
    await patch("secret", "repull-tls", { data: { "tls.crt": "YQ==" } });
    await patch("configmap", "repull-writes", { data: { paused: "a storm" } });
    await patch("configmap", "repull-state", { data: { heads: "{}" } });
    // Any certificate: the API server checks that it is one.
    const value = plane.authority.certificateBase64;
    const bundle = { path: "/webhooks/0/clientConfig/caBundle", value };
    await plane.kubectl([
      "patch",
      "mutatingwebhookconfiguration",
      "repull",
      "--type=json",
      "-p",
      JSON.stringify([{ op: "add", ...bundle }]),
    ]);
    await install("--set", "mode=observe");
    const get = (...what: readonly string[]) => plane.kubectl.json(["get", ...what, "-n", "repull"]);
    equal((await get("secret", "repull-tls")).data["tls.crt"], "YQ==");
    deepEqual((await get("configmap", "repull-writes")).data, { writes: "allowed", paused: "a storm" });
    equal((await get("configmap", "repull-state")).data.heads, "{}");
    equal((await get("mutatingwebhookconfiguration", "repull")).webhooks[0].clientConfig.caBundle, value);
    await plane.helm(["uninstall", "repull", "--namespace", "repull"]);
    equal((await get("crd", "imageindexes.repull.dev")).metadata.name, "imageindexes.repull.dev");
    await plane.helm([
      "install",
      "repull",
      CHART,
      "--namespace",
      "repull",
      "--values",
      join(CHART, "ci/observe-values.yaml"),
    ]);
    await plane.helm(["uninstall", "repull", "--namespace", "repull"]);
  });

  async function patch(kind: string, name: string, change: object): Promise<void> {
    await plane.kubectl(["patch", kind, name, "-n", "repull", "--type=merge", "-p", JSON.stringify(change)]);
  }
});

/** The definitions of cert-manager's two kinds, as far as the chart uses them: any member. */
function othersDefinitions(): object {
  const items = [
    ["certificates", "Certificate"],
    ["issuers", "Issuer"],
  ].map(([plural, kind]) => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: [plural, "cert-manager.io"].join(".") },
    spec: {
      group: "cert-manager.io",
      scope: "Namespaced",
      names: { plural, kind },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
        },
      ],
    },
  }));
  return { apiVersion: "v1", kind: "List", items };
}
