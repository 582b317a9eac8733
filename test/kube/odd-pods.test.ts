/**
 * Pods at the bounds of what Kubernetes takes, and an index that says two things of one image: by the policy, by the webhook, and by
 * both, on a real API server.
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, test as vitestTest } from "vitest";
import type { IndexRow } from "../../src/kubernetes/image-index.ts";
import {
  ACCOUNT,
  type AdmissionWorld,
  INDEXES,
  podOf,
  rowOf,
  secondsFromNow,
  startAdmissionWorld,
  useOf,
} from "../support/kube/admission-world.ts";
import { MERGE_PATCH } from "../support/kube/api-client.ts";
import { ofSeenPods } from "../support/kube/passed-unseen.ts";

const PODS = "/api/v1/namespaces/default/pods";
const STRATEGIC = "application/strategic-merge-patch+json";
/** The API server counts the cost of a look at a row by the rows there are. */
const ROWS = 4_000;
const imageAt = (at: number) => `docker.io/shop/service-${at}:1.${at}`;
const useAt = (at: number) => useOf(`service-${at}`, (at % 16).toString(16));
const NAME_63 = "a".repeat(63);

const index = (): ReadonlyMap<string, IndexRow> =>
  new Map([
    ...Array.from({ length: ROWS - 2 }, (_, at): [string, IndexRow] => [
      imageAt(at),
      rowOf(`service-${at}`, (at % 16).toString(16)),
    ]),
    ["nginx:1.27", rowOf("nginx", "a")],
    ["registry.example:5000/team/app:1.2", rowOf("team/app", "c")],
  ]);

// biome-ignore lint/suspicious/noExplicitAny: a pod as the server answers it
type Pod = any;
const webOf = (image: string) => [{ name: "web", image, imagePullPolicy: "IfNotPresent" }];

describe.each([
  { way: "the policy", policy: true, webhook: false },
  { way: "the webhook", policy: false, webhook: true },
  { way: "both", policy: true, webhook: true },
])("a pod that meets $way", ({ policy, webhook }) => {
  const test = (title: string, run: () => Promise<void>) =>
    vitestTest(title, () => (webhook ? ofSeenPods(world, run) : run()));

  let world: AdmissionWorld;
  let count = 0;
  const send = async (method: string, path: string, body: object, contentType = "application/json") => {
    const answer = await world.api.send(method, path, body, { contentType });
    ok(answer.status < 300, JSON.stringify(answer.body).slice(0, 500));
    return answer.body as Pod;
  };
  const create = (spec: object, metadata: object = {}) =>
    send("POST", PODS, podOf(`odd-${count++}`, spec, metadata));
  const imagesOf = ({ spec }: Pod): readonly string[] =>
    [...(spec.initContainers ?? []), ...spec.containers].map((one: Pod) => one.image);
  const notesOf = ({ metadata }: Pod): readonly (readonly [string, string])[] =>
    Object.entries<string>(metadata.annotations ?? {})
      .map(([key, value]) => [key, value.split(" ")[0] ?? ""] as const)
      .toSorted();

  beforeAll(async () => {
    world = await startAdmissionWorld({ policy });
    if (webhook) await world.startWebhook();
    await world.writeIndex(index());
  });
  afterAll(() => world.stop());

  const manyFrom = (length: number, prefix: string, from: number) =>
    Array.from({ length }, (_, at) => ({
      name: `${prefix}-${at}`,
      image: imageAt(from + at),
      imagePullPolicy: "IfNotPresent",
    }));

  for (const [containers, init] of [
    [50, 20],
    [150, 50],
  ] as const)
    test(`has each of its ${containers} containers and ${init} init containers swapped, by an index of ${ROWS} rows`, async () => {
      const pod = await create({
        containers: manyFrom(containers, "c", 0),
        initContainers: manyFrom(init, "i", 1_000),
      });
      deepEqual(imagesOf(pod), [
        ...Array.from({ length: init }, (_, at) => useAt(1_000 + at)),
        ...Array.from({ length: containers }, (_, at) => useAt(at)),
      ]);
      equal(notesOf(pod).length, containers + init);
    });

  test("with 50 containers gets one proved image where an update changes one, and keeps the others", async () => {
    const off = { labels: { "repull.dev/mode": "off" } };
    const older = await create({ containers: manyFrom(50, "c", 0) }, off);
    const path = `${PODS}/${older.metadata.name}`;
    await send("PATCH", path, { metadata: { labels: { "repull.dev/mode": null } } }, MERGE_PATCH);
    const changed = { spec: { containers: [{ name: "c-7", image: imageAt(700) }] } };
    const pod = await send("PATCH", path, changed, STRATEGIC);
    deepEqual(
      imagesOf(pod),
      Array.from({ length: 50 }, (_, at) => (at === 7 ? useAt(700) : imageAt(at))),
    );
    deepEqual(notesOf(pod), [["image.repull.dev/c-7", imageAt(700)]]);
  });

  test("has names of 63 characters in its notes", async () => {
    const volume = { name: NAME_63, image: { reference: "nginx:1.27", pullPolicy: "IfNotPresent" } };
    const pod = await create({
      containers: [{ name: NAME_63, image: "nginx:1.27", imagePullPolicy: "IfNotPresent" }],
      volumes: [volume],
    });
    deepEqual(notesOf(pod), [
      [`image-volume.repull.dev/${NAME_63}`, "nginx:1.27"],
      [`image.repull.dev/${NAME_63}`, "nginx:1.27"],
    ]);
    equal(pod.spec.volumes[0].image.reference, useOf("nginx", "a"));
  });

  test("is swapped where the API server makes its name", async () => {
    const { metadata, ...pod } = podOf("", { containers: webOf("nginx:1.27") });
    const named = { ...pod, metadata: { namespace: metadata.namespace, generateName: "odd-" } };
    deepEqual(imagesOf(await send("POST", PODS, named)), [useOf("nginx", "a")]);
  });

  // biome-ignore format: a table is read by its columns
  const spellings: readonly (readonly [string, string])[] = [
    ["registry.example:5000/team/app:1.2", useOf("team/app", "c")],
    ["registry.example:5000/team/app",     "registry.example:5000/team/app"],
    ["registry.example/team/app:1.2",      "registry.example/team/app:1.2"],
    ["NGINX:1.27",                         "NGINX:1.27"],
    ["nginx:1.27 ",                        "refused by Kubernetes"],
    ["nginx:1.27@",                        "nginx:1.27@"],
    ["nginx:1.27@sha256:short",            "nginx:1.27@sha256:short"],
    ["hasOwnProperty",                     "hasOwnProperty"],
  ];
  for (const [written, image] of spellings)
    test(`written as ${JSON.stringify(written)} has ${image}`, async () => {
      const { status, body } = await world.api.send(
        "POST",
        PODS,
        podOf(`odd-${count++}`, { containers: webOf(written) }),
      );
      equal(status === 201 ? imagesOf(body)[0] : "refused by Kubernetes", image);
    });

  test("keeps its swap and its note when it is resized", async () => {
    const pod = await create({
      containers: [
        { ...webOf("nginx:1.27")[0], resources: { requests: { cpu: "100m" }, limits: { cpu: "100m" } } },
      ],
    });
    const resources = { requests: { cpu: "200m" }, limits: { cpu: "200m" } };
    const resized = await send(
      "PATCH",
      `${PODS}/${pod.metadata.name}/resize`,
      { spec: { containers: [{ name: "web", resources }] } },
      STRATEGIC,
    );
    deepEqual([imagesOf(resized), notesOf(resized)], [imagesOf(pod), notesOf(pod)]);
    equal(resized.spec.containers[0].resources.requests.cpu, "200m");
  });

  test("has each of two containers that kubectl debug adds swapped, one after the other", async () => {
    const pod = await create({ containers: webOf("app:1") });
    const path = `${PODS}/${pod.metadata.name}/ephemeralcontainers`;
    for (const name of ["one", "two"])
      await send(
        "PATCH",
        path,
        { spec: { ephemeralContainers: [{ name, image: "nginx:1.27", targetContainerName: "web" }] } },
        STRATEGIC,
      );
    const { body } = await world.api.send("GET", `${PODS}/${pod.metadata.name}`);
    deepEqual(
      body.spec.ephemeralContainers.map((one: Pod) => one.image),
      [useOf("nginx", "a"), useOf("nginx", "a")],
    );
  });

  describe("whose image two index objects name", () => {
    const put = async (number: number, row: IndexRow) => {
      const path = `${INDEXES}/repull-two-${number}`;
      const { body, status } = await world.api.send("GET", path);
      const object = {
        apiVersion: "repull.dev/v1",
        kind: "ImageIndex",
        metadata: {
          name: `repull-two-${number}`,
          labels: { "repull.dev/index": "images" },
          ...(status === 200 ? { resourceVersion: body.metadata.resourceVersion } : {}),
        },
        spec: { rows: { "twice:1": row } },
      };
      const answer = await world.api.send(
        status === 200 ? "PUT" : "POST",
        status === 200 ? path : INDEXES,
        object,
        {
          user: ACCOUNT,
        },
      );
      ok(answer.status < 300, JSON.stringify(answer.body));
    };
    /** The pod, once the policy or the webhook knows what the index says of its image. */
    const podSoon = async (isThere: (pod: Pod) => boolean): Promise<Pod> => {
      for (let left = 60; ; left--) {
        const pod = await create({ containers: webOf("twice:1") });
        if (isThere(pod) || left === 0) return pod;
        await delay(50);
      }
    };
    const expired = () =>
      rowOf("expired", "1", { goodUntil: secondsFromNow(-5), askedAt: secondsFromNow(-60) });

    for (const [first, second] of [
      [0, 1],
      [1, 0],
    ] as const)
      test(`has the one that is in force, though object ${second} has one that has ended`, async () => {
        await put(second, expired());
        await put(first, rowOf(`twice-${first}`, "b"));
        const use = useOf(`twice-${first}`, "b");
        deepEqual(imagesOf(await podSoon((pod) => imagesOf(pod)[0] === use)), [use]);
      });

    test("has one of the two that are in force, with the note of that one", async () => {
      await put(0, rowOf("twice-x", "7", { askedAt: secondsFromNow(-20) }));
      await put(1, rowOf("twice-y", "8", { askedAt: secondsFromNow(-10) }));
      const pod = await podSoon((one) => /twice-[xy]/.test(imagesOf(one)[0] ?? ""));
      const digest = imagesOf(pod)[0]?.split("@")[1];
      const note = pod.metadata.annotations["image.repull.dev/web"].split(" ");
      deepEqual(note.slice(0, 2), ["twice:1", digest]);
    });
  });
});
