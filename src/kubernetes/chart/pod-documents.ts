/** What runs: the controller, and the webhook where one is used; both may be drained a pod at a time. */

import { type Members, type Node, put, when } from "./marks.ts";
import {
  CERTIFICATE_SECRET,
  inNamespace,
  NAME,
  NAMESPACE,
  OWN_CERTIFICATES,
  POLICY_CONFIG_MAP,
  REPORTS_IMAGES,
  selectorOf,
  USES_WEBHOOK,
  WEBHOOK,
} from "./names.ts";

/** The user of the image (infra/image.ts), and `nonroot` of distroless images. */
const USER = 65532;
// Without a host Node listens on IPv6 and IPv4, or on the one that the node has.
const METRICS_PORT = 9090;

const CONTROLLER: Members = {
  name: "controller",
  ...image(),
  args: [
    "kubernetes",
    "controller",
    "--namespace",
    NAMESPACE,
    "--mode",
    put("Values.mode"),
    "--policy",
    "/etc/repull/policy.json",
    "--allowed-registries",
    put("Values.allowedRegistries", "list"),
    "--metrics",
    `:${METRICS_PORT}`,
    when({ not: { set: "Values.aws.enabled" } }, "--no-aws"),
    when({ set: "Values.aws.enabled" }, `--copies=${put("Values.copies")}`),
    when({ set: "Values.aws.enabled" }, `--stack=${put("Values.aws.stack")}`),
    when(REPORTS_IMAGES, `--report-as=${put("Values.aws.cluster")}`),
    when(
      { all: [REPORTS_IMAGES, { set: "Values.aws.customResources" }] },
      `--custom-resources=${put("Values.aws.customResources", "list")}`,
    ),
    when(OWN_CERTIFICATES, `--certificates=${CERTIFICATE_SECRET}`),
  ],
  env: [
    when({ set: "Values.aws.region" }, { name: "AWS_REGION", value: put("Values.aws.region") }),
    { name: "REPULL_MIRROR_PREFIX", value: put("Values.aws.mirrorPrefix") },
  ],
  ports: [{ name: "metrics", containerPort: METRICS_PORT }],
  ...probes({ port: "metrics", scheme: "HTTP" }),
  resources: put("Values.controller.resources"),
  securityContext: containerSecurity(),
  volumeMounts: [{ name: "policy", mountPath: "/etc/repull", readOnly: true }],
};

const SERVER: Members = {
  name: "webhook",
  ...image(),
  args: [
    "kubernetes",
    "webhook",
    "--namespace",
    NAMESPACE,
    "--mode",
    put("Values.mode"),
    "--listen",
    `:${put("Values.webhook.port")}`,
    "--tls-cert",
    "/etc/repull/tls/tls.crt",
    "--tls-key",
    "/etc/repull/tls/tls.key",
    "--metrics",
    `:${METRICS_PORT + 1}`,
  ],
  ports: [
    { name: "https", containerPort: put("Values.webhook.port") },
    { name: "metrics", containerPort: METRICS_PORT + 1 },
  ],
  ...probes({ port: "https", scheme: "HTTPS" }),
  resources: put("Values.webhook.resources"),
  securityContext: containerSecurity(),
  volumeMounts: [{ name: "tls", mountPath: "/etc/repull/tls", readOnly: true }],
};

export const POD_DOCUMENTS: readonly Node[] = [
  deployment("controller", NAME, {
    serviceAccountName: NAME,
    containers: [CONTROLLER],
    volumes: [{ name: "policy", configMap: { name: POLICY_CONFIG_MAP } }],
  }),
  budget("controller", NAME),
  when(
    USES_WEBHOOK,
    deployment("webhook", WEBHOOK, {
      serviceAccountName: WEBHOOK,
      hostNetwork: put("Values.webhook.hostNetwork"),
      containers: [SERVER],
      // The certificate alone: the key of the authority that signed it stays with the controller.
      volumes: [
        {
          name: "tls",
          secret: {
            secretName: CERTIFICATE_SECRET,
            optional: true,
            items: ["tls.crt", "tls.key"].map((key) => ({ key, path: key })),
          },
        },
      ],
    }),
  ),
  when(USES_WEBHOOK, budget("webhook", WEBHOOK)),
  when(USES_WEBHOOK, {
    apiVersion: "v1",
    kind: "Service",
    metadata: inNamespace(WEBHOOK, "webhook"),
    spec: { selector: selectorOf("webhook"), ports: [{ name: "https", port: 443, targetPort: "https" }] },
  }),
];

function deployment(component: "controller" | "webhook", name: string, spec: Members): Members {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: inNamespace(name, component),
    spec: {
      replicas: put(`Values.${component}.replicas`),
      selector: { matchLabels: selectorOf(component) },
      template: {
        metadata: { labels: selectorOf(component), annotations: put("Values.podAnnotations") },
        spec: {
          ...spec,
          priorityClassName: put("Values.priorityClassName"),
          imagePullSecrets: put("Values.image.pullSecrets"),
          nodeSelector: put("Values.nodeSelector"),
          tolerations: put("Values.tolerations"),
          topologySpreadConstraints: ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((key) => ({
            maxSkew: 1,
            topologyKey: key,
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector: { matchLabels: selectorOf(component) },
          })),
          securityContext: {
            runAsNonRoot: true,
            runAsUser: USER,
            runAsGroup: USER,
            fsGroup: USER,
            seccompProfile: { type: "RuntimeDefault" },
          },
        },
      },
    },
  };
}

/** With one replica a budget of "at least one" would stop every drain; so would pods that are not ready, such as these without a certificate. */
function budget(component: "controller" | "webhook", name: string): Members {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: inNamespace(name, component),
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: { matchLabels: selectorOf(component) },
    },
  };
}

/** A digest goes before a tag, and the chart's version is the tag where neither is said. */
function image(): Members {
  const [repository, tag, digest] = (["repository", "tag", "digest"] as const).map((name) =>
    put(`Values.image.${name}`),
  );
  const tagged = when(
    { set: "Values.image.tag" },
    `${repository}:${tag}`,
    `${repository}:${put("Chart.AppVersion")}`,
  );
  return {
    image: when({ set: "Values.image.digest" }, `${repository}@${digest}`, tagged),
    imagePullPolicy: put("Values.image.pullPolicy"),
  };
}

function probes(to: { readonly port: string; readonly scheme: "HTTP" | "HTTPS" }): Members {
  return {
    livenessProbe: { httpGet: { path: "/healthz", ...to }, periodSeconds: 20, timeoutSeconds: 5 },
    readinessProbe: { httpGet: { path: "/readyz", ...to }, periodSeconds: 5, timeoutSeconds: 5 },
  };
}

function containerSecurity(): Members {
  return {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  };
}
