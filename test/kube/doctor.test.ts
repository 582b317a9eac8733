/** `repull doctor --kube-context`, against a real API server: each thing that is wrong is found, and named. */

import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Check } from "../../src/cli/doctor/check.ts";
import { checksOf, clusterDoctor } from "../../src/cli/doctor/cluster/cluster-doctor.ts";
import type { ClusterPort } from "../../src/cluster/cluster-port.ts";
import { openCluster } from "../../src/cluster/open-cluster.ts";
import { packRows } from "../../src/kubernetes/image-index.ts";
import { fencePolicies } from "../../src/kubernetes/policies/fence.ts";
import { imageIndexCrd } from "../../src/kubernetes/policies/image-index-crd.ts";
import { swapImagesBinding, swapImagesPolicy } from "../../src/kubernetes/policies/swap-images.ts";
import { webhookConfiguration } from "../../src/kubernetes/policies/webhook-configuration.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { commandIo } from "../support/command-io.ts";
import { makeAuthority, type Pair } from "../support/kube/authority.ts";
import { type ControlPlane, startControlPlane } from "../support/kube/control-plane.ts";

const NAMESPACE = "repull";
const ACCOUNT = "system:serviceaccount:repull:repull";
const HOST = "public.ecr.aws";
const DIGEST = `sha256:${"a".repeat(64)}` as const;
const USE = `${HOST}/docker/library/nginx@${DIGEST}`;
const SERVICE = "repull-webhook.repull.svc";
const at = (secondsFromNow: number) => new Date(Date.now() + secondsFromNow * 1000).toISOString();

let plane: ControlPlane;
let cluster: ClusterPort;

const examine = async (namespace = NAMESPACE, port = cluster): Promise<readonly Check[]> =>
  checksOf(port, namespace, Date.now());
/** `failed`, and what it says. */
const found = async (check: string, port = cluster): Promise<string> => {
  const one = (await examine(NAMESPACE, port)).find((each) => each.check === check);
  return `${one?.result}: ${one?.because}`;
};
const apply = (...items: readonly object[]) =>
  plane.kubectl.apply({ apiVersion: "v1", kind: "List", items: [...items] });
const remove = (...args: readonly string[]) => plane.kubectl(["delete", "--ignore-not-found", ...args]);

const index = (goodUntil: string) =>
  packRows(
    new Map([
      [
        "nginx:1.27",
        {
          use: USE,
          proof: "same-index" as const,
          trusted: { digest: DIGEST, from: "reference" },
          askedAt: at(-60),
          goodUntil,
          platforms: ["linux/amd64"],
        },
      ],
      ["private:1", { askedAt: at(-60), goodUntil, platforms: ["linux/amd64"], codes: ["no-source"] }],
    ]),
  );
const lease = (renewTime: string) => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name: "repull", namespace: NAMESPACE },
  spec: {
    holderIdentity: "repull-1",
    leaseDurationSeconds: 15,
    renewTime: renewTime.replace("Z", "000Z"),
  },
});
const STATUS = {
  schemaVersion: "1",
  leader: "repull-1",
  images: 2,
  due: 0,
  rows: {},
  platforms: ["linux/amd64"],
  requests: { left: 600 },
  expired: [],
  missing: {},
};
const state = (status: object) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "repull-state", namespace: NAMESPACE },
  data: { status: JSON.stringify({ ...STATUS, at: at(-30), ...status }) },
});
const daemonSet = (namespace: string, name: string) => ({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name, namespace },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name, image: "quay.io/cilium/cilium:1" }] },
    },
  },
});
const deployment = (name: string, mode: string, more = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace: NAMESPACE },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          {
            name,
            image: `${HOST}/repull/repull:1`,
            args: ["kubernetes", "controller", "--mode", mode, "--allowed-registries", HOST],
          },
        ],
        ...more,
      },
    },
  },
});
const fence = fencePolicies({ account: ACCOUNT, allowedRegistries: `["${HOST}"]` });
const policy = swapImagesPolicy({ account: ACCOUNT, namespace: NAMESPACE });
/** In the place of the controller: its account alone may write the index, once the fence is there. */
const asController = () => plane.accountKubeconfig(NAMESPACE, "repull");
const applyIndex = async (goodUntil: string) =>
  plane.kubectl.apply(
    { apiVersion: "v1", kind: "List", items: [...index(goodUntil)] },
    { kubeconfig: await asController() },
  );
/** Policies work a moment after they are stored, so a dry run says when. */
async function untilSwapped(isSwapped: boolean): Promise<void> {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "probe", namespace: "shop" },
    spec: { containers: [{ name: "web", image: "nginx:1.27" }] },
  };
  await vi.waitFor(
    async () => {
      const tried = await cluster.create("pods", pod, { dryRun: true });
      expect(tried.spec.containers[0]?.image).toBe(isSwapped ? USE : "nginx:1.27");
    },
    { timeout: 30_000 },
  );
}

beforeAll(async () => {
  plane = await startControlPlane();
  cluster = openCluster({ from: "kubeconfig", files: [plane.kubeconfig] }, systemClock);
  for (const name of ["repull", "shop", "strict"]) await plane.kubectl(["create", "namespace", name]);
});
afterAll(async () => {
  cluster?.close();
  await plane?.stop();
});

test("a cluster without Repull is reported so, check by check", async () => {
  const checks = await examine();
  expect(Object.fromEntries(checks.map(({ check, result }) => [check, result]))).toEqual({
    admission: "not checked",
    fence: "failed",
    registries: "not checked",
    leader: "failed",
    controller: "not checked",
    index: "failed",
    "way in": "not checked",
    "swapped pods": "not checked",
    certificate: "passed",
    platforms: "not checked",
    "node rights": "failed",
    network: "passed",
  });
  for (const { result, remedy } of checks) if (result === "failed") expect(remedy).toMatch(/\S \S/);
});

describe("a cluster in which Repull is installed", () => {
  beforeAll(async () => {
    await apply(imageIndexCrd());
    await plane.kubectl(["wait", "--for=condition=Established", "crd/imageindexes.repull.dev"]);
    await plane.kubectl(["create", "serviceaccount", "repull", "-n", NAMESPACE]);
    await plane.kubectl([
      ...["create", "clusterrole", "repull", "--verb=*", "--resource=imageindexes.repull.dev"],
    ]);
    await plane.kubectl([
      ...["create", "clusterrolebinding", "repull", "--clusterrole=repull"],
      `--serviceaccount=${NAMESPACE}:repull`,
    ]);
    await applyIndex(at(3600));
    await apply(...fence, policy, swapImagesBinding(), deployment("repull", "remediate"));
    await apply(lease(at(-2)), state({}));
    await apply({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "node-1" },
      status: {},
    });
    await plane.kubectl([
      ...["patch", "node", "node-1", "--subresource=status", "--type=merge", "-p"],
      JSON.stringify({ status: { nodeInfo: nodeInfo("amd64") } }),
    ]);
    await apply({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "running", namespace: "shop" },
      spec: { containers: [{ name: "web", image: `${HOST}/x/y:1` }] },
    });
    await plane.kubectl([
      ...["patch", "pod", "running", "-n", "shop", "--subresource=status", "--type=merge", "-p"],
      JSON.stringify({
        status: { containerStatuses: [runningStatus(`${HOST}/x/y@${DIGEST}`)] },
      }),
    ]);
    await untilSwapped(true);
  });

  test("passes every check", async () => {
    const checks = await examine();
    expect(checks.filter(({ result }) => result !== "passed")).toEqual([]);
    expect(await found("way in")).toBe(
      "passed: a pod of 7 namespaces reaches Repull".replace("7", String(await openNamespaces())),
    );
    expect(await found("index")).toContain("1 of 2 images");
  });

  test("stores nothing by being examined", async () => {
    await examine();
    const names = (await cluster.list("pods")).map(({ metadata }) => metadata.name);
    expect(names).toEqual(["running"]);
  });

  test("is examined with rights to read alone as far as they go, and fails nothing for want of one", async () => {
    await plane.kubectl(["create", "serviceaccount", "stranger", "-n", "shop"]);
    const port = openCluster(
      { from: "kubeconfig", files: [await plane.accountKubeconfig("shop", "stranger")] },
      systemClock,
    );
    const checks = await examine(NAMESPACE, port);
    port.close();
    expect(checks.filter(({ result }) => result === "failed")).toEqual([]);
    expect(checks.filter(({ result }) => result === "not checked").length).toBeGreaterThan(5);
  });

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, string, string, () => Promise<unknown>, () => Promise<unknown>])[] = [
    ["a policy that is not bound",                 "admission",  "failed: the policy repull-images is not bound",   () => remove("mutatingadmissionpolicybinding", "repull-images"), async () => { await apply(swapImagesBinding()); await untilSwapped(true); }],
    ["a fence that is not there",                  "fence",      "failed: there is no policy repull-index",         () => remove("validatingadmissionpolicy", "repull-index"), () => apply(...fence)],
    ["a fence that is not bound",                  "fence",      "failed: the policy repull-pods is not bound",     () => remove("validatingadmissionpolicybinding", "repull-pods"), () => apply(...fence)],
    ["a fence with another registry than the controller has", "registries", "failed: only one of the fence and the controller has other.example/team", () => apply(...fencePolicies({ account: ACCOUNT, allowedRegistries: `["${HOST}", "other.example/team"]` })), () => apply(...fence)],
    ["a registry that is a user of Docker Hub",    "registries", "failed: no image is of nginx",                    () => apply(...fencePolicies({ account: ACCOUNT, allowedRegistries: '["nginx"]' })), () => apply(...fence)],
    ["a controller that is gone",                  "leader",     "failed: repull-1 led until",                      () => apply(lease(at(-600))), () => apply(lease(at(-2)))],
    ["a controller that cannot read",              "controller", "failed: the controller cannot read pods",         () => apply(state({ missing: { pods: "forbidden" } })), () => apply(state({}))],
    ["an index that cannot be written",            "controller", "failed: the index could not be written",          () => apply(state({ refused: "not in allowedRegistries" })), () => apply(state({}))],
    ["a controller that hangs",                    "controller", "failed: the controller looked at the cluster last", () => apply(state({ at: at(-7200) })), () => apply(state({}))],
    ["a proof that was not renewed",               "proofs",     "failed: no new proof came in time for nginx:1.27", () => apply(state({ expired: [{ image: "nginx:1.27", at: at(-60), codes: ["quota"] }] })), () => apply(state({}))],
    ["proofs that are all too old",                "index",      "failed: the proofs of all 1 places are too old",  () => applyIndex(at(-1)), async () => { await applyIndex(at(3600)); await untilSwapped(true); }],
    ["a node that cannot run what was proved",     "platforms",  "failed: the nodes are linux/arm64",               () => nodeIs("arm64"), () => nodeIs("amd64")],
    ["a namespace that refuses a swapped pod",     "swapped pods", `failed: strict refuses ${USE}: `,                () => refuseIn("strict"), () => remove("validatingadmissionpolicy,validatingadmissionpolicybinding", "no-ecr-public")],
  ];
  for (const [what, check, expected, breakIt, mendIt] of table)
    test(`shows ${what}`, async () => {
      await breakIt();
      try {
        // Policies work a moment after they are stored.
        await expect.poll(() => found(check), { timeout: 30_000 }).toContain(expected);
      } finally {
        await mendIt();
      }
      await expect.poll(() => found(check), { timeout: 30_000 }).toMatch(/^passed/);
    });

  test("tries no pod in a namespace that opted out", async () => {
    const before = await openNamespaces();
    await plane.kubectl(["label", "namespace", "strict", "repull.dev/mode=off"]);
    expect(await found("way in")).toContain(`${before - 1} namespaces`);
    await plane.kubectl(["label", "namespace", "strict", "repull.dev/mode-"]);
  });

  test("says of a server without policies that a webhook is needed", async () => {
    const older: ClusterPort = {
      ...cluster,
      isServed: async (kind) => kind !== "mutatingadmissionpolicies" && (await cluster.isServed(kind)),
    };
    expect(await found("admission", older)).toMatch(
      /^failed: .*does not serve MutatingAdmissionPolicy.*neither/,
    );
  });

  describe("with a webhook in place of the policy", () => {
    let authority: Awaited<ReturnType<typeof makeAuthority>>;
    const configure = async (caBundle: string | undefined): Promise<void> => {
      const { webhooks, ...object } = webhookConfiguration({
        namespace: NAMESPACE,
        serviceName: "repull-webhook",
      });
      // Nothing listens here: the control plane of the test does not reach the cluster's services.
      const entries = webhooks.map((entry) => ({
        ...entry,
        clientConfig: { ...entry.clientConfig, ...(caBundle === undefined ? {} : { caBundle }) },
      }));
      await plane.kubectl.apply({ ...object, webhooks: entries });
    };
    const secret = async ({ certificatePath }: Pair) => {
      const certificate = (await readFile(certificatePath)).toString("base64");
      await apply({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "repull-tls", namespace: NAMESPACE },
        data: { "tls.crt": certificate },
      });
    };
    const issue = (name: string, host: string, days: number, by = authority) =>
      by.issue(name, `/CN=${name}`, [`subjectAltName=DNS:${host}`, "extendedKeyUsage=serverAuth"], days);

    beforeAll(async () => {
      authority = await makeAuthority(plane.folder, "webhook-authority");
      await remove("mutatingadmissionpolicy,mutatingadmissionpolicybinding", "repull-images");
      await untilSwapped(false);
      await configure(authority.certificateBase64);
      await secret(await issue("good", SERVICE, 30));
      await apply(deployment("repull-webhook", "remediate"));
    });
    afterAll(async () => {
      await remove("mutatingwebhookconfiguration", "repull");
      await apply(policy, swapImagesBinding());
      await untilSwapped(true);
    });

    test("passes the certificate's check, and shows that no pod reaches it", async () => {
      expect(await found("admission")).toMatch(/^passed: .*the webhook is installed/);
      expect(await found("certificate")).toBe("passed: the certificate is good for 29 days");
      expect(await found("way in")).toMatch(
        /^failed: a pod that would be swapped is left as it is in default/,
      );
      expect(await found("network")).toMatch(/^not checked/);
    });

    // biome-ignore format: a table is read by its columns
    const certificates: readonly (readonly [string, string, () => Promise<unknown>])[] = [
      ["that ends in days",               "failed: the certificate ends on",                         async () => secret(await issue("short", SERVICE, 4))],
      ["for another name",                `failed: the certificate is not for ${SERVICE}`,           async () => secret(await issue("other-name", "other.svc", 30))],
      ["of another authority",            "failed: no authority that the API server knows",          async () => secret(await issue("foreign", SERVICE, 30, await makeAuthority(plane.folder, "foreign-authority")))],
      ["that is not there",               "failed: the Secret repull-tls has no certificate",        () => remove("secret", "repull-tls", "-n", NAMESPACE)],
      ["whose authority the API server does not have",  "failed: the API server has no authority",             () => configure(undefined)],
    ];
    for (const [what, expected, breakIt] of certificates)
      test(`shows a certificate ${what}`, async () => {
        await breakIt();
        expect(await found("certificate")).toContain(expected);
        await configure(authority.certificateBase64);
        await secret(await issue("good-again", SERVICE, 30));
        expect(await found("certificate")).toMatch(/^passed/);
      });

    // biome-ignore format: a table is read by its columns
    const networks = [
      ["an overlay that the control plane is not a part of", [["cilium", "kube-system"]],                           {},                    "failed: Cilium may be an overlay"],
      ["nothing against an overlay next to Amazon's network", [["cilium", "kube-system"], ["aws-node", "kube-system"]], {},                 "not checked"],
      ["an overlay in a namespace of its own",               [["calico-node", "calico-system"]],                    {},                    "failed: Calico may be an overlay"],
      ["nothing against a webhook on the nodes' network",    [["cilium", "kube-system"]],                           { hostNetwork: true }, "not checked"],
    ] as const;
    for (const [what, daemonSets, more, expected] of networks)
      test(`shows ${what}`, async () => {
        await plane.kubectl(["create", "namespace", "calico-system"], { mayFail: true });
        for (const [name, namespace] of daemonSets) await apply(daemonSet(namespace, name));
        await plane.kubectl.apply(deployment("repull-webhook", "remediate", more));
        expect(await found("network")).toContain(expected);
        for (const [name, namespace] of daemonSets) await remove("daemonset", name, "-n", namespace);
      });
  });

  describe("from the command line", () => {
    const run = async (flags: { kubeContext?: string; kubeconfig?: string; json?: boolean }) => {
      const io = commandIo();
      const status = await clusterDoctor({ namespace: NAMESPACE, json: false, ...flags }, io);
      return { status, out: io.printed.out };
    };

    test("is printed line by line, and in the exit status", async () => {
      const { status, out } = await run({ kubeconfig: plane.kubeconfig, kubeContext: "admin" });
      expect(status).toBe(0);
      expect(out).toContain("✓ way in");
    });

    test("refuses a context that the kubeconfig does not have", async () => {
      const asked = run({ kubeconfig: plane.kubeconfig, kubeContext: "absent" });
      await expect(asked).rejects.toMatchObject({ reason: "BadRequest" });
    });
  });
});

/** Namespaces whose pods are ours to change. */
async function openNamespaces(): Promise<number> {
  const names = (await cluster.list("namespaces")).map(({ metadata }) => metadata.name ?? "");
  return names.filter((name) => !["kube-system", "kube-node-lease", NAMESPACE].includes(name)).length;
}

function nodeInfo(architecture: string) {
  const blank = {
    bootID: "",
    kernelVersion: "",
    machineID: "",
    osImage: "",
    systemUUID: "",
    kubeProxyVersion: "",
  };
  return {
    ...blank,
    architecture,
    operatingSystem: "linux",
    containerRuntimeVersion: "containerd://2.1.0",
    kubeletVersion: "v1.36.3",
  };
}

function nodeIs(architecture: string) {
  const status = JSON.stringify({ status: { nodeInfo: nodeInfo(architecture) } });
  return plane.kubectl(["patch", "node", "node-1", "--subresource=status", "--type=merge", "-p", status]);
}

function runningStatus(imageID: string) {
  const state = { running: { startedAt: at(-60) } };
  return { name: "web", image: "x", imageID, ready: true, started: true, restartCount: 0, state };
}

/** As a cluster's own policy of allowed registries does. */
function refuseIn(namespace: string) {
  const api = "admissionregistration.k8s.io/v1";
  const name = "no-ecr-public";
  return apply(
    {
      apiVersion: api,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name },
      spec: {
        matchConstraints: {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
          resourceRules: [
            { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] },
          ],
        },
        validations: [
          {
            expression: `object.spec.containers.all(c, !c.image.startsWith("${HOST}/"))`,
            message: "images come from Docker Hub only",
          },
        ],
      },
    },
    {
      apiVersion: api,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name },
      spec: { policyName: name, validationActions: ["Deny"] },
    },
  );
}
