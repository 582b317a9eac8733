/**
 * The resource that holds the index of proved images (image-index.ts), as the API server gets it.
 *
 * `rows` is atomic: as a granular map the API server would note the owner of each member of each row in the object's
 * `managedFields`, which is larger than the rows.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy (read 2026-11)
 */

import { PROOFS } from "../../substitution/proof.ts";
import { INDEX_API } from "../image-index.ts";
import { MODES_MAX } from "../workload-modes.ts";
import { IMAGE_BY_DIGEST } from "./allowed-images.ts";

const DIGEST = "^sha256:[0-9a-f]{64}$";
const WORD = "^[a-z][a-z0-9-]{0,63}$";

/** `customresourcedefinitions/imageindexes.repull.dev`. */
export function imageIndexCrd() {
  const { group, version, plural, kind } = INDEX_API;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Cluster",
      names: { plural, singular: "imageindex", kind, listKind: `${kind}List` },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: INDEX_SCHEMA },
          additionalPrinterColumns: [{ name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" }],
        },
      ],
    },
  };
}

const ROW_SCHEMA = {
  type: "object",
  required: ["askedAt", "goodUntil", "platforms"],
  properties: {
    use: {
      type: "string",
      pattern: IMAGE_BY_DIGEST,
      maxLength: 600,
      description: "repository@digest to run instead",
    },
    proof: { type: "string", enum: [...PROOFS], description: "how it is known to be the same image" },
    trusted: {
      type: "object",
      required: ["from"],
      description: "the digest that was meant, and which witness says so",
      properties: {
        digest: {
          type: "string",
          pattern: DIGEST,
          description: "left out where it is the digest of use",
        },
        from: { type: "string", pattern: WORD },
      },
    },
    askedAt: { type: "string", format: "date-time", description: "when the witness was asked" },
    goodUntil: { type: "string", format: "date-time", description: "a pod created later is left as it is" },
    platforms: {
      type: "array",
      maxItems: 64,
      "x-kubernetes-list-type": "atomic",
      items: { type: "string", maxLength: 64 },
      description: "the nodes' platforms that it was proved for",
    },
    codes: {
      type: "array",
      maxItems: 32,
      "x-kubernetes-list-type": "atomic",
      items: { type: "string", pattern: WORD },
      description: "why there is no place, where there is none",
    },
  },
};

const INDEX_SCHEMA = {
  type: "object",
  description: "Images as pods write them, and the proved places of the same bytes. Written by Repull alone.",
  required: ["spec"],
  properties: {
    spec: {
      type: "object",
      required: ["rows"],
      properties: {
        rows: {
          type: "object",
          "x-kubernetes-map-type": "atomic",
          additionalProperties: ROW_SCHEMA,
        },
        modes: {
          type: "object",
          "x-kubernetes-map-type": "atomic",
          description:
            "workloads, as namespace/kind/name, whose label lowers their mode; namespace/Job: Jobs without a number at the end of their name",
          maxProperties: MODES_MAX,
          additionalProperties: { type: "string", enum: ["off", "observe"] },
        },
      },
    },
  },
};
