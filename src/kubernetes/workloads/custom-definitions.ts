/**
 * Which custom resources of a cluster may name images that no pod and no template of Kubernetes itself names: a workflow that runs at
 * night, for example. Repull does not read their objects. Pure.
 */

import { membersOf } from "../../runtime/json.ts";

/**
 * Repull's own, and those that EKS installs in each cluster: network interfaces, security groups and network policies.
 * https://docs.aws.amazon.com/eks/latest/userguide/cni-custom-network-tutorial.html and …/security-groups-for-pods.html (read 2026-11)
 */
const WITHOUT_IMAGES = new Set([
  "repull.dev",
  "crd.k8s.amazonaws.com",
  "vpcresources.k8s.aws",
  "networking.k8s.aws",
]);
/** Members of a pod's template, and of shorter forms of one. */
const NAMES_IMAGES = new Set(["containers", "initContainers", "image"]);

/** Its name, `rollouts.argoproj.io`, where a CustomResourceDefinition's objects may name images; undefined where they cannot. */
export function definitionWithImages(definition: unknown): string | undefined {
  const { metadata, spec } = membersOf(definition);
  const { group, versions, preserveUnknownFields } = membersOf(spec);
  if (typeof group === "string" && WITHOUT_IMAGES.has(group)) return undefined;
  const schemas = (Array.isArray(versions) ? versions : []).map(
    (version) => membersOf(membersOf(version).schema).openAPIV3Schema,
  );
  // One that was made before apiextensions.k8s.io/v1 may have no schema, and keeps any member then.
  const isOpen = preserveUnknownFields === true || schemas.length === 0 || schemas.includes(undefined);
  const mayName = isOpen || schemas.some(ofObject);
  return mayName ? String(membersOf(metadata).name ?? group) : undefined;
}

/** @param accepted names of definitions, or `*.` and a group */
export function isAccepted(name: string, accepted: readonly string[]): boolean {
  const group = name.slice(name.indexOf(".") + 1);
  return accepted.includes(name) || accepted.includes(`*.${group}`);
}

function ofObject(schema: unknown): boolean {
  const { properties, ...rest } = membersOf(schema);
  // What a status names, a controller has made already.
  const { status: _, metadata: __, ...own } = membersOf(properties);
  return mayHold({ ...rest, properties: own });
}

/** A schema that leaves members open may hold any. */
function mayHold(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.some(mayHold);
  if (typeof schema !== "object" || schema === null) return false;
  const { properties, items, additionalProperties, ...rest } = membersOf(schema);
  return (
    rest["x-kubernetes-preserve-unknown-fields"] === true ||
    rest["x-kubernetes-embedded-resource"] === true ||
    Object.entries(membersOf(properties)).some(
      ([name, member]) => NAMES_IMAGES.has(name) || mayHold(member),
    ) ||
    mayHold(items) ||
    additionalProperties === true ||
    mayHold(additionalProperties)
  );
}
