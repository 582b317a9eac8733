/** How the parts of the control plane are called. */

import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Authority, Pair } from "./authority.ts";

type Args = readonly string[];

export function etcdArgs(folder: string, port: number, peerPort: number): Args {
  const [clients, peers] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
  return [
    ...["--name", "test", "--data-dir", folder, "--unsafe-no-fsync"],
    ...["--listen-client-urls", clients, "--advertise-client-urls", clients],
    ...["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers],
    ...["--initial-cluster", `test=${peers}`],
  ];
}

export type ApiServerFiles = {
  readonly serving: Pair;
  readonly authority: Authority;
  readonly tokenKey: string;
  readonly controllers: boolean;
};

export function apiServerArgs(port: number, etcdPort: number, files: ApiServerFiles): Args {
  const { serving, authority, tokenKey, controllers } = files;
  return [
    ...["--etcd-servers", `http://127.0.0.1:${etcdPort}`],
    ...["--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", String(port)],
    ...["--tls-cert-file", serving.certificatePath, "--tls-private-key-file", serving.keyPath],
    ...["--client-ca-file", authority.certificatePath],
    ...["--service-account-issuer", "https://kubernetes.default.svc"],
    ...["--service-account-key-file", tokenKey, "--service-account-signing-key-file", tokenKey],
    ...["--service-cluster-ip-range", "10.0.0.0/24", "--endpoint-reconciler-type", "none"],
    ...["--authorization-mode", "RBAC", "--allow-privileged=true"],
    // A pod needs its namespace's account, which a controller makes.
    ...(controllers ? [] : ["--disable-admission-plugins", "ServiceAccount"]),
  ];
}

export function controllerArgs(kubeconfig: string, tokenKey: string, authorityPath: string): Args {
  return [
    ...["--kubeconfig", kubeconfig, "--leader-elect=false", "--secure-port=0"],
    ...["--service-account-private-key-file", tokenKey, "--root-ca-file", authorityPath],
  ];
}

export function schedulerArgs(kubeconfig: string): Args {
  return ["--kubeconfig", kubeconfig, "--leader-elect=false", "--secure-port=0"];
}

const STAGES = join(dirname(fileURLToPath(import.meta.url)), "stages");

/** kwok with the stages next to this file, in the order of their names, and then those of the test. */
export async function kwokArgs(folder: string, kubeconfig: string, stages: readonly string[]): Promise<Args> {
  const own = join(folder, "stages");
  await mkdir(own);
  const names = (await readdir(STAGES)).sort();
  await Promise.all(names.map((name) => copyFile(join(STAGES, name), join(own, name))));
  const more = stages.map((text, index) => ({ path: join(own, `of-the-test-${index}.yaml`), text }));
  await Promise.all(more.map(({ path, text }) => writeFile(path, text)));
  const paths = [...names.map((name) => join(own, name)), ...more.map(({ path }) => path)];
  return [
    ...["--kubeconfig", kubeconfig, "--manage-all-nodes=true", "--node-lease-duration-seconds=40"],
    ...paths.flatMap((path) => ["--config", path]),
  ];
}
