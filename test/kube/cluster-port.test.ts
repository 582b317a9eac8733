/** The port to a cluster, on a real API server: the contract, logins of each kind, rights, and a server that goes and comes. */

import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Change } from "../../src/cluster/cluster-port.ts";
import { openCluster } from "../../src/cluster/open-cluster.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { describeClusterContract } from "../contracts/cluster-contract.ts";
import { type ControlPlane, startControlPlane } from "../support/kube/control-plane.ts";

const open = (file: string, context?: string) =>
  openCluster(
    { from: "kubeconfig", files: [file], ...(context === undefined ? {} : { context }) },
    systemClock,
  );

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  await plane.kubectl(["create", "namespace", "contract"]);
  await plane.kubectl(["create", "serviceaccount", "reader", "-n", "contract"]);
  await plane.kubectl([
    ...["create", "clusterrole", "reader", "--verb=get,list,watch", "--resource=pods,nodes"],
  ]);
  await plane.kubectl([
    ...["create", "clusterrolebinding", "reader", "--clusterrole=reader"],
    "--serviceaccount=contract:reader",
  ]);
});
afterAll(() => plane?.stop());

describeClusterContract("a real API server", async () => {
  const cluster = open(plane.kubeconfig);
  return { cluster, namespace: "contract", end: async () => cluster.close() };
});

describe("a login", () => {
  const kubeconfig = async (name: string, user: string): Promise<string> => {
    const path = join(plane.folder, name);
    const cluster = `{ server: "${plane.url}", certificate-authority: ${plane.authority.certificatePath} }`;
    await writeFile(
      path,
      [
        "apiVersion: v1\nkind: Config\ncurrent-context: c",
        `clusters: [{ name: c, cluster: ${cluster} }]\nusers: [{ name: u, user: ${user} }]`,
        "contexts: [{ name: c, context: { cluster: c, user: u } }]\n",
      ].join("\n"),
    );
    return path;
  };
  const token = async () =>
    (await plane.kubectl(["create", "token", "reader", "-n", "contract"])).stdout.trim();

  test("by a token reads what its account may, and learns what it may not", async () => {
    const cluster = open(await kubeconfig("by-token", `{ token: ${await token()} }`));
    expect(await cluster.list("pods", { namespace: "contract", labels: "absent=1" })).toEqual([]);
    await expect(cluster.list("secrets")).rejects.toMatchObject({ status: 403, reason: "Forbidden" });
    await expect(cluster.get("secrets", { namespace: "contract", name: "a" })).rejects.toMatchObject({
      reason: "Forbidden",
    });
    cluster.close();
  });

  test("by a program gets the token that it prints, as EKS's kubeconfig has it", async () => {
    const program = join(plane.folder, "print-token");
    const credential = { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential" };
    await writeFile(
      program,
      `#!/bin/sh\necho '${JSON.stringify({ ...credential, status: { token: await token() } })}'\n`,
    );
    await chmod(program, 0o755);
    const exec = `{ exec: { apiVersion: client.authentication.k8s.io/v1, command: ${program}, args: [], interactiveMode: Never } }`;
    const cluster = open(await kubeconfig("by-program", exec));
    expect(await cluster.list("nodes")).toEqual([]);
    cluster.close();
  });

  // biome-ignore format: a table is read by its columns
  const refusals = [
    ["a token that is not known",        "{ token: wrong }",                                                                              401, "Unauthorized"],
    ["no login at all",                  "{}",                                                                                            403, "Forbidden"],
    ["a program that does not exist",    "{ exec: { apiVersion: client.authentication.k8s.io/v1, command: /no/such/program, args: [] } }", 0,   "Unauthorized"],
    ["a program that fails",             "{ exec: { apiVersion: client.authentication.k8s.io/v1, command: /bin/false, args: [] } }",       0,   "Unauthorized"],
  ] as const;
  for (const [what, user, status, reason] of refusals)
    test(`is refused with ${what}`, async () => {
      const cluster = open(await kubeconfig(what.replaceAll(" ", "-"), user));
      await expect(cluster.list("pods")).rejects.toMatchObject({ status, reason });
      cluster.close();
    });

  test("to a server whose certificate another authority signed is not sent", async () => {
    const path = await kubeconfig("wrong-authority", `{ token: ${await token()} }`);
    const { certificatePath } = await plane.authority.issue("other", "/CN=other", []);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(plane.authority.certificatePath, certificatePath));
    const cluster = open(path);
    await expect(cluster.version()).rejects.toMatchObject({ status: 0, reason: "Unreachable" });
    cluster.close();
  });

  test("needs a context that the kubeconfig has", async () => {
    expect(() => open(plane.kubeconfig, "absent")).toThrowError(
      expect.objectContaining({ reason: "BadRequest" }),
    );
    expect(() => open(join(plane.folder, "no-such-file"))).toThrowError(
      expect.objectContaining({ reason: "BadRequest" }),
    );
  });
});

describe("a kind of the server's", () => {
  test("that is not installed is distinguished from an object that is not there", async () => {
    const cluster = open(plane.kubeconfig);
    expect(await cluster.isServed("imageindexes")).toBe(false);
    await expect(cluster.list("imageindexes")).rejects.toMatchObject({ status: 404, reason: "NotServed" });
    await expect(cluster.get("imageindexes", { name: "repull-0" })).rejects.toMatchObject({
      reason: "NotServed",
    });
    cluster.close();
  });

  test("is interrupted while it may not be read, and goes on once it may", async () => {
    await plane.kubectl([
      ...["create", "clusterrole", "configmap-reader", "--verb=list,watch", "--resource=configmaps"],
    ]);
    const cluster = open(await plane.accountKubeconfig("contract", "reader"));
    const stop = new AbortController();
    const changes = cluster.follow("configmaps", { namespace: "contract" }, () => 1, stop.signal);
    const seen: string[] = [];
    for await (const change of changes) {
      seen.push(change.type);
      if (change.type === "listed") stop.abort();
      else if (seen.length === 1)
        await plane.kubectl([
          ...["create", "rolebinding", "reader-lists", "-n", "contract", "--clusterrole=configmap-reader"],
          "--serviceaccount=contract:reader",
        ]);
    }
    expect(seen[0]).toBe("interrupted");
    expect(seen.at(-1)).toBe("listed");
    cluster.close();
  });
});

describe("a pod of as many bytes as the server takes", () => {
  // JSON has six bytes for each: https://pkg.go.dev/encoding/json#HTMLEscape
  test("is followed, and what comes after it, though it has six times as many in JSON", async () => {
    const cluster = open(plane.kubeconfig);
    const stop = new AbortController();
    const pod = (name: string, value: string) => {
      const container = { name: "a", image: "app:1", env: [{ name: "A", value }] };
      const object = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "contract" } };
      return cluster.create("pods", { ...object, spec: { containers: [container] } });
    };
    const seen: string[] = [];
    const keep = ({ metadata }: { metadata: { name?: string } }) => metadata.name ?? "";
    for await (const change of cluster.follow("pods", { namespace: "contract" }, keep, stop.signal)) {
      seen.push("object" in change ? `${change.type} ${change.object}` : change.type);
      if (change.type === "listed") {
        await pod("giant", "<".repeat(1_500_000));
        await pod("after", "1");
      } else if (seen.length === 3) stop.abort();
    }
    expect(seen).toEqual(["listed", "set giant", "set after"]);
    cluster.close();
  });
});

describe("a server that goes and comes back", () => {
  test("interrupts what is followed, and no change is missed", async () => {
    const cluster = open(plane.kubeconfig);
    const stop = new AbortController();
    const known = new Set<string>();
    const types: string[] = [];
    const atFirst = Promise.withResolvers<void>();
    const interrupted = Promise.withResolvers<void>();
    const complete = Promise.withResolvers<void>();
    const apply = (change: Change<string>) => {
      types.push(change.type);
      if (change.type === "listed") {
        known.clear();
        for (const name of change.objects) known.add(name);
        atFirst.resolve();
      } else if (change.type === "set") known.add(change.object);
      else if (change.type === "deleted") known.delete(change.object);
      else interrupted.resolve();
      if (known.has("after") && !known.has("before")) complete.resolve();
    };
    const reading = (async () => {
      const selection = { namespace: "contract", labels: "restart=yes" };
      const keep = ({ metadata }: { metadata: { name?: string } }) => metadata.name ?? "";
      for await (const change of cluster.follow("configmaps", selection, keep, stop.signal)) apply(change);
    })();
    const make = (name: string) =>
      plane.kubectl.apply({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name, namespace: "contract", labels: { restart: "yes" } },
      });
    await atFirst.promise;
    await make("before");
    await plane.stopApiServer();
    await interrupted.promise;
    await expect(cluster.version()).rejects.toMatchObject({ status: 0, reason: "Unreachable" });
    await plane.startApiServer();
    await plane.kubectl(["delete", "configmap", "before", "-n", "contract"]);
    await make("after");
    await complete.promise;
    stop.abort();
    await reading;
    expect([...known]).toEqual(["after"]);
    expect(types).toContain("interrupted");
    cluster.close();
  });
});
