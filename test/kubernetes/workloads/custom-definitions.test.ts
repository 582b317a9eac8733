/** Which custom resources may name images that are seen nowhere else. */

import { describe, expect, test } from "vitest";
import { definitionWithImages, isAccepted } from "../../../src/kubernetes/workloads/custom-definitions.ts";

const TEXT = { type: "string" };
const object = (properties: object, more: object = {}) => ({ type: "object", properties, ...more });
const list = (items: object) => ({ type: "array", items });
const OPEN = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

const definition = (openAPIV3Schema: object, group = "example.com", plural = "things") => ({
  metadata: { name: `${plural}.${group}` },
  spec: { group, versions: [{ name: "v1", served: true, schema: { openAPIV3Schema } }] },
});

const POD = object({ containers: list(object({ name: TEXT, image: TEXT })) });

describe("a custom resource", () => {
  // biome-ignore format: a table is read by its columns
  for (const [what, schema, may] of [
    ["with a pod's template",                          object({ spec: object({ template: object({ spec: POD }) }) }),                        true],
    ["with templates in a list",                       object({ spec: object({ templates: list(object({ initContainers: list(OPEN) })) }) }), true],
    ["with an image of its own",                       object({ spec: object({ image: TEXT }) }),                                            true],
    ["with an image in each value of a map",           object({ spec: object({ roles: { type: "object", additionalProperties: object({ image: TEXT }) } }) }), true],
    ["with a spec of any shape",                       object({ spec: OPEN }),                                                               true],
    ["with a whole object of another kind within",     object({ spec: object({ job: { type: "object", "x-kubernetes-embedded-resource": true } }) }), true],
    ["with a map of anything",                         object({ spec: object({ values: { type: "object", additionalProperties: true } }) }),   true],
    ["with texts and numbers alone",                   object({ spec: object({ replicas: { type: "integer" }, hosts: list(TEXT) }) }),       false],
    ["whose status alone names an image",              object({ spec: object({ replicas: { type: "integer" } }), status: object({ image: TEXT }) }), false],
    ["with a map of texts",                            object({ spec: object({ labels: { type: "object", additionalProperties: TEXT } }) }), false],
    ["with members named like an image",               object({ spec: object({ imagePullPolicy: TEXT, containersMax: { type: "integer" } }) }), false],
  ] as const)
    test(`${what} ${may ? "may name" : "names no"} images`, () => {
      expect(definitionWithImages(definition(schema))).toBe(may ? "things.example.com" : undefined);
    });

  // biome-ignore format: a table is read by its columns
  for (const [what, said, may] of [
    ["whose old version alone has a template", { metadata: { name: "a.b.c" }, spec: { group: "b.c", versions: [{ schema: { openAPIV3Schema: object({}) } }, { schema: { openAPIV3Schema: object({ spec: POD }) } }] } }, true],
    ["of an older form, which keeps any member", { metadata: { name: "a.b.c" }, spec: { group: "b.c", preserveUnknownFields: true, versions: [{ schema: { openAPIV3Schema: object({}) } }] } }, true],
    ["one of whose versions has no schema",    { metadata: { name: "a.b.c" }, spec: { group: "b.c", versions: [{ schema: { openAPIV3Schema: object({}) } }, { name: "v1" }] } }, true],
    ["without a version",                      { metadata: { name: "a.b.c" }, spec: { group: "b.c", versions: [] } }, true],
    ["of Repull",                              definition(object({ spec: OPEN }), "repull.dev", "imageindexes"),       false],
    ["of EKS's network, whose shape is open",  definition(OPEN, "crd.k8s.amazonaws.com", "eniconfigs"),                false],
    ["of a group that ends alike",             definition(OPEN, "evil.crd.k8s.amazonaws.com", "eniconfigs"),           true],
  ] as const)
    test(`${what} ${may ? "may name" : "names no"} images`, () => {
      expect(definitionWithImages(said) !== undefined).toBe(may);
    });

  // biome-ignore format: a table is read by its columns
  for (const [name, accepted, is] of [
    ["rollouts.argoproj.io",  ["rollouts.argoproj.io"],  true],
    ["rollouts.argoproj.io",  ["*.argoproj.io"],         true],
    ["workflows.argoproj.io", ["rollouts.argoproj.io"],  false],
    ["rollouts.argoproj.io",  ["*.io"],                  false],
    ["rollouts.argoproj.io",  [],                        false],
  ] as const)
    test(`${name} is ${is ? "" : "not "}accepted by ${accepted.join(", ") || "nothing"}`, () => {
      expect(isAccepted(name, accepted)).toBe(is);
    });
});
