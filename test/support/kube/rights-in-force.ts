/**
 * Waits until the API server's authorizer has seen every role and binding that is there.
 *
 * It reads each of the four kinds by a watch of its own: an account that asks at once after `helm install` may be refused what
 * the chart gives it. A watch is in order, so once it has seen an object of ours it has seen those before it.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { Kubectl } from "./kubectl.ts";

const REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
const GROUP = "rights.test";
let count = 0;

export async function untilRightsAreInForce(kubectl: Kubectl, namespace: string): Promise<void> {
  const name = `rights-${++count}-${process.pid}`;
  const rbac = { apiVersion: "rbac.authorization.k8s.io/v1" };
  const subjects = [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name }];
  const both = (prefix: "" | "Cluster", resource: string, metadata: object) => {
    const rules = [{ apiGroups: [GROUP], resources: [resource], verbs: ["get"] }];
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: `${prefix}Role`, name };
    return [
      { ...rbac, kind: `${prefix}Role`, metadata, rules },
      { ...rbac, kind: `${prefix}RoleBinding`, metadata, roleRef, subjects },
    ];
  };
  const items = [...both("", "ours", { name, namespace }), ...both("Cluster", "all", { name })];
  await kubectl.apply({ apiVersion: "v1", kind: "List", items });
  for (const resource of ["ours", "all"])
    for (let left = 300; ; left--) {
      const resourceAttributes = { namespace, verb: "get", group: GROUP, resource };
      const review = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview" };
      const stdin = JSON.stringify({ ...review, spec: { user: name, resourceAttributes } });
      const answer = await kubectl(["create", "--raw", REVIEWS, "-f", "-"], { stdin });
      if (JSON.parse(answer.stdout).status.allowed === true) break;
      if (left === 0) throw new Error(`the API server does not see the rights of ${namespace}`);
      await delay(50);
    }
}
