/** An admission webhook that answers as a test says: what a webhook must never do is shown with it. */

import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { issueForLoopback } from "./authority.ts";
import type { ControlPlane } from "./control-plane.ts";

/** The request of an AdmissionReview, as far as tests read it. */
export type AdmissionRequest = {
  readonly uid: string;
  readonly operation: string;
  readonly dryRun?: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects to be there
  readonly object: any;
};

/** What is answered: members of the response, or whatever is done with the connection. */
export type WebhookAnswer =
  | Readonly<Record<string, unknown>>
  | ((request: IncomingMessage, response: ServerResponse) => void);

export type ScriptedWebhook = {
  readonly url: string;
  readonly requests: readonly AdmissionRequest[];
  /** From now on, at this path. */
  answer(path: string, how: (request: AdmissionRequest) => WebhookAnswer): void;
  close(): Promise<void>;
};

export async function startScriptedWebhook(plane: ControlPlane): Promise<ScriptedWebhook> {
  const { certificatePath, keyPath } = await issueForLoopback(plane.authority, "scripted-webhook");
  const answers = new Map<string, (request: AdmissionRequest) => WebhookAnswer>();
  const requests: AdmissionRequest[] = [];
  const [cert, key] = await Promise.all([readFile(certificatePath), readFile(keyPath)]);
  const server = createServer({ cert, key }, async (incoming, response) => {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part);
    const { request } = JSON.parse(Buffer.concat(parts).toString("utf8"));
    requests.push(request);
    const path = new URL(incoming.url ?? "/", "https://localhost").pathname;
    const answer = answers.get(path)?.(request) ?? { allowed: true };
    if (typeof answer === "function") return answer(incoming, response);
    response.writeHead(200, { "content-type": "application/json" });
    const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" };
    response.end(JSON.stringify({ ...review, response: { uid: request.uid, ...answer } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `https://127.0.0.1:${port}`,
    requests,
    answer: (path, how) => answers.set(path, how),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A response that allows, with a patch. */
export const patchedBy = (operations: readonly unknown[]) => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
});

/** One configuration of one webhook for the pods of one namespace: open to faults, one second, unless said otherwise. */
export function webhookFor(
  plane: ControlPlane,
  { name, url, namespace }: { readonly name: string; readonly url: string; readonly namespace: string },
  more: Readonly<Record<string, unknown>> = {},
): object {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name },
    webhooks: [
      {
        name: `${name}.test.dev`,
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        failurePolicy: "Ignore",
        timeoutSeconds: 1,
        clientConfig: { url, caBundle: plane.authority.certificateBase64 },
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        rules: [
          {
            apiGroups: [""],
            apiVersions: ["v1"],
            resources: ["pods"],
            operations: ["CREATE", "UPDATE"],
          },
        ],
        ...more,
      },
    ],
  };
}
