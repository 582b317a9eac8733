/** A webhook of others, as a mesh's: it adds a sidecar to pods labelled `inject: yes`, once. Its name sorts after ours. */

import { readFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { issueForLoopback } from "./authority.ts";
import type { ControlPlane } from "./control-plane.ts";

const SIDECAR = {
  name: "injected",
  image: "redis:8",
  imagePullPolicy: "IfNotPresent",
  restartPolicy: "Always",
};

/** @returns how to end it */
export async function startInjector({ authority, kubectl }: ControlPlane): Promise<() => Promise<void>> {
  const pair = await issueForLoopback(authority, "injector");
  const [cert, key] = await Promise.all([readFile(pair.certificatePath), readFile(pair.keyPath)]);
  const server = createServer({ cert, key }, (incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on("data", (part) => parts.push(part));
    incoming.on("end", () => {
      const { request } = JSON.parse(Buffer.concat(parts).toString("utf8"));
      const inits: { name: string }[] = request.object.spec.initContainers ?? [];
      const patch = inits.some(({ name }) => name === SIDECAR.name)
        ? []
        : [{ op: "add", path: "/spec/initContainers", value: [...inits, SIDECAR] }];
      outgoing.setHeader("Content-Type", "application/json");
      outgoing.end(
        JSON.stringify({
          apiVersion: "admission.k8s.io/v1",
          kind: "AdmissionReview",
          response: {
            uid: request.uid,
            allowed: true,
            ...(patch.length === 0
              ? {}
              : { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") }),
          },
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await kubectl.apply({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: "zz-injector" },
    webhooks: [
      {
        name: "inject.example.com",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        failurePolicy: "Fail",
        timeoutSeconds: 10,
        reinvocationPolicy: "IfNeeded",
        clientConfig: {
          url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
          caBundle: authority.certificateBase64,
        },
        objectSelector: { matchLabels: { inject: "yes" } },
        rules: [
          {
            apiGroups: [""],
            apiVersions: ["v1"],
            operations: ["CREATE"],
            resources: ["pods"],
            scope: "Namespaced",
          },
        ],
      },
    ],
  });
  return async () => {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  };
}
