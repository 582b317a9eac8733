/**
 * A real control plane for one test file: etcd and kube-apiserver, and where asked for the controllers, the scheduler and
 * kwok, which plays the nodes. On free ports of 127.0.0.1, in a folder of its own; nothing of it is left behind.
 */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePorts } from "../free-ports.ts";
import { type Authority, makeAuthority, makeTokenKey } from "./authority.ts";
import { type RunningProgram, startProgram } from "./child-processes.ts";
import { apiServerArgs, controllerArgs, etcdArgs, kwokArgs, schedulerArgs } from "./component-args.ts";
import { demandKube, type KubeTool, toolPath } from "./kube-tools.ts";
import { type Kubectl, kubectlFor, type RunTool, runTool } from "./kubectl.ts";
import { untilRightsAreInForce } from "./rights-in-force.ts";

export type ControlPlaneOptions = {
  /** The controllers and the scheduler: Deployments make pods, pods get nodes, namespaces get accounts. */
  readonly controllers?: boolean;
  /** Nodes that run pods (see `stages/`); with `controllers`. More stages of a test's own, as YAML, come after ours. */
  readonly kwok?: boolean | { readonly stages: readonly string[] };
  /** More flags of kube-apiserver: `--runtime-config=…`. */
  readonly apiServerArgs?: readonly string[];
};

export type ControlPlane = {
  /** https://127.0.0.1:PORT */
  readonly url: string;
  /** Of an administrator; its context is `admin`. */
  readonly kubeconfig: string;
  /** For files of the test; goes away with the control plane. */
  readonly folder: string;
  /** Issues the server's certificate; and a webhook's, where a test wants one. */
  readonly authority: Authority;
  /** As the administrator, or by another kubeconfig. */
  readonly kubectl: Kubectl;
  readonly helm: RunTool;
  /** A kubeconfig with a real token of this service account, which must exist; what it was given until now is in force. */
  accountKubeconfig(namespace: string, account: string): Promise<string>;
  /** Ends the API server, and starts it again on the same port. The rest goes on. */
  stopApiServer(): Promise<void>;
  startApiServer(): Promise<void>;
  stop(): Promise<void>;
};

const READY_MS = 90_000;

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  demandKube();
  const folder = await mkdtemp(join(tmpdir(), "repull-kube-"));
  const programs: RunningProgram[] = [];
  const stop = async () => {
    await Promise.all(programs.splice(0).map((program) => program.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return await start(options, folder, programs, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  options: ControlPlaneOptions,
  folder: string,
  programs: RunningProgram[],
  stop: () => Promise<void>,
): Promise<ControlPlane> {
  const env = { HOME: folder, KUBECONFIG: join(folder, "kubeconfig") };
  const run = (tool: KubeTool, args: readonly string[]): RunningProgram => {
    const program = startProgram({
      name: tool,
      path: toolPath(tool),
      args,
      logPath: join(folder, `${tool}.log`),
      env,
    });
    programs.push(program);
    return program;
  };

  const [etcdPort = 0, peerPort = 0, apiPort = 0] = await freePorts(3);
  await mkdir(join(folder, "pki"));
  const authority = await makeAuthority(join(folder, "pki"));
  const [serving, admin, tokenKey] = await Promise.all([
    authority.issue("apiserver", "/CN=kube-apiserver", [
      "subjectAltName=IP:127.0.0.1,IP:10.0.0.1,DNS:localhost,DNS:kubernetes.default.svc",
      "extendedKeyUsage=serverAuth",
    ]),
    authority.issue("admin", "/O=system:masters/CN=admin", ["extendedKeyUsage=clientAuth"]),
    makeTokenKey(join(folder, "pki")),
  ]);

  const url = `https://127.0.0.1:${apiPort}`;
  const kubeconfigOf = async (name: string, user: string): Promise<string> => {
    const path = join(folder, name === "admin" ? "kubeconfig" : `kubeconfig-${name}`);
    await writeFile(path, kubeconfigText(name, url, authority.certificatePath, user), { mode: 0o600 });
    return path;
  };
  const adminUser = `{ client-certificate: ${admin.certificatePath}, client-key: ${admin.keyPath} }`;
  const kubeconfig = await kubeconfigOf("admin", adminUser);
  const kubectl = kubectlFor(env);

  const etcd = run("etcd", etcdArgs(join(folder, "etcd"), etcdPort, peerPort));
  const files = { serving, authority, tokenKey, controllers: options.controllers === true };
  const apiArgs = [...apiServerArgs(apiPort, etcdPort, files), ...(options.apiServerArgs ?? [])];
  const api = { running: run("kube-apiserver", apiArgs) };
  const isReady = () => untilReady(kubectl, [etcd, api.running]);
  await isReady();

  if (options.controllers === true) {
    run("kube-controller-manager", controllerArgs(kubeconfig, tokenKey, authority.certificatePath));
    run("kube-scheduler", schedulerArgs(kubeconfig));
  }
  if (options.kwok !== undefined && options.kwok !== false) {
    const stages = options.kwok === true ? [] : options.kwok.stages;
    run("kwok", await kwokArgs(folder, kubeconfig, stages));
  }

  return {
    url,
    kubeconfig,
    folder,
    authority,
    kubectl,
    stop,
    helm: (args, input) => runTool("helm", args, { env, ...input }),
    accountKubeconfig: async (namespace, account) => {
      await untilRightsAreInForce(kubectl, namespace);
      const { stdout } = await kubectl(["create", "token", account, "-n", namespace, "--duration=1h"]);
      return await kubeconfigOf(`${namespace}-${account}`, `{ token: ${stdout.trim()} }`);
    },
    stopApiServer: async () => {
      await api.running.stop();
      programs.splice(programs.indexOf(api.running), 1);
    },
    startApiServer: async () => {
      api.running = run("kube-apiserver", apiArgs);
      await isReady();
    },
  };
}

async function untilReady(kubectl: Kubectl, programs: readonly RunningProgram[]): Promise<void> {
  const ended = Promise.race(programs.map((program) => program.ended));
  const until = Date.now() + READY_MS;
  for (;;) {
    const asked = kubectl(["get", "--raw", "/readyz"], { mayFail: true });
    const { stdout, stderr } = await Promise.race([asked, ended]);
    if (stdout.trim() === "ok") return;
    if (Date.now() > until) throw new Error(`the API server is not ready: ${stderr || stdout}`);
    await delay(100);
  }
}

function kubeconfigText(name: string, url: string, authorityPath: string, user: string): string {
  return [
    "apiVersion: v1",
    "kind: Config",
    `clusters: [{ name: test, cluster: { server: "${url}", certificate-authority: ${authorityPath} } }]`,
    `users: [{ name: ${name}, user: ${user} }]`,
    `contexts: [{ name: ${name}, context: { cluster: test, user: ${name} } }]`,
    `current-context: ${name}`,
    "",
  ].join("\n");
}
