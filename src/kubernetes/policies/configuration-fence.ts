/**
 * The fence's third policy: of the webhook's configuration our account changes the authorities (`caBundle`), and nothing else.
 *
 * Where the controller keeps the certificates it may patch that one configuration, and RBAC knows no members. A writer that can
 * change the rules and the address there sees and changes all that is written to the cluster. The API server leaves policies
 * and their bindings out of every policy, but not the configurations of webhooks (kube-apiserver 1.36.3,
 * pkg/admission/plugin/policy/generic/plugin.go, read 2026-11).
 */

import { sameBut } from "./same-but.ts";

const NAME = "repull-configuration";

export function configurationFence({ account }: { readonly account: string }) {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: NAME },
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        matchPolicy: "Equivalent",
        resourceRules: [
          {
            apiGroups: ["admissionregistration.k8s.io"],
            apiVersions: ["*"],
            operations: ["*"],
            resources: ["*"],
          },
        ],
      },
      matchConditions: [{ name: "repull", expression: `request.userInfo.username == "${account}"` }],
      validations: [
        {
          expression:
            'request.operation == "UPDATE" && request.resource.resource == "mutatingwebhookconfigurations"',
          message: "Repull changes webhook configurations, and makes and deletes none",
          reason: "Forbidden",
        },
        {
          expression: [
            sameBut("object", "oldObject", ["metadata", "webhooks"]),
            sameBut("object.metadata", "oldObject.metadata", [
              "managedFields",
              "resourceVersion",
              "generation",
            ]),
          ].join("\n&& "),
          message: "Repull changes nothing of a webhook configuration but its webhooks",
        },
        {
          expression: [
            "size(object.?webhooks.orValue([])) == size(oldObject.?webhooks.orValue([]))",
            "object.?webhooks.orValue([]).all(w, oldObject.webhooks.exists(o, o.name == w.name",
            sameBut("w", "o", ["clientConfig"]),
            `${sameBut("w.clientConfig", "o.clientConfig", ["caBundle"])}))`,
          ].join("\n&& "),
          message: "Repull changes nothing of a webhook but its caBundle",
        },
      ],
    },
  };
}
