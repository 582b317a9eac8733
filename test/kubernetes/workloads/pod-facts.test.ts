/** What is kept of pods and templates has a bound, whatever their authors write: a controller keeps it for each of them. */

import { describe, expect, test } from "vitest";
import { templateFacts } from "../../../src/kubernetes/index/images-in-use.ts";
import { podFacts } from "../../../src/kubernetes/workloads/pod-facts.ts";
import { pod } from "../../support/kubernetes/cluster-objects.ts";

const LONG = "x".repeat(200_000);
const { metadata, spec } = pod({ name: "p", of: "web/1" });
const [web] = spec.containers;
const many = Array.from({ length: 15_000 }, (_, at) => ({ name: `c-${at}`, image: `app-${at}:1` }));
const owned = (more: object) => ({
  ownerReferences: [
    { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-1", uid: "u", controller: true, ...more },
  ],
});
const noted = (note: string) => ({ annotations: { "image.repull.dev/web": note } });

describe("of a pod", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, metadata: object, spec: object, bytesMax: number])[] = [
    ["with 15,000 containers",            {},                                                            { containers: many },                         200_000],
    ["with an image of 200,000 letters",  {},                                                            { containers: [web, { name: "b", image: LONG }] }, 2_000],
    ["with a volume of such an image",    {},                                                            { containers: [web], volumes: [{ name: "v", image: { reference: LONG } }] }, 2_000],
    ["of an owner of such a name",        owned({ name: LONG }),                                         {},                                           2_000],
    ["of an owner of such a kind",        owned({ kind: LONG }),                                         {},                                           2_000],
    ["of an owner of such a uid",         owned({ uid: LONG }),                                          {},                                           2_000],
    ["of an owner of such a version",     owned({ apiVersion: LONG }),                                   {},                                           2_000],
    ["with a note of such an image",      noted(`${LONG} sha256:${"a".repeat(64)} same-index pod now`),  {},                                           2_000],
    ["with a note of such a witness",     noted(`nginx:1 sha256:${"a".repeat(64)} same-index ${LONG} now`), {},                                        2_000],
  ];
  for (const [what, said, members, bytesMax] of table)
    test(`${what} no more than ${bytesMax} bytes are kept, with its first container`, () => {
      const facts = podFacts({
        metadata: { ...metadata, uid: "p", ...said },
        spec: { ...spec, ...members },
      });
      expect(JSON.stringify(facts).length).toBeLessThan(bytesMax);
      expect(facts?.containers[0]?.image).toMatch(/^(?:nginx:1.27|app-0:1)$/);
    });
});

describe("of a template", () => {
  for (const [what, containers] of [
    ["with 15,000 containers", many],
    ["with an image of 200,000 letters", [web, { name: "b", image: LONG }]],
  ] as const)
    test(`${what} no more than 20,000 bytes are kept, with its first image`, () => {
      const template = { spec: { containers } };
      const object = { kind: "Deployment", metadata: { ...metadata, uid: "d" }, spec: { template } };
      const facts = templateFacts(object);
      expect(JSON.stringify(facts).length).toBeLessThan(20_000);
      expect(facts?.images[0]).toMatch(/^(?:nginx:1.27|app-0:1)$/);
    });
});
