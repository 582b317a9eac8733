/** What a cluster promises behind its port: a real API server and the sandbox's must both keep it. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Change, ClusterPort } from "../../src/cluster/cluster-port.ts";
import type { ConfigMap, Lease, Pod } from "../../src/kubernetes/objects/objects.ts";

export type ClusterStage = {
  readonly cluster: ClusterPort;
  /** Exists, and holds nothing of the test. */
  readonly namespace: string;
  end(): Promise<void>;
};

export function describeClusterContract(name: string, start: () => Promise<ClusterStage>): void {
  describe(`${name} keeps the contract of a cluster`, () => {
    let stage: ClusterStage;
    let count = 0;
    beforeAll(async () => {
      stage = await start();
    });
    afterAll(() => stage?.end());
    const fresh = (word: string) => `${word}-${++count}`;
    const { configMap, pod, lease } = objectsIn(() => stage.namespace);

    describe("reads", () => {
      test("answer undefined for what is not there", async () => {
        expect(
          await stage.cluster.get("configmaps", { namespace: stage.namespace, name: "absent" }),
        ).toBeUndefined();
      });

      test("answer an object whole, with members that no type names", async () => {
        const made = { ...configMap(fresh("whole"), { a: "1" }), immutable: true };
        await stage.cluster.create("configmaps", made);
        const read = await stage.cluster.get("configmaps", nameOf(made));
        expect(read).toMatchObject({
          apiVersion: "v1",
          kind: "ConfigMap",
          data: { a: "1" },
          immutable: true,
        });
        expect(read?.metadata.uid).toMatch(/./);
        expect(read?.metadata.resourceVersion).toMatch(/./);
      });

      test("list what the labels select, each with its kind, and nothing of other namespaces", async () => {
        const label = fresh("label");
        const made = ["a", "b", "c"].map((name) => ({
          ...configMap(`${label}-${name}`),
          metadata: {
            name: `${label}-${name}`,
            namespace: stage.namespace,
            labels: { group: label, own: name },
          },
        }));
        for (const one of made) await stage.cluster.create("configmaps", one);
        const list = async (selection: object) =>
          (await stage.cluster.list("configmaps", selection)).map(
            ({ kind, metadata }) => `${kind} ${metadata.name}`,
          );
        const all = made.map(({ metadata }) => `ConfigMap ${metadata.name}`);
        const { namespace } = stage;
        expect(await list({ namespace, labels: `group=${label}` })).toEqual(all);
        expect(await list({ labels: `group=${label},own in (a,c)` })).toEqual([all[0], all[2]]);
        expect(await list({ namespace, labels: `group=${label},own!=a` })).toEqual([all[1], all[2]]);
        expect(await list({ namespace: "default", labels: `group=${label}` })).toEqual([]);
        expect(await list({ namespace, fields: `metadata.name=${label}-b` })).toEqual([all[1]]);
      });

      test("list more objects than fit on a page", async () => {
        const label = fresh("many");
        const names = Array.from({ length: 320 }, (_, at) => `${label}-${String(at).padStart(3, "0")}`);
        const one = (name: string) =>
          stage.cluster.create("configmaps", {
            ...configMap(name),
            metadata: { name, namespace: stage.namespace, labels: { group: label } },
          });
        for (let at = 0; at < names.length; at += 40) await Promise.all(names.slice(at, at + 40).map(one));
        const found = await stage.cluster.list("configmaps", { labels: `group=${label}` });
        expect(found.map(({ metadata }) => metadata.name)).toEqual(names);
      });

      test("refuse a name that would lead elsewhere", async () => {
        const refused = { reason: "BadRequest" };
        const { cluster, namespace } = stage;
        await expect(cluster.get("pods", { namespace, name: "" })).rejects.toMatchObject(refused);
        await expect(cluster.get("pods", { name: "x" })).rejects.toMatchObject(refused);
        await expect(cluster.delete("pods", { namespace, name: ".." })).rejects.toMatchObject(refused);
      });
    });

    describe("a creation", () => {
      test("answers the object as it is stored", async () => {
        const made = await stage.cluster.create("configmaps", configMap(fresh("made"), { a: "1" }));
        expect(made.data).toEqual({ a: "1" });
        expect(await stage.cluster.get("configmaps", nameOf(made))).toEqual(made);
      });

      test("is refused where the name is taken", async () => {
        const one = configMap(fresh("taken"));
        await stage.cluster.create("configmaps", one);
        await expect(stage.cluster.create("configmaps", one)).rejects.toMatchObject({
          status: 409,
          reason: "AlreadyExists",
        });
      });

      test("is refused in a namespace that does not exist", async () => {
        const one = { ...configMap("a"), metadata: { name: "a", namespace: "not-there" } };
        await expect(stage.cluster.create("configmaps", one)).rejects.toMatchObject({
          status: 404,
          reason: "NotFound",
        });
      });

      test("is refused for an object that does not hold", async () => {
        const two = pod(fresh("twice"), "nginx:1");
        const container = two.spec.containers[0] as Pod["spec"]["containers"][number];
        const one = { ...two, spec: { ...two.spec, containers: [container, container] } };
        await expect(stage.cluster.create("pods", one)).rejects.toMatchObject({
          status: 422,
          reason: "Invalid",
        });
      });

      test("gets a name where only its beginning is given", async () => {
        const metadata = { generateName: "some-", namespace: stage.namespace };
        const made = await stage.cluster.create("configmaps", { ...configMap(""), metadata });
        expect(made.metadata.name).toMatch(/^some-.+/);
      });

      test("as a dry run answers the object and stores nothing", async () => {
        const one = pod(fresh("dry"), "nginx:1");
        const answer = await stage.cluster.create("pods", one, { dryRun: true });
        expect(answer.spec.containers[0]?.image).toBe("nginx:1");
        expect(await stage.cluster.get("pods", nameOf(one))).toBeUndefined();
      });
    });

    describe("a replacement", () => {
      test("takes the place of the version that was read", async () => {
        const made = await stage.cluster.create("leases", lease(fresh("lease"), "a"));
        const put = await stage.cluster.replace("leases", {
          ...made,
          spec: { ...made.spec, holderIdentity: "b" },
        });
        expect(put.spec?.holderIdentity).toBe("b");
        expect(put.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
      });

      test("is a conflict where another client wrote in between, and changes nothing", async () => {
        const made = await stage.cluster.create("leases", lease(fresh("lease"), "a"));
        const holding = (holderIdentity: string) => ({ ...made, spec: { ...made.spec, holderIdentity } });
        await stage.cluster.replace("leases", holding("b"));
        await expect(stage.cluster.replace("leases", holding("c"))).rejects.toMatchObject({
          status: 409,
          reason: "Conflict",
        });
        expect((await stage.cluster.get("leases", nameOf(made)))?.spec?.holderIdentity).toBe("b");
      });

      test("lets one of two writers of the same version win", async () => {
        const made = await stage.cluster.create("leases", lease(fresh("lease"), "a"));
        const results = await Promise.allSettled(
          ["b", "c", "d"].map((holderIdentity) =>
            stage.cluster.replace("leases", { ...made, spec: { ...made.spec, holderIdentity } }),
          ),
        );
        expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      });

      test("is refused without the version that was read", async () => {
        const made = await stage.cluster.create("leases", lease(fresh("lease"), "a"));
        const { resourceVersion: _, ...metadata } = made.metadata;
        await expect(stage.cluster.replace("leases", { ...made, metadata })).rejects.toMatchObject({
          reason: "BadRequest",
        });
      });

      test("does not make what is gone", async () => {
        const made = await stage.cluster.create("configmaps", configMap(fresh("gone")));
        await stage.cluster.delete("configmaps", nameOf(made));
        const reason = expect.stringMatching(/^(NotFound|Conflict)$/);
        await expect(stage.cluster.replace("configmaps", made)).rejects.toMatchObject({ reason });
        expect(await stage.cluster.get("configmaps", nameOf(made))).toBeUndefined();
      });
    });

    describe("a patch", () => {
      const image = (value: string) => ({ op: "replace", path: "/spec/containers/0/image", value }) as const;

      test("changes what it names", async () => {
        const made = await stage.cluster.create("pods", pod(fresh("patched"), "nginx:1"));
        const patched = await stage.cluster.patch("pods", nameOf(made), [
          { op: "test", path: "/spec/containers/0/image", value: "nginx:1" },
          { op: "add", path: "/metadata/annotations", value: { "a/b": "1" } },
          image("nginx:2"),
        ]);
        expect(patched.spec.containers[0]?.image).toBe("nginx:2");
        expect(patched.metadata.annotations).toEqual({ "a/b": "1" });
      });

      test("as a dry run answers the change and makes none", async () => {
        const made = await stage.cluster.create("pods", pod(fresh("patched"), "nginx:1"));
        const answer = await stage.cluster.patch("pods", nameOf(made), [image("nginx:2")], { dryRun: true });
        expect(answer.spec.containers[0]?.image).toBe("nginx:2");
        expect((await stage.cluster.get("pods", nameOf(made)))?.spec.containers[0]?.image).toBe("nginx:1");
      });

      // biome-ignore format: a table is read by its columns
      const refusals = [
        ["a test that does not hold",     [{ op: "test", path: "/spec/containers/0/image", value: "other" }, image("nginx:2")]],
        ["a path that is not there",      [{ op: "replace", path: "/spec/containers/7/image", value: "nginx:2" }]],
        ["a removal of what is absent",   [{ op: "remove", path: "/metadata/labels/absent" }]],
        ["a change that may not be made", [image("nginx:2"), { op: "replace", path: "/spec/restartPolicy", value: "Never" }]],
        ["another account",               [image("nginx:2"), { op: "add", path: "/spec/serviceAccountName", value: "other" }]],
      ] as const;
      for (const [what, patch] of refusals)
        test(`is refused as a whole for ${what}`, async () => {
          const labelled = pod(fresh("patched"), "nginx:1");
          const made = await stage.cluster.create("pods", labelled);
          await expect(stage.cluster.patch("pods", nameOf(made), patch)).rejects.toMatchObject({
            status: 422,
            reason: "Invalid",
          });
          expect((await stage.cluster.get("pods", nameOf(made)))?.spec.containers[0]?.image).toBe("nginx:1");
        });

      test("changes the image of a pod that stays the same object, and not that of an image volume", async () => {
        const one = pod(fresh("volume"), "nginx:1");
        const volumes = [{ name: "files", image: { reference: "nginx:1", pullPolicy: "IfNotPresent" } }];
        const made = await stage.cluster.create("pods", { ...one, spec: { ...one.spec, volumes } });
        const patched = await stage.cluster.patch("pods", nameOf(made), [image("nginx:2")]);
        expect(patched.metadata.uid).toBe(made.metadata.uid);
        const volume = { op: "replace", path: "/spec/volumes/0/image/reference", value: "nginx:2" } as const;
        await expect(stage.cluster.patch("pods", nameOf(made), [volume])).rejects.toMatchObject({
          status: 422,
          reason: "Invalid",
        });
      });

      test("is refused for what is not there", async () => {
        const name = { namespace: stage.namespace, name: "absent" };
        await expect(stage.cluster.patch("pods", name, [image("nginx:2")])).rejects.toMatchObject({
          status: 404,
          reason: "NotFound",
        });
      });
    });

    test("a deletion takes an object away, and nothing happens where there is none", async () => {
      const made = await stage.cluster.create("configmaps", configMap(fresh("deleted")));
      await stage.cluster.delete("configmaps", nameOf(made), { dryRun: true });
      expect(await stage.cluster.get("configmaps", nameOf(made))).toMatchObject({
        metadata: { uid: made.metadata.uid },
      });
      await stage.cluster.delete("configmaps", nameOf(made));
      expect(await stage.cluster.get("configmaps", nameOf(made))).toBeUndefined();
      await stage.cluster.delete("configmaps", nameOf(made));
    });

    describe("a kind that is followed", () => {
      const follow = (labels: string) => {
        const stop = new AbortController();
        const changes = stage.cluster
          .follow(
            "configmaps",
            { labels },
            ({ metadata, data }) => `${metadata.name}=${data?.a ?? ""}`,
            stop.signal,
          )
          [Symbol.asyncIterator]();
        return { stop, next: async () => (await changes.next()).value as Change<string> | undefined };
      };
      const labelled = (name: string, label: string, a: string) => ({
        ...configMap(name, { a }),
        metadata: { name, namespace: stage.namespace, labels: { follow: label } },
      });

      test("is listed first, and then reports each change in order", async () => {
        const label = fresh("follow");
        await stage.cluster.create("configmaps", labelled(`${label}-a`, label, "1"));
        const { stop, next } = follow(`follow=${label}`);
        expect(await next()).toEqual({ type: "listed", objects: [`${label}-a=1`] });
        const made = await stage.cluster.create("configmaps", labelled(`${label}-b`, label, "1"));
        await stage.cluster.replace("configmaps", { ...made, data: { a: "2" } });
        await stage.cluster.delete("configmaps", nameOf(made));
        expect(await next()).toEqual({ type: "set", object: `${label}-b=1` });
        expect(await next()).toEqual({ type: "set", object: `${label}-b=2` });
        expect(await next()).toEqual({ type: "deleted", object: `${label}-b=2` });
        stop.abort();
        expect(await next()).toBeUndefined();
      });

      test("loses an object that the labels no longer select", async () => {
        const label = fresh("follow");
        const made = await stage.cluster.create("configmaps", labelled(`${label}-a`, label, "1"));
        const { stop, next } = follow(`follow=${label}`);
        await next();
        const metadata = { ...made.metadata, labels: { follow: "other" } };
        await stage.cluster.replace("configmaps", { ...made, metadata });
        expect(await next()).toMatchObject({ type: "deleted" });
        stop.abort();
        expect(await next()).toBeUndefined();
      });

      test("reports nothing once it was called off", async () => {
        const { stop, next } = follow(`follow=${fresh("follow")}`);
        stop.abort();
        expect(await next()).toBeUndefined();
      });
    });

    test("a server says its version, and which kinds it has", async () => {
      expect(await stage.cluster.version()).toMatch(/^v1\.\d+/);
      expect(await stage.cluster.isServed("pods")).toBe(true);
      expect(await stage.cluster.isServed("leases")).toBe(true);
    });
  });
}

function nameOf({
  metadata,
}: {
  readonly metadata: { readonly namespace?: string; readonly name?: string };
}) {
  const { namespace, name = "" } = metadata;
  return namespace === undefined ? { name } : { namespace, name };
}

function objectsIn(namespace: () => string) {
  const metadata = (name: string) => ({ name, namespace: namespace() });
  return {
    configMap: (name: string, data: Record<string, string> = {}): ConfigMap => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: metadata(name),
      data,
    }),
    pod: (name: string, image: string): Pod => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: metadata(name),
      spec: { containers: [{ name: "main", image }] },
    }),
    lease: (name: string, holderIdentity: string): Lease => ({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: metadata(name),
      spec: { holderIdentity, leaseDurationSeconds: 15 },
    }),
  };
}
