/**
 * A control plane with what Repull installs for admission: the index, and by choice the policy, the fence and the webhook.
 */

import { setTimeout as delay } from "node:timers/promises";
import { type IndexRow, packRows } from "../../../src/kubernetes/image-index.ts";
import type { Mode } from "../../../src/kubernetes/mode.ts";
import { fencePolicies } from "../../../src/kubernetes/policies/fence.ts";
import { imageIndexCrd } from "../../../src/kubernetes/policies/image-index-crd.ts";
import { swapImagesBinding, swapImagesPolicy } from "../../../src/kubernetes/policies/swap-images.ts";
import { webhookConfiguration } from "../../../src/kubernetes/policies/webhook-configuration.ts";
import { type ApiClient, connectApi } from "./api-client.ts";
import { issueForLoopback } from "./authority.ts";
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from "./control-plane.ts";
import { startWebhookProcess, type WebhookProcess } from "./webhook-process.ts";

export const ACCOUNT = "system:serviceaccount:repull:repull";
export const ALLOWED = '["public.ecr.aws", "123456789012.dkr.ecr.eu-central-1.amazonaws.com"]';

export const digestOf = (digit: string) => `sha256:${digit.repeat(64)}` as const;
export const useOf = (name: string, digit: string) =>
  `public.ecr.aws/docker/library/${name}@${digestOf(digit)}`;

/** A row in force, asked half a minute ago. */
export function rowOf(name: string, digit: string, more: Partial<IndexRow> = {}): IndexRow {
  return {
    use: useOf(name, digit),
    proof: "same-index",
    trusted: { digest: digestOf(digit), from: "origin" },
    askedAt: secondsFromNow(-30),
    goodUntil: secondsFromNow(3_600),
    platforms: ["linux/amd64"],
    ...more,
  };
}

/** RFC 3339, whole seconds. */
export function secondsFromNow(seconds: number): string {
  return new Date(Date.now() + seconds * 1_000).toISOString().replace(/\.\d+Z$/, "Z");
}

export type AdmissionWorld = {
  readonly plane: ControlPlane;
  readonly api: ApiClient;
  /** Writes the index as our controller does, and waits until each of the ways in sees it. */
  writeIndex(rows: ReadonlyMap<string, IndexRow>, modes?: Readonly<Record<string, string>>): Promise<void>;
  /** Present once `startWebhook` was called. */
  webhook(): WebhookProcess;
  startWebhook(mode?: Mode): Promise<WebhookProcess>;
  stop(): Promise<void>;
};

export type AdmissionOptions = ControlPlaneOptions & { readonly policy?: boolean; readonly fence?: boolean };

export async function startAdmissionWorld(options: AdmissionOptions = {}): Promise<AdmissionWorld> {
  const plane = await startControlPlane(options);
  const api = await connectApi(plane);
  const stops: (() => Promise<void> | void)[] = [plane.stop, api.close];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    await plane.kubectl.apply(ACCOUNT_OBJECTS);
    await plane.kubectl.apply(imageIndexCrd());
    // "Established" comes a moment before it is served.
    while ((await api.send("GET", INDEXES)).status !== 200) await delay(50);
    const policies = [
      ...(options.policy === true
        ? [swapImagesPolicy({ account: ACCOUNT, namespace: "repull" }), swapImagesBinding()]
        : []),
      ...(options.fence === true ? fencePolicies({ account: ACCOUNT, allowedRegistries: ALLOWED }) : []),
    ];
    if (policies.length > 0) await plane.kubectl.apply({ apiVersion: "v1", kind: "List", items: policies });
  } catch (error) {
    await stop();
    throw error;
  }
  let running: WebhookProcess | undefined;
  return {
    plane,
    api,
    stop,
    writeIndex: async (rows, modes) => {
      // An API server that has just started serves its own resources first.
      while ((await api.send("GET", INDEXES)).status !== 200) await delay(50);
      const before = (await api.send("GET", INDEXES)).body.items as {
        metadata: { name: string; resourceVersion: string };
      }[];
      for (const packed of packRows(rows)) {
        const object = { ...packed, spec: { ...packed.spec, ...(modes === undefined ? {} : { modes }) } };
        const { name } = object.metadata;
        const old = before.find(({ metadata }) => metadata.name === name)?.metadata.resourceVersion;
        const answer =
          old === undefined
            ? await api.send("POST", INDEXES, object, { user: ACCOUNT })
            : await api.send(
                "PUT",
                `${INDEXES}/${name}`,
                { ...object, metadata: { ...object.metadata, resourceVersion: old } },
                { user: ACCOUNT },
              );
        if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
      }
      if (options.policy === true) await untilPolicySees(api, rows);
      const size = rows.size;
      while (running !== undefined && (await indexRowsOf(running)) !== size) await delay(20);
    },
    webhook: () => {
      if (running === undefined) throw new Error("the webhook was not started");
      return running;
    },
    startWebhook: async (mode = "remediate") => {
      const pair = await issueForLoopback(plane.authority, "webhook");
      const webhook = await startWebhookProcess(plane, pair, mode);
      running = webhook;
      stops.push(() => webhook.stop());
      while (!(await webhook.isReady())) await delay(20);
      await plane.kubectl.apply(configurationFor(webhook.port, plane.authority.certificateBase64));
      await untilWebhookIsAsked(api, webhook);
      return webhook;
    },
  };
}

export const INDEXES = "/apis/repull.dev/v1/imageindexes";

/** The configuration as it is installed, but for the address: a test has no Service. */
export function configurationFor(port: number, caBundle: string) {
  const configuration = webhookConfiguration({ namespace: "repull", serviceName: "repull-webhook" });
  return {
    ...configuration,
    webhooks: configuration.webhooks.map((entry) => ({
      ...entry,
      clientConfig: { url: `https://127.0.0.1:${port}${entry.clientConfig.service.path}`, caBundle },
    })),
  };
}

const SUBRESOURCES = [
  ...["status", "ephemeralcontainers", "binding", "eviction", "resize"],
  ...["exec", "attach", "portforward", "proxy"],
];

/** Our account with rights that the chart does not give: the fence has to hold without RBAC's help. */
const ACCOUNT_OBJECTS = {
  apiVersion: "v1",
  kind: "List",
  items: [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "repull" } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "repull", namespace: "repull" } },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "repull-test" },
      rules: [
        {
          apiGroups: [""],
          resources: ["pods", "bindings", ...SUBRESOURCES.map((name) => `pods/${name}`)],
          verbs: ["*"],
        },
        { apiGroups: ["repull.dev"], resources: ["imageindexes"], verbs: ["*"] },
        { apiGroups: ["admissionregistration.k8s.io"], resources: ["*"], verbs: ["*"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "repull-test" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "repull-test" },
      subjects: [{ kind: "ServiceAccount", name: "repull", namespace: "repull" }],
    },
  ],
};

/** The policy reads the index through an informer of the API server's: a dry run shows when it has a row of this moment. */
async function untilPolicySees(api: ApiClient, rows: ReadonlyMap<string, IndexRow>): Promise<void> {
  // Each object comes by itself: of each the first row that the test gave which can be seen.
  const seen = packRows(rows).flatMap(({ spec }) =>
    [...rows]
      .filter(([image, { use, goodUntil }]) => {
        const isInForce = use !== undefined && Date.parse(goodUntil) > Date.now() + 10_000;
        return isInForce && Object.hasOwn(spec.rows, image);
      })
      .slice(0, 1)
      .map(([image, row]) => ({ image, row })),
  );
  if (seen.length === 0) return;
  const containers = seen.map(({ image }, at) => ({
    name: `seen-${at}`,
    image,
    imagePullPolicy: "IfNotPresent",
  }));
  const pod = podOf("seen", { containers });
  for (const until = Date.now() + 20_000; Date.now() < until; ) {
    const { body } = await api.send("POST", "/api/v1/namespaces/default/pods?dryRun=All", pod);
    const isSeen = seen.every(({ row }, at) => {
      const note = body.metadata?.annotations?.[`image.repull.dev/seen-${at}`];
      return body.spec?.containers[at].image === row.use && note?.endsWith(` ${row.askedAt}`);
    });
    if (isSeen) return;
    await delay(50);
  }
  throw new Error("the policy does not see the index");
}

async function untilWebhookIsAsked(api: ApiClient, webhook: WebhookProcess): Promise<void> {
  const pod = podOf("asked", { containers: [{ name: "asked", image: "not-in-index:1" }] });
  for (const until = Date.now() + 20_000; Date.now() < until; ) {
    await api.send("POST", "/api/v1/namespaces/default/pods?dryRun=All", pod);
    if (/repull_webhook_requests_total\{result="answered"\} [1-9]/.test(await webhook.metrics())) return;
    await delay(50);
  }
  throw new Error("the API server does not ask the webhook");
}

async function indexRowsOf(webhook: WebhookProcess): Promise<number> {
  return Number(/^repull_webhook_index_rows (\d+)/m.exec(await webhook.metrics())?.[1]);
}

/** A pod of the namespace `default`. */
export function podOf(name: string, spec: object, metadata: object = {}) {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default", ...metadata }, spec };
}
