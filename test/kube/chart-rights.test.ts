/** What the API server lets the chart's accounts do, asked with their own tokens: every right is written down here, by mode. */

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectApi } from "../support/kube/api-client.ts";
import { type ControlPlane, startControlPlane } from "../support/kube/control-plane.ts";
import { untilRightsAreInForce } from "../support/kube/rights-in-force.ts";

const CHART = join(import.meta.dirname, "../../infra/helm/repull");
const REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
/** What every account may do: ask what it may. */
const OF_EVERY_ACCOUNT = /^(?:authorization|authentication)\.k8s\.io\//;

const EVERYWHERE = [
  "/namespaces: list watch",
  "/nodes: list watch",
  "/pods: list watch",
  "apps/daemonsets: list watch",
  "apps/deployments: list watch",
  "apps/statefulsets: list watch",
  "batch/cronjobs: list watch",
  "batch/jobs: list watch",
  "events.k8s.io/events: create",
  "repull.dev/imageindexes: create delete list update",
];
const AT_HOME = [
  "/configmaps repull-copies: get update",
  "/configmaps repull-state: get update",
  "/configmaps repull-writes: get",
  "coordination.k8s.io/leases repull: get update",
  "coordination.k8s.io/leases: create",
];
const CERTIFICATES = ["/secrets repull-tls: get update"];
const CONFIGURATION = ["admissionregistration.k8s.io/mutatingwebhookconfigurations repull: get patch"];
const HEALS = ["/pods: list patch watch"];
const heals = (rights: readonly string[]) => [...rights.filter((one) => !one.startsWith("/pods:")), ...HEALS];

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  await plane.kubectl(["create", "namespace", "repull"]);
});
afterAll(() => plane?.stop());

async function rightsIn(namespace: string, account: string): Promise<readonly string[]> {
  const { stdout } = await plane.kubectl(["create", "token", account, "-n", "repull"]);
  const api = await connectApi(plane, stdout.trim());
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectRulesReview",
    spec: { namespace },
  };
  const { body } = await api.send("POST", REVIEWS, review);
  api.close();
  const verbs = new Map<string, Set<string>>();
  for (const rule of body.status.resourceRules)
    for (const group of rule.apiGroups)
      for (const resource of rule.resources)
        for (const name of rule.resourceNames ?? [""]) {
          const key = `${group}/${resource}${name === "" ? "" : ` ${name}`}`;
          verbs.set(key, new Set([...(verbs.get(key) ?? []), ...rule.verbs]));
        }
  return [...verbs]
    .filter(([key]) => !OF_EVERY_ACCOUNT.test(key))
    .map(([key, all]) => `${key}: ${[...all].sort().join(" ")}`)
    .sort();
}

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [mode: string, admission: string, account: string, everywhere: readonly string[], atHome: readonly string[]])[] = [
  ["observe",   "policy",  "repull",         EVERYWHERE,                               AT_HOME],
  ["observe",   "webhook", "repull",         [...EVERYWHERE, ...CONFIGURATION],        [...AT_HOME, ...CERTIFICATES]],
  ["remediate", "policy",  "repull",         heals(EVERYWHERE),                        AT_HOME],
  ["remediate", "webhook", "repull",         heals([...EVERYWHERE, ...CONFIGURATION]), [...AT_HOME, ...CERTIFICATES]],
  ["remediate", "webhook", "repull-webhook", ["repull.dev/imageindexes: list watch"],  []],
];
describe("with the values", () => {
  for (const [mode, admission, account, everywhere, atHome] of table)
    test(`mode ${mode} and admission ${admission}, the account ${account} has the rights that are written down`, async () => {
      const set = `mode=${mode},admission=${admission},image.repository=registry.example/repull,aws.enabled=false,allowedRegistries={public.ecr.aws}`;
      const args = ["template", "repull", CHART, "-n", "repull", "--show-only", "templates/rights.yaml"];
      const { stdout } = await plane.helm([...args, "--kube-version", "1.36", "--set", set]);
      const objects = ["serviceaccount", "clusterrole", "clusterrolebinding", "role", "rolebinding"];
      const chosen = ["-n", "repull", "-l", "app.kubernetes.io/name=repull", "--ignore-not-found"];
      await plane.kubectl(["delete", objects.join(","), ...chosen]);
      await plane.kubectl(["apply", "-f", "-"], { stdin: stdout });
      await untilRightsAreInForce(plane.kubectl, "repull");
      expect(await rightsIn("default", account)).toEqual(everywhere.toSorted());
      expect(await rightsIn("repull", account)).toEqual([...everywhere, ...atHome].sort());
    });
});
