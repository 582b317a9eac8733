/** The workload of a cluster that a person names: `shop/Deployment/web`, or `shop/deploy/web` as kubectl takes it. */

import { InvalidInput } from "../../../image/invalid-input.ts";

export type WorkloadName = { readonly namespace: string; readonly kind: string; readonly name: string };

const KINDS: Readonly<Record<string, string>> = {
  deployment: "Deployment",
  deployments: "Deployment",
  deploy: "Deployment",
  statefulset: "StatefulSet",
  statefulsets: "StatefulSet",
  sts: "StatefulSet",
  daemonset: "DaemonSet",
  daemonsets: "DaemonSet",
  ds: "DaemonSet",
  job: "Job",
  jobs: "Job",
  cronjob: "CronJob",
  cronjobs: "CronJob",
  cj: "CronJob",
  pod: "Pod",
  pods: "Pod",
  po: "Pod",
};

/** `namespace/kind/name` has two slashes, which no name of ECS has but an ARN, and that has colons. */
export function isWorkloadName(text: string): boolean {
  return /^[^/:]+\/[^/:]+\/[^/:]+$/.test(text);
}

/** Throws InvalidInput. */
export function parseWorkloadName(text: string): WorkloadName {
  const [namespace = "", kind = "", name = ""] = text.split("/");
  const expected = "NAMESPACE/KIND/NAME, such as shop/Deployment/web";
  // A kind of an operator is taken as it is written.
  const known = KINDS[kind.toLowerCase()] ?? (/^[A-Z][A-Za-z0-9]*$/.test(kind) ? kind : undefined);
  const isName = (part: string): boolean => /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(part);
  if (known === undefined || !isName(namespace) || !isName(name)) throw new InvalidInput("NAME", expected);
  return { namespace, kind: known, name };
}

export function printWorkloadName({ namespace, kind, name }: WorkloadName): string {
  return `${namespace}/${kind}/${name}`;
}
