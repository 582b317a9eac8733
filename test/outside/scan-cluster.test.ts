/** `repull scan --kube-context C --account`: an account and a cluster in one report, of which either may not be there. */

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Kind } from "../../src/cluster/kinds.ts";
import { accountOf } from "../../src/sandbox/endpoint/call.ts";
import { type ServedEndpoint, serveEndpoint } from "../../src/sandbox/endpoint/serve-endpoint.ts";
import { createWorld } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import { shopCluster } from "../support/kubernetes/shop-cluster.ts";
import { linesOf, repull, type Said } from "./command.ts";
import type { Document } from "./documents.ts";

let endpoint: ServedEndpoint;
let server: Server;

beforeAll(async () => {
  const file = readWorldFile({
    services: [{ name: "web", cluster: "prod", image: "nginx:1.27", desiredCount: 4 }],
    registries: { "docker.io": { images: { "library/nginx:1.27": {} } } },
  });
  endpoint = await serveEndpoint(accountOf(await createWorld(file), file));
  const cluster = shopCluster();
  // Lists of a kind, and objects by their name, as an API server has them.
  server = createServer((incoming, outgoing) => {
    const parts = new URL(incoming.url ?? "/", "http://server").pathname.split("/").slice(1);
    const [kind = "", name] =
      parts.includes("namespaces") && parts.length > 3 ? parts.slice(-2) : parts.slice(-1);
    const all = cluster.all(kind as Kind);
    const found = name === undefined ? undefined : all.find(({ metadata }) => metadata.name === name);
    const status = name !== undefined && found === undefined ? 404 : 200;
    outgoing.writeHead(status, { "content-type": "application/json" });
    const list = { kind: "List", apiVersion: "v1", metadata: { resourceVersion: "1" }, items: all };
    outgoing.end(
      JSON.stringify(status === 404 ? { kind: "Status", code: 404, reason: "NotFound" } : (found ?? list)),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await endpoint.close();
});

type Given = {
  readonly aws?: string;
  readonly context?: string;
  readonly user?: object;
  readonly environment?: Readonly<Record<string, string>>;
  readonly account?: boolean;
};

function scan(flags: readonly string[], given: Given = {}): Promise<Said> {
  const { aws = endpoint.url, context = "blue", user = { token: "t" }, environment, account = true } = given;
  const { port } = server.address() as AddressInfo;
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "blue",
    clusters: [
      { name: "c", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } },
    ],
    users: [{ name: "u", user }],
    contexts: [{ name: "blue", context: { cluster: "c", user: "u" } }],
  };
  return repull(
    [
      ...["scan", "--no-stack", "--kubeconfig", "kubeconfig"],
      ...(context === "" ? [] : ["--kube-context", context]),
      ...[...(account ? ["--account"] : []), ...flags],
    ],
    {
      environment: { ...KEYS, AWS_ENDPOINT_URL: aws, ...environment },
      files: { kubeconfig: JSON.stringify(kubeconfig), config: CONFIG },
    },
  );
}

/** A login as `aws eks get-token` is one: it goes by the profile of its environment, and fails where there is none of the name. */
function loginOf(profile: string): object {
  const credential = { kind: "ExecCredential", status: { token: "t" } };
  const apiVersion = "client.authentication.k8s.io/v1";
  const script = `[ "$AWS_PROFILE" = ${profile} ] && echo '${JSON.stringify({ apiVersion, ...credential })}'`;
  return { exec: { apiVersion, command: "sh", args: ["-c", script], interactiveMode: "Never" } };
}

const ofType = (lines: readonly Document[], type: string) => lines.filter((line) => line.type === type);
const KEYS = { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret" };
const CONFIG = ["shop", "bank"]
  .map((name) => `[profile ${name}]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n`)
  .join("");
const NOWHERE = "http://127.0.0.1:9";

describe("repull scan of an account and a cluster", () => {
  it("has the workloads of both in one stream with one summary, and says of each whose it is", async () => {
    const { out, err, status } = await scan(["--json"]);
    const lines = linesOf(out);
    expect(
      ofType(lines, "scan")
        .map(({ platform, cluster, name }) => [platform, cluster, name])
        .toSorted(),
      err,
    ).toEqual([
      ["ecs", "prod", "web"],
      ["kubernetes", "blue", "shop/CronJob/report"],
      ["kubernetes", "blue", "shop/Deployment/cache"],
      ["kubernetes", "blue", "shop/Deployment/web"],
    ]);
    const summaries = ofType(lines, "summary");
    expect(summaries).toMatchObject([
      { clusters: 2, services: 1, pods: 2, workloads: 5, kubernetes: ["blue"] },
    ]);
    const changes = summaries[0]?.imageChanges as readonly { image: string; workloads: readonly string[] }[];
    expect(changes.find(({ image }) => image === "nginx:1.27")?.workloads).toHaveLength(3);
    expect(status).toBe(0);
  });

  it("shows both in one table", async () => {
    const { out } = await scan([]);
    expect(out).toMatch(/^ *ECS \d{12} \S+ +prod\/web /m);
    expect(out).toMatch(/^ *Kubernetes +blue\/shop\/Deployment\/web /m);
    expect(out).toMatch(/^next: repull plan shop\/\S+ --kube-context blue --kubeconfig kubeconfig$/m);
  });

  it("names the command for a workload with the kubeconfig, where no context is named", async () => {
    const { out } = await scan([], { context: "" });
    expect(out).toMatch(/^next: repull plan shop\/\S+ --kubeconfig kubeconfig$/m);
  });

  it("has the cluster's login see the profile of the shell, where --profile names several", async () => {
    const { out, err, status } = await scan(["--profile", "shop,bank", "--json"], {
      user: loginOf("central"),
      environment: { AWS_PROFILE: "central", AWS_CONFIG_FILE: "config" },
    });
    expect(ofType(linesOf(out), "error"), err).toEqual([]);
    expect(status).toBe(0);
  });

  it("is a wrong call with several profiles and without --account: no account would be read", async () => {
    const { status } = await scan(["--profile", "shop,bank"], { account: false });
    expect(status).toBe(2);
  });

  // biome-ignore format: a table is read by its columns
  const table = [
    ["the account cannot be reached",           { aws: NOWHERE },     ["kubernetes"]],
    ["the kubeconfig has no such context",      { context: "green" }, ["ecs"]],
  ] as const;
  for (const [when, given, left] of table)
    it(`reports the other side, and ends with 5, when ${when}`, async () => {
      const { out, status } = await scan(["--json"], given);
      const lines = linesOf(out);
      expect([...new Set(ofType(lines, "scan").map(({ platform }) => platform))]).toEqual(left);
      expect([ofType(lines, "error").length, ofType(lines, "summary").length, status]).toEqual([1, 1, 5]);
    });

  it("ends without a report when neither can be read", async () => {
    const { out, status } = await scan(["--json"], { aws: NOWHERE, context: "green" });
    expect(linesOf(out).map(({ type }) => type)).toEqual(["error", "error"]);
    expect(status).not.toBe(0);
  });

  it("writes one file for both", async () => {
    const { out, status } = await scan(["--html", "report.html"]);
    expect([status, out]).toEqual([0, expect.stringContaining("report.html has the rest")]);
  });

  it("does not print the roles of a cluster", async () => {
    expect((await scan(["--roles"])).status).toBe(2);
  });
});
