/** What an installation may do, by its values: read in what `repull kubernetes manifests` prints. */

import { deepEqual, equal, rejects } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { kubernetesManifests } from "../../src/cli/commands/kubernetes/manifests.ts";
import { WrongCall } from "../../src/cli/wrong-call.ts";
import { InvalidInput } from "../../src/image/invalid-input.ts";
import { commandIo } from "../support/command-io.ts";

type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
};
type Manifest = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly data?: Readonly<Record<string, string>>;
};

async function manifests(values: object, kubeVersion = "1.36"): Promise<readonly Manifest[]> {
  const io = commandIo({
    "values.yaml": JSON.stringify({ image: { repository: "registry.example/repull" }, ...values }),
  });
  const status = await kubernetesManifests({ values: ["values.yaml"], namespace: "pulls", kubeVersion }, io);
  equal(status, 0);
  return parseAllDocuments(io.printed.out, { version: "1.1" }).map((document) => document.toJS() as Manifest);
}

const CHART = new URL("../../infra/helm/repull/Chart.yaml", import.meta.url);
const MODES = ["observe", "remediate"] as const;
const ADMISSIONS = ["auto", "policy", "webhook", "both"] as const;
const CERTIFICATES = ["controller", "cert-manager"] as const;
const INSTALLATIONS = MODES.flatMap((mode) =>
  ADMISSIONS.flatMap((admission) =>
    CERTIFICATES.flatMap((from) =>
      ["1.30", "1.36"].map((version) => ({ values: { mode, admission, certificates: { from } }, version })),
    ),
  ),
);

const rulesOf = (objects: readonly Manifest[], kind: string) =>
  objects.filter((one) => one.kind === kind).flatMap(({ rules = [] }) => rules);

describe("every installation", () => {
  for (const { values, version } of INSTALLATIONS) {
    const title = `${values.mode}, ${values.admission}, ${values.certificates.from}, ${version}`;

    test(`has no right on Secrets in the cluster, and on one by its name in its namespace: ${title}`, async () => {
      const objects = await manifests(values, version);
      const touches = (rule: Rule) => rule.resources.some((name) => /secrets|\*/.test(name));
      deepEqual(rulesOf(objects, "ClusterRole").filter(touches), []);
      for (const rule of rulesOf(objects, "Role").filter(touches))
        deepEqual(rule.resourceNames, ["repull-tls"]);
    });

    test(`has no right by a wildcard, to escalate or to act as another: ${title}`, async () => {
      const objects = await manifests(values, version);
      const rules = [...rulesOf(objects, "ClusterRole"), ...rulesOf(objects, "Role")];
      const words = rules.flatMap(({ apiGroups, resources, verbs }) => [
        ...apiGroups,
        ...resources,
        ...verbs,
      ]);
      deepEqual(
        words.filter((word) => ["*", "escalate", "bind", "impersonate", "pods/exec"].includes(word)),
        [],
      );
    });

    test(`may patch pods exactly when it remediates: ${title}`, async () => {
      const objects = await manifests(values, version);
      const patching = rulesOf(objects, "ClusterRole").filter(
        ({ resources, verbs }) => resources.includes("pods") && verbs.includes("patch"),
      );
      equal(patching.length, values.mode === "remediate" ? 1 : 0);
    });
  }
});

describe("admission", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["auto",    "1.36", false],
    ["auto",    "1.40", false],
    ["auto",    "1.35", true],
    ["policy",  "1.36", false],
    ["webhook", "1.36", true],
    ["both",    "1.36", true],
  ] as const;
  for (const [admission, version, hasWebhook] of table)
    test(`${admission} on ${version} ${hasWebhook ? "runs" : "does without"} a webhook`, async () => {
      const objects = await manifests({ admission }, version);
      equal(
        objects.some(({ kind, metadata }) => kind === "Deployment" && metadata.name === "repull-webhook"),
        hasWebhook,
      );
    });
});

test("the policy document reaches the ConfigMap as JSON, whole", async () => {
  const policy = { minimumProof: "same-index", scope: { images: { exclude: ["a<b>&c"] } } };
  const settings = (await manifests({ policy })).find(({ metadata }) => metadata.name === "repull-policy");
  deepEqual(JSON.parse(settings?.data?.["policy.json"] ?? ""), policy);
});

test("a word that YAML 1.1 takes for false is quoted, because kubectl reads that", async () => {
  const objects = await manifests({ admission: "webhook" });
  const configuration = objects.find(({ kind }) => kind === "MutatingWebhookConfiguration");
  const values = JSON.stringify(configuration).match(/"values":\[[^\]]*\]/g) ?? [];
  deepEqual(
    values.filter((one) => one.includes("false")),
    [],
  );
  equal(
    values.some((one) => one.includes('"off"')),
    true,
  );
});

test("what the controller fills is there without data, so that no upgrade empties it", async () => {
  const objects = await manifests({ admission: "webhook" });
  const filled = objects.filter(({ metadata }) => ["repull-tls", "repull-state"].includes(metadata.name));
  deepEqual(
    filled.filter(({ kind }) => ["Secret", "ConfigMap"].includes(kind)).map(({ data }) => data),
    [undefined, undefined],
  );
});

describe("values that the chart does not have", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, values: object, where: string])[] = [
    ["a misspelt value",                          { mod: "observe" },                          "values"],
    ["a misspelt member",                         { webhook: { ports: 1 } },                   "values.webhook"],
    ["a misspelt key of the policy",              { policy: { minimalProof: "same-index" } },  "values.policy"],
    ["a mode that is none",                       { mode: "enforce" },                         "values.mode"],
    ["a mode taken away",                         { mode: null },                              "values.mode"],
    ["no image",                                  { image: { repository: "" } },               "values.image.repository"],
    ["an image of Docker Hub by its short name",  { image: { repository: "repull" } },         "values.image.repository"],
    ["a registry that breaks out of its CEL text", { allowedRegistries: ['x"] || true || ["'] }, "values.allowedRegistries.0"],
    ["a user of Docker Hub as a registry",        { allowedRegistries: ["nginx"] },                    "values.allowedRegistries.0"],
    ["an empty path in a registry",               { allowedRegistries: ["public.ecr.aws/"] },          "values.allowedRegistries.0"],
    ["a step up in a registry's path",            { allowedRegistries: ["public.ecr.aws/a/../b"] },    "values.allowedRegistries.0"],
    ["no registry",                               { allowedRegistries: [] },                   "values.allowedRegistries"],
  ];
  for (const [title, values, where] of table)
    test(`are refused: ${title}`, () =>
      rejects(manifests(values), (error) => error instanceof InvalidInput && error.path === where));

  for (const version of ["1.29", "1.9", "1.20"])
    test(`are refused for Kubernetes ${version}, which does not know the fence, as the chart refuses it`, async () => {
      await rejects(
        manifests({}, version),
        (error) => error instanceof InvalidInput && error.path === "--kube-version",
      );
      const [, from = ""] = /^kubeVersion: ">=([0-9.]+)\.0-0"$/m.exec(readFileSync(CHART, "utf8")) ?? [];
      equal((await manifests({}, from)).length > 0, true);
    });

  test("are refused where the file is not YAML or cannot be read", async () => {
    const run = (values: string) =>
      kubernetesManifests(
        { values: [values], namespace: "repull", kubeVersion: "1.36" },
        commandIo({ "bad.yaml": "a: [", "list.yaml": "[1]" }),
      );
    for (const file of ["bad.yaml", "list.yaml"]) await rejects(run(file), InvalidInput);
    await rejects(run("absent.yaml"), WrongCall);
  });
});
