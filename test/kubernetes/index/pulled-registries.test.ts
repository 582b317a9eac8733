/** What a pod that runs shows of the registries from which other pods can have their images. */

import { describe, expect, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { pulledRegistries } from "../../../src/kubernetes/index/pulled-registries.ts";
import { podFacts } from "../../../src/kubernetes/workloads/pod-facts.ts";
import { pod } from "../../support/kubernetes/cluster-objects.ts";

const ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

describe("a pod that runs an image", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [of: string, image: string, spec: object, hosts: readonly string[]])[] = [
    ["of a public registry",                           "public.ecr.aws/eks/pause:3.10", {},                                        ["public.ecr.aws"]],
    ["of a public registry, with a pull secret",       "public.ecr.aws/eks/pause:3.10", { imagePullSecrets: [{ name: "hub" }] },   ["public.ecr.aws"]],
    ["of a private ECR, by the node's role",           `${ECR}/app:1`,                  {},                                        [ECR]],
    ["of a private ECR, with an empty list",           `${ECR}/app:1`,                  { imagePullSecrets: [] },                  [ECR]],
    ["of a private ECR, with a pull secret of its own", `${ECR}/app:1`,                 { imagePullSecrets: [{ name: "ecr" }] },   []],
  ];
  for (const [of, image, spec, hosts] of table)
    test(`${of} shows ${hosts[0] ?? "nothing"}`, () => {
      const object = pod({ name: "p", of: "web/1", image, runs: digestOf("one") });
      const facts = podFacts({
        ...object,
        metadata: { ...object.metadata, uid: "p" },
        spec: { ...object.spec, ...spec },
      });
      expect([...pulledRegistries(facts === undefined ? [] : [facts])]).toEqual(hosts);
    });
});
