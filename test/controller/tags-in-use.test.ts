/** Which tags of a cluster have copies to follow, and who names them. */

import { describe, expect, test } from "vitest";
import { tagsInUse } from "../../src/controller/copies/tags-in-use.ts";
import { useScopeOf } from "../../src/controller/settings.ts";
import { digestOf } from "../../src/image/digest.ts";
import { annotationKey, annotationValue } from "../../src/kubernetes/annotation.ts";
import { templateFacts } from "../../src/kubernetes/index/images-in-use.ts";
import { podFacts } from "../../src/kubernetes/workloads/pod-facts.ts";
import { deployment, pod, type SaidPod } from "../support/kubernetes/cluster-objects.ts";
import { readPolicy } from "../support/policy.ts";

const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const DIGEST = digestOf("bytes");

function tagsOf(pods: readonly SaidPod[], templates: readonly object[] = [], said: object = {}) {
  const policy = readPolicy(said);
  const facts = pods.flatMap(
    (one) => podFacts({ ...pod(one), metadata: { ...pod(one).metadata, uid: one.name } }) ?? [],
  );
  const kept = templates.flatMap((one, at) => {
    const { metadata } = one as { metadata: object };
    return templateFacts({ ...one, metadata: { ...metadata, uid: `t${at}` } }) ?? [];
  });
  return tagsInUse(
    {
      pods: new Map(facts.map((one) => [one.uid, one])),
      templates: new Map(kept.map((one) => [one.uid, one])),
    },
    useScopeOf(policy),
    { ecrHost: ECR, policy },
  );
}

describe("a tag whose copy is followed", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, image: string, name: string | undefined, repository?: string])[] = [
    ["is Docker Hub's, written short",        "app:1",                                     "docker.io/library/app:1",  "repull/docker.io/library/app"],
    ["is Docker Hub's, by its other host",    "index.docker.io/acme/app:1",                "docker.io/acme/app:1",     "repull/docker.io/acme/app"],
    ["is another registry's",                 "ghcr.io/acme/app:1",                        "ghcr.io/acme/app:1",       "repull/ghcr.io/acme/app"],
    ["is not ECR's own",                      `${ECR}/repull/docker.io/library/app:1-abc`, undefined],
    ["is written: no tag names nothing",      "app",                                       undefined],
    ["is not pinned by a digest",             `app:1@${DIGEST}`,                           undefined],
    ["can be read",                           "app:%",                                     undefined],
  ];
  for (const [what, image, name, repository] of table)
    test(`${what} (${image.slice(0, 40)})`, () => {
      const [found] = tagsOf([{ name: "a", image }]);
      expect([found?.name, found?.repository]).toEqual([name, repository]);
    });

  test("is one for all who name it, in whichever letters, the most used first", () => {
    const found = tagsOf(
      [
        { name: "a", image: "other:1", of: "o/1" },
        { name: "b", image: "app:1", of: "web/1" },
        { name: "c", image: "docker.io/library/app:1", of: "api/1" },
      ],
      [deployment("later", "app:1")],
    );
    expect(found.map(({ name, exposure }) => [name, exposure])).toEqual([
      ["docker.io/library/app:1", 3],
      ["docker.io/library/other:1", 1],
    ]);
    expect(found[0]?.owners.map(({ workload: { kind, name } }) => `${kind}/${name}`)).toEqual([
      "Deployment/web",
      "Deployment/api",
      "Deployment/later",
    ]);
  });

  test("of a pod that was changed is the one that was written, and the copy that runs is used", () => {
    const use = `${ECR}/repull/docker.io/library/app@${DIGEST}`;
    const note = {
      image: "app:1",
      digest: DIGEST,
      proof: "same-index",
      witness: "origin",
      askedAt: "2026-11-29T08:00:00Z",
    };
    const key = annotationKey({ kind: "container", container: "web" } as never);
    const [found] = tagsOf([
      { name: "a", image: use, annotations: { [key]: annotationValue(note as never) }, of: "web/1" },
    ]);
    expect([found?.name, found?.uses.map(({ image }) => image)]).toEqual([
      "docker.io/library/app:1",
      ["app:1", use],
    ]);
  });

  // biome-ignore format: a table is read by its columns
  const out: readonly (readonly [what: string, pod: Partial<SaidPod>, policy: object])[] = [
    ["a namespace of the system",   { namespace: "kube-system" },  {}],
    ["a namespace that is left out", {},                           { scope: { namespaces: { exclude: ["shop"] } } }],
    ["an image that is left out",    {},                           { scope: { images: { exclude: ["app"] } } }],
  ];
  for (const [what, said, policy] of out)
    test(`is none in ${what}`, () => {
      expect(tagsOf([{ name: "a", image: "app:1", ...said }], [], policy)).toEqual([]);
    });
});
