/**
 * `npm run rehearsal`: a real control plane with two nodes that meet Docker Hub's limit, and registries for Repull to ask, until
 * Ctrl-C. `docs/kubernetes-rehearsal.md` leads through it; kwok plays the nodes, so that nothing of a container ever runs.
 */

import { spawn } from "node:child_process";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startControlPlane } from "../test/support/kube/control-plane.ts";
import { addNodes } from "../test/support/kube/nodes.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const folder = process.env.REPULL_REHEARSAL ?? join(root, ".cache/rehearsal");
const main = join(root, "src/cli/main.ts");

const sandbox = spawn(
  process.execPath,
  [main, "sandbox", "serve", "--world", join(root, "events/worlds/kubernetes.json"), "--json"],
  { stdio: ["ignore", "pipe", "inherit"] },
);
console.log("Starting a control plane and two nodes: some seconds, and on a busy machine a minute and more.");
const plane = await startControlPlane({ controllers: true, kwok: true }).catch((error: unknown) => {
  sandbox.kill("SIGTERM");
  console.error(`rehearsal: ${error instanceof Error ? error.message.trim() : error}`);
  return process.exit(1);
});
await addNodes(plane, ["node-1", "node-2"]);
let endpoints = "";
for await (const line of createInterface({ input: sandbox.stdout })) {
  endpoints =
    (JSON.parse(line) as { environment: Record<string, string> }).environment.REPULL_REGISTRY_ENDPOINTS ?? "";
  break;
}
await mkdir(join(folder, "bin"), { recursive: true });
const repull = join(folder, "bin/repull");
await writeFile(repull, `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
await chmod(repull, 0o755);
const env = join(folder, "env");
await writeFile(
  env,
  [
    `export KUBECONFIG='${plane.kubeconfig}'`,
    `export REPULL_REGISTRY_ENDPOINTS='${endpoints}'`,
    `export PATH='${join(folder, "bin")}:${join(root, ".cache/kube/bin")}':"$PATH"`,
    "",
  ].join("\n"),
);
console.log(`Ready until Ctrl-C. In another terminal: . ${env.replace(root, "")}`);

await new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
});
sandbox.kill("SIGTERM");
await plane.stop();
await rm(folder, { recursive: true, force: true });
process.exit(0);
