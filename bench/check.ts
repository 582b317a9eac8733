/**
 * `node bench/check.ts [RUNS]`: repull check, without a network, over two trees: 5,000 files of which 400 are Dockerfiles and 600
 * manifests, and 5,000 manifests. In addition hadolint over the same Dockerfiles, where it is installed.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const COMMAND = join(ROOT, "dist/cli/repull.mjs");
const [runs = 5] = process.argv.slice(2).map(Number);
const base = mkdtempSync(join(tmpdir(), "repull-bench-check-"));

function dockerfile(at: number): string {
  const stages = `ARG NODE=20.${at % 10}\nFROM node:$NODE AS build\nWORKDIR /app\nRUN --mount=type=cache,target=/npm npm ci\nCOPY . .\nRUN npm run build && \\\n    npm prune\n`;
  return `# syntax=docker/dockerfile:1\n${stages}FROM nginx:1.27-alpine\nCOPY --from=build /app/dist /web\nCOPY --from=busybox:1 /bin/sh /bin/sh\n`;
}

function manifest(at: number): string {
  const labels = "  labels:\n    app: web\n";
  const pod = `    spec:\n      containers:\n        - name: web\n          image: nginx:1.${at % 50} # why\n          ports:\n            - containerPort: 80\n          env:\n            - name: A\n              value: b\n          resources:\n            limits: {cpu: 500m, memory: 128Mi}\n      initContainers:\n        - name: first\n          image: busybox\n`;
  return `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web${at}\n${labels}spec:\n  replicas: 3\n  selector:\n    matchLabels:\n      app: web\n  template:\n    metadata:\n      labels:\n        app: web\n${pod}`;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The median and the least of several runs. */
function measure(what: string, args: readonly string[], command = process.execPath): void {
  const all = Array.from({ length: runs }, () => {
    const began = performance.now();
    const { status } = spawnSync(command, args, {
      cwd: base,
      maxBuffer: 1e9,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const wall = (performance.now() - began) / 1000;
    return { wall, status };
  });
  const median = (values: readonly number[]): number =>
    values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
  const [wall, least] = [median(all.map((one) => one.wall)), Math.min(...all.map((one) => one.wall))];
  console.log(`${what}: ${wall.toFixed(2)} s (least ${least.toFixed(2)}), status ${all[0]?.status}`);
}

for (let at = 0; at < 5000; at++) {
  const folder = join(base, "mixed", `d${at % 100}`);
  if (at < 400) write(join(folder, `x${at}`, "Dockerfile"), dockerfile(at));
  else if (at < 1000) write(join(folder, `k${at}.yaml`), manifest(at));
  else
    write(
      join(folder, `f${at}.${["ts", "md", "json", "yaml"][at % 4]}`),
      at % 4 === 2 ? '{"a": 1}' : "a: b\n",
    );
  write(join(base, "manifests", `d${at % 100}`, `k${at}.yaml`), manifest(at));
}
try {
  measure("5,000 files, 400 Dockerfiles and 600 manifests", [
    COMMAND,
    "check",
    "--offline",
    "--json",
    "mixed",
  ]);
  measure("5,000 manifests", [COMMAND, "check", "--offline", "--json", "manifests"]);
  const hadolint = process.env.PATH?.split(":")
    .map((folder) => join(folder, "hadolint"))
    .find((path) => existsSync(path));
  if (hadolint === undefined) console.log("400 Dockerfiles by hadolint: it is not installed");
  else {
    const files = Array.from({ length: 400 }, (_, at) =>
      join("mixed", `d${at % 100}`, `x${at}`, "Dockerfile"),
    );
    measure("400 Dockerfiles by hadolint", files, hadolint);
    measure("the same by repull check", [COMMAND, "check", "--offline", "--json", ...files]);
  }
} finally {
  rmSync(base, { recursive: true });
}
