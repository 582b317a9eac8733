/**
 * The chart's values: what they are called, what they may be, what they are when nothing is said.
 *
 * `values.yaml` and `values.schema.json` are written from this. Helm merges an installation's values over the defaults and then
 * looks at the whole, so the schema has no defaults of its own and every member is required.
 */

import * as z from "zod";
import { describe } from "zod/mini";
import type { JsonObject } from "../../runtime/json.ts";
import { documentSchema } from "../../substitution/policy/document.ts";
import { policyJsonSchema } from "../../substitution/policy/policy-json-schema.ts";
import { ALLOWED_ENTRY, ALLOWED_MAX } from "../policies/allowed-images.ts";

const QUANTITY = z.union([z.string().regex(/^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi)?$/), z.int().min(0)]);
const texts = z.record(z.string(), z.string());

const quantities = z.strictObject({ cpu: QUANTITY.optional(), memory: QUANTITY.optional() });
const resources = z.strictObject({ requests: quantities.optional(), limits: quantities.optional() });

const image = z.strictObject({
  repository: z
    .string()
    .regex(
      /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?(:[0-9]{1,5})?(\/[a-z0-9]([a-z0-9._-]*[a-z0-9])?)+$/,
      "a repository with its registry, such as registry.example/repull",
    )
    .describe(
      "Where you pushed Repull's image (`npm run image`); required. Never Docker Hub: its limit would stop Repull too.",
    ),
  tag: z
    .string()
    .regex(/^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$/)
    .describe("Empty: the chart's version."),
  digest: z
    .string()
    .regex(/^(sha256:[0-9a-f]{64})?$/)
    .describe("`sha256:…`; goes before the tag."),
  pullPolicy: z.enum(["Always", "IfNotPresent", "Never"]),
  pullSecrets: z
    .array(z.strictObject({ name: z.string().min(1) }))
    .describe("Names of Secrets in the release's namespace."),
});

const controller = z.strictObject({
  replicas: z.int().min(1).max(5).describe("One leads, by a Lease; the others wait."),
  resources,
});

const webhook = z.strictObject({
  replicas: z.int().min(1).max(20),
  resources,
  hostNetwork: z
    .boolean()
    .describe("For overlay networks that the control plane is not part of (Cilium or Calico on EKS)."),
  port: z
    .int()
    .min(1024)
    .max(65535)
    .describe(
      "The pod's port. EKS's node security group lets the control plane reach 10250; with hostNetwork the kubelet has that one.",
    ),
});

const certificates = z.strictObject({
  from: z.enum(["controller", "cert-manager"]).describe("Who makes and renews the webhook's certificate."),
  issuer: z
    .strictObject({ kind: z.enum(["Issuer", "ClusterIssuer"]), name: z.string().min(1) })
    .optional()
    .describe("cert-manager only. Nothing: an issuer of the chart's own, self-signed."),
});

const aws = z.strictObject({
  enabled: z
    .boolean()
    .describe(
      "Ask ECR for copies and pull-through cache rules, with the account's role. Without: public registries alone.",
    ),
  region: z
    .string()
    .regex(/^([a-z]{2}(-[a-z]+)+-[0-9])?$/)
    .describe("Empty: from the role's own configuration (IRSA and Pod Identity set it)."),
  mirrorPrefix: z
    .string()
    .regex(/^([a-z0-9]+([._/-][a-z0-9]+)*)?$/)
    .max(80)
    .describe("Copies in ECR are under it, as the stack's MirrorPrefix says. Empty: there are none."),
  stack: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,127}$/)
    .describe(
      "With `copies: stack`: the stack whose function copies, and whose table counts the quotas. With `aws.cluster`: the stack whose clean-up gets the images in use.",
    ),
  cluster: z
    .string()
    .regex(/^([0-9A-Za-z][A-Za-z0-9_-]{0,99})?$/)
    .describe(
      "The cluster's name in EKS. With it, the images in use are reported to the stack's clean-up of copies (infra/mirrors.yaml), and the role's parameter Reports gives the right. Empty: no report, and the clean-up keeps every copy in the region.",
    ),
  customResources: z
    .array(z.string().regex(/^(\*|[a-z0-9-]+)(\.[a-z0-9-]+)+$/))
    .describe(
      "With `aws.cluster`: definitions of custom resources whose images pods name too, such as rollouts.argoproj.io or *.argoproj.io. Where another one may name images, nothing is reported, and the clean-up keeps every copy in the region.",
    ),
});

export const chartValuesSchema = z.strictObject({
  image,
  mode: z
    .enum(["observe", "remediate"])
    .describe(
      "observe: says what it would do. remediate: does it. Rights follow; labels `repull.dev/mode` only lower it.",
    ),
  admission: z
    .enum(["auto", "policy", "webhook", "both"])
    .describe(
      "How new pods get proved images. policy: by the API server itself (1.36 and later); auto: that one where there is one, else the webhook.",
    ),
  policy: documentSchema.check(describe("The policy document, the same as for ECS (docs/policy.md).")),
  copies: z
    .enum(["none", "stack", "in-pod"])
    .describe(
      "Who copies an image into ECR that waiting pods need and no other source has: the stack's `mirror` function, or the controller. With AWS alone; the role's parameter Copies (infra/eks-role.yaml) gives the rights.",
    ),
  allowedRegistries: z
    // Each goes into an expression of CEL as it is.
    .array(
      z
        .string()
        .max(300)
        .regex(
          new RegExp(ALLOWED_ENTRY),
          "a registry, which has a dot or a port, or a registry and a repository path",
        ),
    )
    .min(1)
    .max(ALLOWED_MAX)
    .describe(
      "The only registries, or repositories as `registry/path`, that Repull may put into a pod; the API server holds it to that. Add your account's ECR.",
    ),
  controller,
  webhook,
  certificates,
  aws,
  serviceAccount: z.strictObject({
    annotations: texts.describe(
      "For IRSA: eks.amazonaws.com/role-arn. Pod Identity needs none: it associates namespace and account `repull` (infra/eks-role.yaml).",
    ),
  }),
  crd: z.strictObject({
    install: z
      .boolean()
      .describe("Install and upgrade the CRD with the chart. It stays when the release goes."),
  }),
  priorityClassName: z.string().describe("Empty: none."),
  nodeSelector: texts,
  tolerations: z.array(
    z.strictObject({
      key: z.string().optional(),
      operator: z.enum(["Exists", "Equal"]).optional(),
      value: z.string().optional(),
      effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
      tolerationSeconds: z.int().optional(),
    }),
  ),
  podAnnotations: texts,
  global: z
    .record(z.string(), z.unknown())
    .describe("What a chart above this one hands to all; Repull reads none of it."),
});

export const CHART_DEFAULTS = {
  image: { repository: "", tag: "", digest: "", pullPolicy: "IfNotPresent", pullSecrets: [] },
  mode: "observe",
  admission: "auto",
  policy: {},
  copies: "none",
  allowedRegistries: ["public.ecr.aws"],
  controller: {
    replicas: 2,
    resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "256Mi" } },
  },
  webhook: {
    replicas: 2,
    resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "256Mi" } },
    hostNetwork: false,
    port: 10250,
  },
  certificates: { from: "controller" },
  aws: {
    enabled: true,
    region: "",
    mirrorPrefix: "repull",
    stack: "repull",
    cluster: "",
    customResources: [],
  },
  serviceAccount: { annotations: {} },
  crd: { install: true },
  priorityClassName: "system-cluster-critical",
  nodeSelector: {},
  tolerations: [],
  podAnnotations: {},
  global: {},
} as const satisfies JsonObject;

/** `values.schema.json`: Helm refuses a misspelt value, and a misspelt key of the policy, before it sends anything. */
export function chartValuesJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(chartValuesSchema, { unrepresentable: "any" });
  const { $schema: _, ...policy } = policyJsonSchema();
  return { title: "Values of Repull's chart", ...schema, properties: { ...schema.properties, policy } };
}
